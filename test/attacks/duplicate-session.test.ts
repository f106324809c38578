import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asProblem, browser, cleared, codeOf, fromOurPage, navigation, set } from '../support/gateway.ts'
import { forged } from './forger.ts'
import { openForgedGateway } from './present.ts'

const gateway = await openForgedGateway()
const mine = forged({ claims: { jti: 'mine' } })
const planted = forged({ claims: { jti: 'planted', sub: 'attacker' } })

const doubles: readonly (readonly [what: string, cookies: readonly string[]])[] = [
  ['two good ones', [`imidToken=${mine}`, `imidToken=${planted}`]],
  ['two good ones the other way round', [`imidToken=${planted}`, `imidToken=${mine}`]],
  ['the same one twice', [`imidToken=${mine}`, `imidToken=${mine}`]],
  ['an empty one first', ['imidToken=', `imidToken=${mine}`]],
  ['an empty one last', [`imidToken=${mine}`, 'imidToken=']],
  ['a broken one first', ['imidToken=a.b.c', `imidToken=${mine}`]],
  ['three', [`imidToken=${mine}`, 'imidToken=x', `imidToken=${mine}`]],
  ['one far behind the other', [`imidToken=${mine}`, 'a=1', 'b=2', `imidToken=${planted}`]],
  ['both in one header', [`imidToken=${mine}; imidToken=${planted}`]],
]
const variants = ['imidToken', 'imidToken', 'imidToken']

describe('A session cookie that is there twice', () => {
  for (const [what, cookies] of doubles)
    it(`signs nobody in, and both variants go: ${what}`, async () => {
      gateway.front.reset()
      for (const [route, status] of [
        ['token-is-set', 401],
        ['units', 403],
        ['unit', 403],
      ] as const) {
        const answer = await gateway.call(route, {
          cookies,
          headers: { ...asProblem, ...fromOurPage, 'content-type': 'application/json' },
          body: '{"unit":null}',
        })
        deepEqual(
          [answer.statusCode, codeOf(answer), set(answer), answer.headers['cache-control']],
          [status, 'token_duplicate', [], 'no-store'],
        )
        deepEqual(answer.cookies, [
          'imidToken=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax',
          'imidToken=; Max-Age=0; Path=/; Domain=gw.example.test; HttpOnly; Secure; SameSite=Lax',
          'imidToken=; Max-Age=0; Path=/; Domain=example.test; HttpOnly; Secure; SameSite=Lax',
        ])
      }
      // Neither is good enough to be looked up.
      deepEqual(gateway.front.calls, { read: 0, write: 0 })
    })

  it('carries no stranger on from a callback that is reloaded', async () => {
    const answer = await gateway.call('callback', {
      query: `serviceCallback=https%3A%2F%2Fapp.example.test%2F&imid_token=${mine}`,
      cookies: [`imidToken=${mine}`, `imidToken=${planted}`],
      headers: { ...asProblem, ...navigation },
    })
    deepEqual(
      [answer.statusCode, codeOf(answer), answer.headers.location],
      [403, 'login_not_from_this_browser', undefined],
    )
    deepEqual([set(answer), cleared(answer)], [[], variants])
  })

  it('does not stop a login, which replaces what can be replaced', async () => {
    const person = browser()
    const query = await gateway.begin(person)
    const answer = await gateway.call('callback', {
      query: `${query}&imid_token=${mine}`,
      cookies: [...person.pairs(), 'imidToken=x', 'imidToken=y'],
    })
    equal(answer.statusCode, 302)
    equal(set(answer)[0]?.value, mine)
  })

  it('is ended whole by a logout: each one that is signed, and no other', async () => {
    gateway.front.reset()
    const answer = await gateway.call('logout', {
      cookies: [`imidToken=${planted}`, 'imidToken=a.b.c', `imidToken=${mine}`],
      headers: fromOurPage,
    })
    deepEqual([answer.statusCode, cleared(answer), gateway.front.calls.write], [200, variants, 2])
    for (const bearer of [mine, planted])
      equal((await gateway.call('token-is-set', { bearer })).statusCode, 401)
  })
})
