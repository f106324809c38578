import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { each } from '../support/each.ts'
import { forged } from '../support/forger.ts'
import { openForgedGateway } from '../support/present.ts'

// Without an Admin API any organisation name that is signed is served, the strangest too.
const gateway = await openForgedGateway({ ADMIN_API_URL: '', ACCESS_TOKEN_URL: '' })

type Person = readonly [org: string, sub: string]

const tokenOf = ([org, sub]: Person, more: object = {}): string =>
  forged({
    claims: { org, sub, ntt: 'access_token', permissions: { units: { north: [], south: [] } }, ...more },
  })
const preferred = async (bearer: string): Promise<unknown> =>
  JSON.parse((await gateway.call('units', { bearer })).body ?? '').preferred
const prefer = (bearer: string, unit: string) =>
  gateway.call('unit', {
    bearer,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ unit }),
  })
const statusOf = async (bearer: string): Promise<number> =>
  (await gateway.call('token-is-set', { bearer })).statusCode
/** The first session ends and the other stays. */
const oneEnds = async (one: string, other: string): Promise<void> => {
  await gateway.call('logout', { bearer: one })
  deepEqual([await statusOf(one), await statusOf(other)], [401, 200])
}

describe('Two people', () => {
  // Their names, put together carelessly, spell the same. Keys of any names: `test/properties/`.
  each<readonly [Person, Person]>('share no preference and no session, with the same jti or without one', [
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
      ['l', '\u00e9'],
      ['l', 'e\u0301'],
    ],
    [
      ['m', '__proto__'],
      ['m', 'constructor'],
    ],
  ])(async ([one, other]) => {
    const [a, b] = [tokenOf(one), tokenOf(other)]
    equal((await prefer(a, 'north')).statusCode, 200)
    deepEqual([await preferred(a), await preferred(b)], ['north', null])
    equal((await prefer(b, 'south')).statusCode, 200)
    deepEqual([await preferred(a), await preferred(b)], ['north', 'south'])
    for (const more of [{ jti: 'one for two' }, { jti: undefined, other: 1 }])
      await oneEnds(tokenOf(one, more), tokenOf(other, more))
  })

  each('or one with two sessions: one ends and the other stays', [
    [{ jti: 'a' }, { jti: 'b' }],
    [{ jti: 'case' }, { jti: 'CASE' }],
    [{ jti: 7 }, { jti: '7' }],
    [
      { jti: '', other: 1 },
      { jti: '', other: 2 },
    ],
    [{ jti: 'x' }, { jti: undefined }],
  ])(([one, other]) => oneEnds(forged({ claims: one }), forged({ claims: other })))

  it('are told apart by organisation and subject, never by name or e-mail', async () => {
    const more = { email: 'same@example.test', name: 'Same', userinfo: { email: 'same@example.test' } }
    await prefer(tokenOf(['n', 'first'], more), 'north')
    equal(await preferred(tokenOf(['n', 'second'], more)), null)
    equal(await preferred(tokenOf(['n', 'first'], { userinfo: { email: 'new@example.test' } })), 'north')
  })
})
