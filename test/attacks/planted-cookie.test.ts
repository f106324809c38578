import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { jar } from '../../lib/http/cookies.ts'
import type { Answer } from '../../lib/http/messages.ts'
import { sealOf } from '../../lib/session/seal.ts'
import {
  asProblem,
  browser,
  cleared,
  codeOf,
  crumb,
  fromOurPage,
  navigation,
  openGateway,
  set,
} from '../support/gateway.ts'
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

const sealed = (person: { org: string; subject: string }): string => `__Host-imsg-seal=${sealOf(person)}`
const editor = { org: 'demo', subject: '' }

/** The slots that an answer clears, as `Domain Path`. */
const slots = (answer: Answer): string[] =>
  (answer.cookies ?? [])
    .map(crumb)
    .filter(({ name, value }) => name === 'imidToken' && value === '')
    .map(({ attributes }) => {
      const of = (name: string) =>
        attributes.find((text) => text.startsWith(`${name}=`))?.slice(name.length + 1)
      return `${of('Domain') ?? '-'} ${of('Path')}`
    })

const own = '- /'
const shared = 'example.test /imsg-service/v1'

describe('session cookies at a gateway that sealed the session', () => {
  /** The editor's claims decide the seal; `good` is the genuine session, `foreign` the planter's. */
  const poll = async (values: readonly string[], seal = sealed(editor)) =>
    still.call('token-is-set', {
      cookies: [...values.map((value) => `imidToken=${value}`), seal],
      headers: asProblem,
    })

  before(() => {
    editor.subject = JSON.parse(Buffer.from(mine.split('.')[1] ?? '', 'base64url').toString()).sub
  })

  it('count alone, and clear nothing, when there is one of the sealed person', async () => {
    const answer = await poll([mine])
    deepEqual([answer.statusCode, answer.cookies], [200, undefined])
  })

  for (const [what, values] of [
    ['another person behind', () => [mine, foreign]],
    ['another person before', () => [foreign, mine]],
    ['rubbish before', () => ['x', mine]],
    ['an empty value before', () => ['', mine]],
    ['the same value in another slot', () => [mine, mine]],
  ] as const)
    it(`keep the person signed in and clear every slot but the gateway's own: ${what}`, async () => {
      const answer = await poll(values())
      equal(answer.statusCode, 200)
      const cleared = slots(answer)
      ok(cleared.includes(shared) && !cleared.includes(own), cleared.join())
    })

  it('refuse another person alone, with a login to offer, and leave the own slot to them', async () => {
    const answer = await poll([foreign])
    const { code, login } = JSON.parse(answer.body ?? '{}')
    deepEqual([answer.statusCode, code], [401, 'session_of_another_person'])
    match(login, /\/org\/second\/login\?callback=/)
    ok(slots(answer).includes(shared) && !slots(answer).includes(own))
  })

  it('refuse everybody when the seal is empty, malformed or there twice', async () => {
    for (const seal of [
      '__Host-imsg-seal=',
      '__Host-imsg-seal=x',
      `${sealed(editor)}; ${sealed({ org: 'demo', subject: 'x' })}`,
    ])
      equal(codeOf(await poll([mine], seal)), 'session_of_another_person')
  })

  it('count by the latest iat among those of the person that verify and were not ended', async () => {
    const { call, now } = gateway
    const at = (jti: string, ago: number) => token({ jti, iat: now() - ago })
    const [old, recent, latest] = [await at('old', 50), await at('recent', 30), await at('latest', 10)]
    const forged = `${latest.split('.').slice(0, 2).join('.')}.${recent.split('.')[2]}`
    const cookies = [old, forged, latest, recent].map((raw) => `imidToken=${raw}`)
    const ask = () => call('token-is-set', { cookies: [...cookies, sealed(editor)], headers: asProblem })
    equal((await ask()).statusCode, 200)
    for (const raw of [latest, recent]) await call('logout', { bearer: raw })
    equal((await ask()).statusCode, 200, 'the old one is still good')
    await call('logout', { bearer: old })
    deepEqual(codeOf(await ask()), 'token_revoked')
  })

  it('ask for no keys when one of several names an unknown key', async () => {
    const [header, payload, signature] = (await token()).split('.')
    const kid = { ...JSON.parse(Buffer.from(header ?? '', 'base64url').toString()), kid: 'unknown' }
    const unknown = [Buffer.from(JSON.stringify(kid)).toString('base64url'), payload, signature].join('.')
    gateway.asked.times = 0
    equal((await poll([unknown, mine])).statusCode, 200)
    equal(gateway.asked.times, 0)
  })

  it('are judged by the older rule when SESSION_SEAL is off', async () => {
    const unsealed = await gateway.open('token-is-set', instance({ SESSION_SEAL: 'off' }))
    const answer = await unsealed({ cookies: [`imidToken=${foreign}`, sealed(editor)] })
    equal(answer.statusCode, 200)
  })

  it('do not matter to a bearer', async () => {
    const answer = await still.call('token-is-set', { bearer: foreign, cookies: [sealed(editor)] })
    equal(answer.statusCode, 200)
  })
})

describe('session cookies without a seal', () => {
  for (const [what, values] of [
    ['of two people', () => [mine, foreign]],
    ['of two sessions', () => [theirs, mine]],
    ['of which one is rubbish', () => ['x', mine]],
    ['of which one is empty', () => [mine, '']],
  ] as const)
    it(`sign nobody in and are cleared in every slot: ${what}`, async () => {
      for (const answer of await nobody(
        values().map((value) => `imidToken=${value}`),
        'token_duplicate',
      ))
        ok([own, shared, 'gw.example.test /', 'example.test /'].every((slot) => slots(answer).includes(slot)))
    })

  it('are found in one header as well as in several', async () => {
    await nobody([`a=1; imidToken=${mine}; b=2; imidToken=${foreign}`], 'token_duplicate')
  })

  it('end together at a logout, which sends nobody to where one of them may go', async () => {
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

describe('the seal', () => {
  const finish = async (cookies: readonly string[] = [], settings = {}) => {
    const person = browser()
    const query = await gateway.begin(person)
    query.set('imid_token', mine)
    const callback = await gateway.open('callback', instance(settings))
    return callback({
      query: query.toString(),
      cookies: [...person.pairs(), ...cookies],
      headers: navigation,
    })
  }

  it('is set with the session, for as long, on this host alone', async () => {
    const answer = await finish()
    const [session, seal] = set(answer)
    deepEqual([session?.name, seal?.name, seal?.value], ['imidToken', '__Host-imsg-seal', sealOf(editor)])
    deepEqual(seal?.attributes, [session?.attributes[0], 'Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax'])
    deepEqual(slots(answer), [], 'a first login clears nothing')
  })

  it('is not set when SESSION_SEAL is off', async () => {
    ok(!JSON.stringify(await finish([], { SESSION_SEAL: 'off' })).includes('imsg-seal'))
  })

  it('comes with a clean jar: a login clears the other slots when the request brought a session cookie', async () => {
    const cleared = slots(await finish([`imidToken=${theirs}`], { COOKIE_DOMAIN: 'example.test' }))
    ok(
      cleared.includes(own) && cleared.includes(shared) && !cleared.includes('example.test /'),
      cleared.join(),
    )
  })

  it('goes with the session at a logout, which decides by it where the person may go', async () => {
    const [raw, guest] = [await token({ jti: 'sealed' }), await token({ jti: 'planted' }, { user: 'guest' })]
    const answer = await gateway.call('logout', {
      cookies: [`imidToken=${guest}`, `imidToken=${raw}`, sealed(editor)],
      query: 'callback=https%3A%2F%2Fapp.example.test%2F',
      headers: fromOurPage,
    })
    deepEqual([answer.statusCode, answer.headers.location], [303, 'https://app.example.test/'])
    ok(cleared(answer).includes('__Host-imsg-seal') && slots(answer).includes(own))
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
        .clearSession('token-is-set', 'all')
        .filter((text) => text.includes('; Path=/;'))
        .flatMap((text) => /Domain=([^;]+)/.exec(text)?.[1] ?? [])
      deepEqual(found, domains)
    })
})

describe('the slots that are cleared', () => {
  it('are every path of the route table, with and without a final slash, the route of the answer first', () => {
    const { config } = instance({ PUBLIC_URL: 'https://gw.b1' })
    const paths = jar(config)
      .clearSession('units', 'all')
      .filter((text) => !text.includes('Domain='))
      .map((text) => /Path=([^;]+)/.exec(text)?.[1])
    const v1 = '/imsg-service/v1'
    deepEqual(paths.slice(0, 7), [
      '/',
      v1,
      `${v1}/`,
      '/imsg-service',
      '/imsg-service/',
      `${v1}/units`,
      `${v1}/units/`,
    ])
    for (const route of ['token-is-set', 'unit', 'logout', 'callback', 'login-failed', 'health'])
      ok(paths.includes(`${v1}/${route}`) && paths.includes(`${v1}/${route}/`), route)
    equal(new Set(paths).size, paths.length)
  })

  it('keep the headers of one answer below 8 kB, however many there are', async () => {
    const deep = instance({ PUBLIC_URL: 'https://a.b.c.d.e.f.example.test' })
    const answer = await (await gateway.open('token-is-set', deep))({
      cookies: [`imidToken=${mine}`, `imidToken=${foreign}`],
    })
    const bytes =
      JSON.stringify(answer.headers).length + (answer.cookies ?? []).join('set-cookie: \r\n').length
    ok(
      bytes < 8192 && (answer.cookies?.length ?? 0) > 40,
      `${bytes} bytes in ${answer.cookies?.length} cookies`,
    )
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
