import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { forged } from '../support/forger.ts'
import { fromOurPage } from '../support/gateway.ts'
import { openForgedGateway } from '../support/present.ts'

// Without an Admin API any organisation name that is signed is served, the strangest too.
const gateway = await openForgedGateway({ ADMIN_API_URL: '', ACCESS_TOKEN_URL: '' })

type Person = readonly [org: string, sub: string]

/** Two different people whose names, put together carelessly, spell the same. Keys of any names: `test/properties/`. */
const pairs = [
  [
    ['a#b', 'c'],
    ['a', 'b#c'],
  ],
  [
    ['o%23p', 'q'],
    ['o#p', 'q'],
  ],
  [
    ['a","b', 'c'],
    ['a', 'b","c'],
  ],
  [
    ['d', 'e'],
    ['D', 'e'],
  ],
  [
    ['d', 'f'],
    ['d', ' f'],
  ],
  [
    ['g', 'h'],
    ['h', 'g'],
  ],
  [
    ['ij', 'k'],
    ['i', 'jk'],
  ],
  [
    ['l', '\u00e9'],
    ['l', 'e\u0301'],
  ],
  [
    ['m', '__proto__'],
    ['m', 'constructor'],
  ],
  [
    ['SUBJECT', 'x'],
    ['ORG', 'x'],
  ],
] as const satisfies readonly (readonly [Person, Person])[]

const tokenOf = ([org, sub]: Person, more: object = {}): string =>
  forged({
    claims: { org, sub, ntt: 'access_token', permissions: { units: { north: [], south: [] } }, ...more },
  })

const preferred = async (bearer: string): Promise<unknown> =>
  JSON.parse((await gateway.call('units', { bearer })).body ?? '').preferred
const prefer = (bearer: string, unit: string | null) =>
  gateway.call('unit', {
    bearer,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ unit }),
  })

const statusOf = async (bearer: string): Promise<number> =>
  (await gateway.call('token-is-set', { bearer })).statusCode

describe('Two people', () => {
  it('share no preference', async () => {
    for (const [one, other] of pairs) {
      const [a, b] = [tokenOf(one), tokenOf(other)]
      const both = `${JSON.stringify(one)} and ${JSON.stringify(other)}`
      equal((await prefer(a, 'north')).statusCode, 200)
      deepEqual({ a: await preferred(a), b: await preferred(b) }, { a: 'north', b: null }, both)
      equal((await prefer(b, 'south')).statusCode, 200)
      deepEqual({ a: await preferred(a), b: await preferred(b) }, { a: 'north', b: 'south' }, both)
    }
  })

  it('share no session, with the same jti or without one', async () => {
    for (const more of [{ jti: 'one for two' }, { jti: undefined, other: 1 }])
      for (const [one, other] of pairs) {
        const [a, b] = [tokenOf(one, more), tokenOf(other, more)]
        await gateway.call('logout', { bearer: a, headers: fromOurPage })
        const both = `${JSON.stringify(one)} and ${JSON.stringify(other)}`
        deepEqual({ a: await statusOf(a), b: await statusOf(b) }, { a: 401, b: 200 }, both)
      }
  })

  it('or one with two sessions: one ends and the other stays', async () => {
    for (const [what, one, other] of [
      ['two jti', { jti: 'a' }, { jti: 'b' }],
      ['jti in another case', { jti: 'case' }, { jti: 'CASE' }],
      ['jti, the one a number', { jti: 7 }, { jti: '7' }],
      ['an empty jti and other claims', { jti: '', other: 1 }, { jti: '', other: 2 }],
      ['a jti that is the other payload', { jti: 'x' }, { jti: undefined }],
    ] as const) {
      const sub = `two sessions, ${what}`
      const [a, b] = [forged({ claims: { ...one, sub } }), forged({ claims: { ...other, sub } })]
      await gateway.call('logout', { bearer: a })
      deepEqual({ a: await statusOf(a), b: await statusOf(b) }, { a: 401, b: 200 }, what)
    }
  })

  it('are told apart by organisation and subject, never by name or e-mail', async () => {
    const more = { email: 'same@example.test', name: 'Same', userinfo: { email: 'same@example.test' } }
    const [a, b] = [tokenOf(['n', 'first'], more), tokenOf(['n', 'second'], more)]
    await prefer(a, 'north')
    equal(await preferred(b), null)
    equal(await preferred(tokenOf(['n', 'first'], { userinfo: { email: 'new@example.test' } })), 'north')
  })
})
