import { deepEqual, equal, ok } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { jar } from '../../lib/http/cookies.ts'
import { crumb, fromOurPage, openGateway } from '../support/gateway.ts'
import { refused, standing } from '../support/refused.ts'
import vectors from '../vectors/cookies.json' with { type: 'json' }

const gateway = await openGateway()
const still = standing(gateway)
const { token, instance } = gateway
let mine = ''
let theirs = ''
let foreign = ''
before(async () => {
  mine = await token()
  theirs = await token({ jti: 'planted' })
  foreign = await token({ jti: 'planted' }, { user: 'guest' })
})

const filled = (text: string): string =>
  text.replaceAll('{token}', mine).replace('{rest}', mine.slice(1)).replace('{9000}', 'x'.repeat(9000))

/** Both state changes and both questions, with these cookies. */
const nobody = async (
  cookies: readonly string[],
  code: 'token_duplicate' | 'token_missing' | 'token_malformed',
) => {
  const answers = []
  for (const [name, more] of [
    ['token-is-set', {}],
    ['units', {}],
    ['unit', { body: '{"unit":"north"}', headers: { ...fromOurPage, 'content-type': 'application/json' } }],
  ] as const)
    answers.push(
      await refused(gateway, name, {
        request: { ...more, cookies },
        codes: [code],
        token: mine,
        call: (sent) => still.call(name, sent),
      }),
    )
  return answers
}

/** Every variant that could have reached this host, gone. */
const bothVariants = ['', 'Domain=gw.example.test', 'Domain=example.test']

describe('a session cookie that somebody else planted beside ours', () => {
  const pairs = (): readonly (readonly [what: string, values: readonly string[]])[] => [
    ['another person behind', [mine, foreign]],
    ['another person before', [foreign, mine]],
    ['another session', [theirs, mine]],
    ['the same value', [mine, mine]],
    ['an empty value behind', [mine, '']],
    ['an empty value before', ['', mine]],
    ['rubbish behind', [mine, 'x']],
    ['rubbish before', ['x', mine]],
    ['three of them', [mine, theirs, foreign]],
    ['two that are both rubbish', ['x', 'y']],
  ]
  for (const index of pairs().keys())
    for (const joined of [false, true])
      it(`signs nobody in, and both are taken away: ${pairs()[index]?.[0]}${joined ? ', in one header' : ''}`, async () => {
        const values = (pairs()[index]?.[1] ?? []).map((value) => `imidToken=${value}`)
        const between = ['a=1', ...values.flatMap((value) => [value, 'b=2'])]
        for (const answer of await nobody(joined ? [between.join('; ')] : between, 'token_duplicate')) {
          deepEqual(
            answer.cookies
              ?.map(crumb)
              .map(({ name, value, attributes }) => [
                name,
                value,
                attributes[0],
                attributes.find((attribute) => attribute.startsWith('Domain=')) ?? '',
              ]),
            bothVariants.map((domain) => ['imidToken', '', 'Max-Age=0', domain]),
          )
        }
      })

  it('ends every session of ours that a logout presents, and sends nobody to where one of them may go', async () => {
    const [one, two] = [await token({ jti: 'one of two' }), await token({}, { user: 'guest' })]
    const cookies = [`imidToken=${one}`, `imidToken=${two}`]
    const query = 'callback=https%3A%2F%2Fapp.example.test%2F'
    await refused(gateway, 'logout', {
      request: { cookies, query, headers: fromOurPage },
      codes: ['return_url_not_allowed'],
      token: one,
      mayWrite: true,
    })
    for (const raw of [one, two]) equal((await gateway.call('token-is-set', { bearer: raw })).statusCode, 401)
  })
})

describe('a cookie whose name only looks like ours', () => {
  for (const pair of vectors['not ours'])
    it(`is not ours: ${JSON.stringify(pair)}`, async () => {
      await nobody([filled(pair)], 'token_missing')
      const beside = await still.call('token-is-set', { cookies: [filled(pair), `imidToken=${mine}`] })
      equal(beside.statusCode, 200)
    })

  it('is not ours for the space in front of the first one', () =>
    nobody([` imidToken=${mine}`], 'token_missing').then(() => {}))
  it('is not ours for a second space after the semicolon', async () => {
    await nobody([`a=1;  imidToken=${mine}`], 'token_missing')
    equal((await still.call('token-is-set', { cookies: [`a=1; imidToken=${mine}`] })).statusCode, 200)
    equal((await still.call('token-is-set', { cookies: [`a=1;imidToken=${mine}`] })).statusCode, 200)
  })
})

describe('a value of our cookie that is no token', () => {
  for (const value of vectors['not a token'])
    it(`is neither trimmed, unquoted nor decoded: ${JSON.stringify(value)}`, async () => {
      await nobody([`imidToken=${filled(value)}`], 'token_malformed')
    })
})

describe('a session cookie of a name that only its own host can set', () => {
  const hosted = { COOKIE_NAME: '__Host-sid' }

  for (const name of [
    '__host-sid',
    '__HOST-sid',
    '__Host-SID',
    '\u2000__Host-sid',
    '\t__Host-sid',
    '__Host-sid ',
    '__Host%2Dsid',
  ])
    it(`is not read as ${JSON.stringify(name)}`, async () => {
      const call = await gateway.open('token-is-set', instance(hosted))
      equal((await call({ cookies: [`${name}=${mine}`] })).statusCode, 401)
      equal((await call({ cookies: [`${name}=${theirs}`, `__Host-sid=${mine}`] })).statusCode, 200)
    })

  it('is taken away in the one variant that there is', async () => {
    const call = await gateway.open('token-is-set', instance(hosted))
    const answer = await call({ cookies: [`__Host-sid=${mine}`, `__Host-sid=${theirs}`] })
    deepEqual(answer.cookies, ['__Host-sid=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax'])
  })
})

describe('the domains in which a planted cookie is looked for', () => {
  for (const [publicUrl, domains] of [
    ['https://gw.example.test', ['gw.example.test', 'example.test']],
    [
      'https://a.b.c.example.test',
      ['a.b.c.example.test', 'b.c.example.test', 'c.example.test', 'example.test'],
    ],
    ['https://example.test', ['example.test']],
    ['http://localhost:3000', []],
    ['http://127.0.0.1:3000', []],
    ['http://[::1]:3000', []],
  ] as const)
    it(`are the parents of ${publicUrl}, and no top-level domain`, () => {
      const { config } = instance({ PUBLIC_URL: publicUrl })
      const found = jar(config)
        .noSession()
        .flatMap((text) => /Domain=([^;]+)/.exec(text)?.[1] ?? [])
      deepEqual(found, domains)
    })
})

describe('what cookies can do to an answer', () => {
  it('is nothing: no value of a request stands in a Set-Cookie', async () => {
    const canary = 'canary; Domain=evil.test'
    const cookies = [
      `imidToken=${canary}`,
      `__Host-imsg-login-${canary}=${canary}`,
      `__Host-imsg-login-12345678=${canary}`,
      `__Host-imsg-rounds=${canary}`,
      `__Host-imsg-rounds=zz!12345678.${canary}`,
    ]
    for (const [name, request] of [
      ['login', { query: 'org=demo&callback=/' }],
      ['token-is-set', {}],
      ['logout', { headers: fromOurPage }],
    ] as const) {
      const answer = await still.call(name, { ...request, cookies })
      ok(!JSON.stringify(answer).includes('canary'))
      ok(!JSON.stringify(answer).includes('evil'))
    }
  })
})
