import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { forged } from '../support/forger.ts'
import { browser, set } from '../support/gateway.ts'
import { openForgedGateway } from '../support/present.ts'

const gateway = await openForgedGateway()
await gateway.control({
  do: 'organisation',
  org: 'second',
  set: { whitelistCallbackUrls: '["second.example.test"]' },
})
await gateway.refresh()

type Person = { org: string; groups: string[]; units: string[]; home: string }
const people: readonly Person[] = [
  { org: 'demo', groups: ['north-desk'], units: ['north'], home: 'https://app.example.test/' },
  { org: 'demo', groups: ['chiefs'], units: ['north', 'south', 'west'], home: 'https://app.example.test/' },
  { org: 'demo', groups: ['east-desk'], units: [], home: 'https://app.example.test/' },
  { org: 'second', groups: ['east-desk'], units: ['east'], home: 'https://second.example.test/' },
  { org: 'second', groups: ['north-desk', 'chiefs'], units: [], home: 'https://second.example.test/' },
]
const tokenOf = ({ org, groups }: Person, number: number): string =>
  forged({ claims: { org, groups, sub: `person ${number}`, jti: `crossed ${number}` } })

/** All at once, in one instance. */
const mapConcurrently = async (work: (person: Person, number: number) => Promise<void>): Promise<void> => {
  await Promise.all(
    Array.from({ length: 20 }, (_, number) => {
      const person = people[number % people.length]
      if (person === undefined) throw new TypeError('nobody')
      return work(person, number)
    }),
  )
}

describe('Twenty requests at once in one instance', () => {
  it('see the units of their own person and organisation', () =>
    mapConcurrently(async (person, number) => {
      const answer = await gateway.call('units', { bearer: tokenOf(person, number) })
      deepEqual(
        JSON.parse(answer.body ?? '').units.map(({ name }: { name: string }) => name),
        person.units,
      )
    }))

  it('keep the preference of their own person', async () => {
    const wanted = ({ units }: Person, number: number): string | null =>
      units[number % (units.length || 1)] ?? null
    await mapConcurrently(async (person, number) => {
      const { statusCode } = await gateway.call('unit', {
        bearer: tokenOf(person, number),
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ unit: wanted(person, number) }),
      })
      equal(statusCode, 200)
    })
    await mapConcurrently(async (person, number) => {
      const answer = await gateway.call('units', { bearer: tokenOf(person, number) })
      equal(JSON.parse(answer.body ?? '').preferred, wanted(person, number))
    })
  })

  it('end with the token and at the address of their own login', () =>
    mapConcurrently(async (person, number) => {
      const browsing = browser()
      const raw = tokenOf(person, number)
      const there = `${person.home}${number}`
      const query = await gateway.begin(browsing, there, person.org)
      const answer = await gateway.call('callback', {
        query: `${query}&imid_token=${raw}`,
        cookies: browsing.pairs(),
      })
      deepEqual([answer.headers.location, set(answer)[0]?.value], [there, raw])
    }))

  it('are refused and let through each by itself', () =>
    mapConcurrently(async (person, number) => {
      const raw = tokenOf(person, number)
      const bearer = number % 2 === 0 ? raw : `${raw.slice(0, -9)}AAAAAAAAA`
      equal((await gateway.call('token-is-set', { bearer })).statusCode, number % 2 === 0 ? 200 : 401)
    }))

  it('follow the settings of their own instance', async () => {
    const strict = await gateway.open('token-is-set', gateway.instance({ MAX_TOKEN_AGE: '60' }))
    const other = await gateway.open('token-is-set', gateway.instance({ TOKEN_ISSUER: 'https://other.test' }))
    await mapConcurrently(async (person, number) => {
      const bearer = tokenOf(person, number)
      const statuses = await Promise.all(
        [strict, other, (request: { bearer: string }) => gateway.call('token-is-set', request)].map(
          async (poll) => (await poll({ bearer })).statusCode,
        ),
      )
      deepEqual(statuses, [401, 401, 200])
    })
  })
})
