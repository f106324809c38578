import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { forged } from '../support/forger.ts'
import { fromOurPage } from '../support/gateway.ts'
import { openForgedGateway } from '../support/present.ts'

// Without an Admin API any organisation name that is signed is served, the strangest too.
const gateway = await openForgedGateway({ ADMIN_API_URL: '', ACCESS_TOKEN_URL: '' })

type Person = readonly [org: string, sub: string]

/** Two different people whose names, put together carelessly, spell the same. */
const pairs: readonly (readonly [Person, Person])[] = [
  [
    ['a#b', 'c'],
    ['a', 'b#c'],
  ],
  [
    ['a%23b', 'c'],
    ['a#b', 'c'],
  ],
  [
    ['a', 'b'],
    ['a#', 'b'],
  ],
  [
    ['a', 'b'],
    ['a', '#b'],
  ],
  [
    ['a/b', 'c'],
    ['a', 'b/c'],
  ],
  [
    ['a","b', 'c'],
    ['a', 'b","c'],
  ],
  [
    ['a\\', 'b'],
    ['a', '\\b'],
  ],
  [
    ['a', 'b'],
    ['A', 'b'],
  ],
  [
    ['a', 'b'],
    ['a', 'B'],
  ],
  [
    ['a', 'b'],
    ['a ', 'b'],
  ],
  [
    ['a', 'b'],
    ['a', ' b'],
  ],
  [
    ['a', 'b'],
    ['b', 'a'],
  ],
  [
    ['ab', 'c'],
    ['a', 'bc'],
  ],
  [
    ['a', '\u00e9'],
    ['a', 'e\u0301'],
  ],
  [
    ['a', 'b'],
    ['a', '\uff42'],
  ],
  [
    ['a', 'b'],
    ['\u0430', 'b'],
  ],
  [
    ['a', 'b'],
    ['a', 'b\u200b'],
  ],
  [
    ['a', '__proto__'],
    ['a', 'constructor'],
  ],
  [
    ['SUBJECT', 'x'],
    ['ORG', 'x'],
  ],
  [
    ['a', 'b@example.test'],
    ['a', 'B@example.test'],
  ],
]

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

describe('Two people', () => {
  for (const [one, other] of pairs) {
    const both = `${JSON.stringify(one)} and ${JSON.stringify(other)}`
    it(`share no preference: ${both}`, async () => {
      const [a, b] = [tokenOf(one), tokenOf(other)]
      for (const bearer of [a, b]) await prefer(bearer, null)
      equal((await prefer(a, 'north')).statusCode, 200)
      deepEqual([await preferred(a), await preferred(b)], ['north', null])
      equal((await prefer(b, 'south')).statusCode, 200)
      deepEqual([await preferred(a), await preferred(b)], ['north', 'south'])
    })

    for (const [what, more] of [
      ['of the same jti', { jti: `one for two ${both}` }],
      ['without a jti', { jti: undefined, other: both }],
    ] as const)
      it(`share no session ${what}: ${both}`, async () => {
        const [a, b] = [tokenOf(one, more), tokenOf(other, more)]
        await gateway.call('logout', { bearer: a, headers: fromOurPage })
        equal((await gateway.call('token-is-set', { bearer: a })).statusCode, 401)
        equal((await gateway.call('token-is-set', { bearer: b })).statusCode, 200)
      })
  }

  for (const [what, one, other] of [
    ['two jti', { jti: 'a' }, { jti: 'b' }],
    ['jti in another case', { jti: 'case' }, { jti: 'CASE' }],
    ['jti, the one a number', { jti: 7 }, { jti: '7' }],
    ['an empty jti and other claims', { jti: '', other: 1 }, { jti: '', other: 2 }],
    ['a jti that is the other payload', { jti: 'x' }, { jti: undefined }],
  ] as const)
    it(`or one with two sessions: one ends and the other stays, told apart by ${what}`, async () => {
      const sub = `two sessions, ${what}`
      const [a, b] = [forged({ claims: { ...one, sub } }), forged({ claims: { ...other, sub } })]
      await gateway.call('logout', { bearer: a })
      equal((await gateway.call('token-is-set', { bearer: a })).statusCode, 401)
      equal((await gateway.call('token-is-set', { bearer: b })).statusCode, 200)
    })

  it('are told apart by organisation and subject, never by name or e-mail', async () => {
    const more = { email: 'same@example.test', name: 'Same', userinfo: { email: 'same@example.test' } }
    const [a, b] = [tokenOf(['a', 'first'], more), tokenOf(['a', 'second'], more)]
    await prefer(a, 'north')
    equal(await preferred(b), null)
    equal(await preferred(tokenOf(['a', 'first'], { userinfo: { email: 'new@example.test' } })), 'north')
  })
})
