import { deepEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { forged } from '../support/forger.ts'
import { browser, set } from '../support/gateway.ts'
import { openForgedGateway } from '../support/present.ts'

const gateway = await openForgedGateway()
const listed = { whitelistCallbackUrls: '["second.example.test"]' }
await gateway.control({ do: 'organisation', org: 'second', set: listed })
await gateway.refresh()

const [demo, second] = ['https://app.example.test/', 'https://second.example.test/']
const people = [
  { org: 'demo', groups: ['north-desk'], units: ['north'], home: demo },
  { org: 'demo', groups: ['chiefs'], units: ['north', 'south', 'west'], home: demo },
  { org: 'second', groups: ['east-desk'], units: ['east'], home: second },
  { org: 'second', groups: ['north-desk', 'chiefs'], units: [], home: second },
].map((person, number) => {
  const { org, groups } = person
  return {
    ...person,
    home: person.home + number,
    raw: forged({ claims: { org, groups, sub: `p${number}` } }),
  }
})
const everybody = [people, people, people, people].flat()

describe('Concurrent requests to one function instance', () => {
  it('get the units of their own person and organisation', async () => {
    const seen = everybody.map(async ({ raw }) => {
      const { body = '' } = await gateway.call('units', { bearer: raw })
      return JSON.parse(body).units.map(({ name }: { name: string }) => name)
    })
    deepEqual(
      await Promise.all(seen),
      everybody.map(({ units }) => units),
    )
  })

  it('get the session cookie and the redirect of their own login', async () => {
    const ends = everybody.map(async ({ org, home, raw }) => {
      const person = browser()
      const query = `${await gateway.begin(person, home, org)}&imid_token=${raw}`
      const answer = await gateway.call('callback', { query, cookies: person.pairs() })
      return [answer.headers.location, set(answer)[0]?.value]
    })
    deepEqual(
      await Promise.all(ends),
      everybody.map(({ home, raw }) => [home, raw]),
    )
  })
})
