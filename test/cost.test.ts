import { equal, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { costDocuments, poll } from '../bench/cost.ts'
import { millionPolls } from '../bench/cost-report.ts'
import { dollars } from '../bench/prices.ts'

const measured = await poll()

describe('a poll with a valid session', () => {
  it('costs at most $1.75 a million', () => ok(millionPolls(measured) <= 1.75, `$${millionPolls(measured)}`))

  it('writes only the access log, no log line of the function', () => {
    equal(measured.ownLogBytes, 0)
    ok(measured.accessLogBytes > 200)
  })

  for (const [file, text] of Object.entries(costDocuments(measured)))
    it(`costs what ${file} says`, () =>
      ok(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8') === text, 'run `npm run docs`'))
})

describe('a price', () => {
  it('falls with the amount, per pricing tier', () => {
    equal(dollars('httpApi', 1e6), 1)
    equal(dollars('httpApi', 400e6), 300 + 90)
  })
})
