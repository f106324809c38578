import { equal, notEqual } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { committed, measure, names, page, rendered } from './tables.ts'

/**
 * Every fault at every route. The contract is held while it is measured: nothing but the answer of all being well or 503 (health: 500)
 * with its documented body, no session set by a failed login, no session left by a logout that said so, all within five seconds.
 */
describe('what each route answers under each fault', { concurrency: true }, () => {
  for (const name of names)
    it(`of the ${name} service is what the contract says and docs/reliability.md shows`, async () => {
      const table = committed(name, readFileSync(page, 'utf8'))
      notEqual(table, '')
      equal(rendered(name, await measure[name]()), table, 'npm run faults')
    })
})
