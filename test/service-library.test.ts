import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { authorizer, personOf as personBehind, visitorOf as visitorBehind } from '../service/authorizer.ts'
import { personOf, protect } from '../service/express.ts'
import { personOf as hapiPersonOf, plugin } from '../service/hapi.ts'
import {
  AccessDenied,
  type Authorization,
  authorization,
  ConfigError,
  type Rule,
  type Settings,
  Unauthorized,
  Unavailable,
} from '../service/index.ts'
import { each } from './support/each.ts'

const gateway = 'https://id.example.com'

/** Builds the scheme of the Hapi plugin with this rule, as a strategy does. */
const hapiScheme = (auth: Authorization, rule: Rule): void =>
  plugin.register(
    { auth: { scheme: (_: string, build: (server: unknown, rule: Rule) => object) => build({}, rule) } },
    { auth },
  )

const demo = { org: 'demo' }
const open = { org: 'demo', required: false } as const
const session = (value = 'x') => ({ cookie: `a=1; imidToken=${value}; __Host-imsg-seal=s` })

const person = (more: Record<string, string> = {}) =>
  new Response(null, { headers: { 'x-imid-sub': 's', 'x-imid-org': 'demo', ...more } })
const refused = (status: number) => () => new Response(null, { status })

/** The library with this function as its gateway, and the requests that were sent. */
const asking = (
  answer: (url: URL) => Response | Promise<Response> = () => person(),
  settings: Partial<Settings> = {},
) => {
  const asked: { url: string; init: RequestInit }[] = []
  const ask = async (url: string, init: RequestInit) => {
    asked.push({ url, init })
    init.signal?.throwIfAborted()
    return answer(new URL(url))
  }
  return { auth: authorization({ gateway, fetch: ask as typeof fetch, ...settings }), asked }
}

describe('authorization()', () => {
  each('throws ConfigError for an insecure URL or an impossible time', [
    { gateway: 'http://id.example.com' },
    { gateway: 'id.example.com' },
    { gateway, origin: 'http://editor.example.com' },
    { gateway, remember: 61 },
    { gateway, remember: Number.NaN },
  ])((settings) => throws(() => authorization(settings), { name: 'ConfigError' }))

  each('accepts a gateway on localhost over http', [
    'localhost:3000',
    'id.localhost',
    '127.0.0.1',
    '[::1]:3000',
  ])((host) => ok(authorization({ gateway: `http://${host}` })))

  each('throws ConfigError for an invalid rule, and sends no request', [
    {},
    { org: '' },
    { org: 'demo', role: 'x' },
    { org: 'demo', unit: 1 },
    { org: 'demo', required: 'no' },
  ])(async (wrong) => {
    const { auth, asked } = asking()
    const rule = wrong as unknown as Rule
    await rejects(auth.authorize(session(), rule), { name: 'ConfigError' })
    for (const build of [protect, authorizer, hapiScheme])
      throws(() => build(auth, rule), { name: 'ConfigError' })
    equal(asked.length, 0)
  })
})

describe('the request to the gateway', () => {
  each('carries the bearer token, or else the session and seal cookies, and no other header', [
    [session(), { cookie: 'imidToken=x; __Host-imsg-seal=s' }],
    [{ ...session(), authorization: 'Basic eDp5' }, { cookie: 'imidToken=x; __Host-imsg-seal=s' }],
    [{ ...session(), authorization: 'bearer  y' }, { authorization: 'bearer  y' }],
    [{ cookie: 'imsg-seal=s; other={"a";1}; imidToken=\u00e5' }, { cookie: 'imsg-seal=s' }],
    [new Headers({ ...session(), host: 'x' }), { cookie: 'imidToken=x; __Host-imsg-seal=s' }],
  ])(async ([headers, sent]) => {
    const { auth, asked } = asking()
    await auth.authorize(headers, { org: 'demo', unit: 'a b&c', permission: 'a:b', sub: 's' })
    const { url, init } = asked[0] ?? { init: {} }
    equal(url, `${gateway}/imsg-service/v1/authorize?org=demo&unit=a%20b%26c&permission=a%3Ab&sub=s`)
    deepEqual([init.headers, init.redirect], [sent, 'manual'])
  })

  it('is not sent without a bearer token or session cookie', async () => {
    const { auth, asked } = asking()
    await rejects(auth.authorize({ cookie: 'a=1' }, demo), { name: 'Unauthorized' })
    equal(await auth.authorize({ cookie: 'a=1' }, open), undefined)
    equal(asked.length, 0)
  })

  it('is aborted after three seconds', async (test) => {
    const timeout = test.mock.method(AbortSignal, 'timeout', () => AbortSignal.abort())
    await rejects(asking().auth.authorize(session(), demo), { name: 'Unavailable' })
    deepEqual(timeout.mock.calls[0]?.arguments, [3000])
  })
})

describe('authorize()', () => {
  it('resolves to the person, of any organisation when the rule allows every one', async () => {
    const { auth } = asking(() =>
      person({
        'x-imid-org': 'second',
        'x-imid-name': 'Edith%20Reyes',
        'x-imid-email': 'e%40second.test',
        'x-imid-unit': 'n%2Fo',
        'x-imid-units': 'n%2Fo,south',
      }),
    )
    const { has, ...rest } = await auth.authorize(session(), { org: '*' })
    const [name, email, units] = ['Edith Reyes', 'e@second.test', ['n/o', 'south']]
    deepEqual(rest, { sub: 's', org: 'second', name, email, unit: 'n/o', units })
  })

  each('remembers a refusal, asks again after a failure, and never takes a failure for a sign-out', [
    ['Unauthorized', 1, refused(401)],
    ['AccessDenied', 1, refused(403)],
    ['ConfigError', 1, refused(400)],
    ['Unavailable', 2, refused(503)],
    ['Unavailable', 2, refused(429)],
    ['Unavailable', 2, () => new Response('<h1>Welcome to the hotel</h1>')],
    ['Unavailable', 2, () => person({ 'x-imid-org': 'second' })],
    ['Unavailable', 2, () => person({ 'x-imid-name': '%zz' })],
    ['Unavailable', 2, () => Response.redirect('https://elsewhere.test/')],
  ])(async ([name, times, answer]) => {
    const { auth, asked } = asking(answer)
    for (let round = 0; round < 2; round++) await rejects(auth.authorize(session(), demo), { name })
    equal(asked.length, times)
    if (name === 'Unavailable') await rejects(auth.authorize(session(), open), { name })
  })

  it('remembers an answer for the same credentials and the same rule only', async () => {
    const { auth, asked } = asking(({ searchParams }) =>
      searchParams.has('unit') ? refused(403)() : person(),
    )
    const north = { org: 'demo', unit: 'north' }
    for (let round = 0; round < 2; round++) {
      equal((await auth.authorize(session(), demo)).sub, 's')
      await rejects(auth.authorize(session(), north), { name: 'AccessDenied' })
      equal((await auth.authorize(session('y'), demo)).sub, 's')
      equal((await auth.authorize({ authorization: 'Bearer x' }, demo)).sub, 's')
    }
    equal(asked.length, 4)
  })

  it('shares one request between concurrent calls, and asks again after `remember` seconds', async () => {
    const { auth, asked } = asking(undefined, { remember: 0.05 })
    await Promise.all(Array.from({ length: 100 }, () => auth.authorize(session(), demo)))
    equal(asked.length, 1)
    await pause(60)
    await auth.authorize(session(), demo)
    equal(asked.length, 2)

    const slow = asking(() => pause(60).then(() => person()), { remember: 0.05 })
    for (let time = 0; time < 2; time++) await slow.auth.authorize(session(), demo)
    equal(slow.asked.length, 2, 'the age of an answer counts from its request')

    const never = asking(undefined, { remember: 0 })
    for (let time = 0; time < 2; time++) await never.auth.authorize(session(), demo)
    equal(never.asked.length, 2)
  })

  it('is not kept with remember: 0, and displaces no pending response', async () => {
    const late = Promise.withResolvers<Response>()
    const { auth, asked } = asking(
      ({ searchParams }) => (searchParams.has('unit') ? late.promise : person()),
      { remember: 0 },
    )
    const north = { org: 'demo', unit: 'north' }
    const first = auth.authorize(session(), north)
    for (let number = 0; number < 10_000; number++) await auth.authorize(session(String(number)), demo)
    const second = auth.authorize(session(), north)
    late.resolve(person())
    await Promise.all([first, second])
    equal(asked.length, 10_001)
  })

  it('remembers ten thousand answers, and drops the oldest first', async () => {
    const { auth, asked } = asking(undefined, { remember: 60 })
    for (let number = 0; number <= 10_000; number++) await auth.authorize(session(String(number)), demo)
    for (const number of ['1', '10000']) await auth.authorize(session(number), demo)
    equal(asked.length, 10_001)
    await auth.authorize(session('0'), demo)
    equal(asked.length, 10_002)
  })

  it('checks permissions of the organisation, of a unit, and of the unit of the rule', async () => {
    const { auth } = asking(() => person({ 'x-imid-permissions': 'a%3Ab,n%2Fo/c%3Ad' }))
    const { has } = await auth.authorize(session(), demo)
    deepEqual(
      [has('a:b'), has('a:b', 'n/o'), has('c:d'), has('c:d', 'n/o'), has('c:d', 'n')],
      [true, true, false, true, false],
    )
    const inUnit = (await auth.authorize(session(), { org: 'demo', unit: 'south' })).has
    deepEqual([inUnit('a:b'), inUnit('a:b', 'south')], [true, true])
    throws(() => inUnit('a:b', 'north'), { name: 'ConfigError' })
  })
})

describe('loginFor()', () => {
  const { auth } = asking(undefined, { origin: 'https://editor.example.com' })
  const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  const page = { method: 'GET', url: '/x?y=1', headers: navigation }

  each('gives a login only for a navigation without a session, with a page of the service as callback', [
    [page, 'https://editor.example.com/x?y=1'],
    [{ ...page, url: 'http://evil.test/' }, 'https://editor.example.com/'],
    [{ ...page, method: 'HEAD', headers: { accept: 'text/html' } }, 'https://editor.example.com/x?y=1'],
    [{ ...page, headers: { accept: 'application/json' } }, undefined],
    [{ ...page, headers: { 'sec-fetch-mode': 'cors', accept: 'text/html' } }, undefined],
    [{ ...page, headers: { ...navigation, 'sec-fetch-dest': 'iframe' } }, undefined],
    [{ ...page, headers: { ...navigation, 'sec-purpose': 'prefetch' } }, undefined],
    [{ ...page, headers: { ...navigation, purpose: 'prefetch' } }, undefined],
    [{ ...page, method: 'POST' }, undefined],
  ])(([request, callback]) => {
    const login = auth.loginFor(new Unauthorized(), demo, request)
    equal(login && new URL(login).searchParams.get('callback'), callback)
    ok(login?.startsWith(`${gateway}/imsg-service/v1/org/demo/login?`) ?? callback === undefined)
  })

  each('gives no login for another error, or when the organisation is unknown', [
    [new AccessDenied(), demo],
    [new Unavailable(), demo],
    [new ConfigError('x'), demo],
    [new Unauthorized(), { org: '*' }],
  ])(([error, rule]) => equal(auth.loginFor(error, rule, page), undefined))
})

describe('the authorizer for API Gateway', () => {
  const event = { headers: { host: 'x' }, cookies: ['a=1', 'imidToken=x'] }
  /** The event of the function behind it, whose context was JSON on its way. */
  const behind = (context: unknown) =>
    JSON.parse(JSON.stringify({ requestContext: { authorizer: { lambda: context } } }))

  it('passes the person on to the function behind it', async () => {
    const { auth, asked } = asking(() =>
      person({ 'x-imid-name': 'Edith%20Reyes', 'x-imid-permissions': 'a%3Ab' }),
    )
    const { isAuthorized, context } = await authorizer(auth, { org: 'demo', unit: 'n' })(event)
    const { name, has } = personBehind(behind(context))
    deepEqual([isAuthorized, name, has('a:b'), has('c:d')], [true, 'Edith Reyes', true, false])
    throws(() => has('a:b', 'm'), { name: 'ConfigError' })
    deepEqual(asked[0]?.init.headers, { cookie: 'imidToken=x' })
  })

  it('denies a request that the gateway refuses, and throws when the gateway fails', async () => {
    for (const status of [401, 403])
      deepEqual(await authorizer(asking(refused(status)).auth, demo)(event), { isAuthorized: false })
    await rejects(authorizer(asking(refused(503)).auth, open)(event), { name: 'Unavailable' })
  })

  it('allows a request without a session when the rule does not require one', async () => {
    const { isAuthorized, context } = await authorizer(asking().auth, open)({})
    deepEqual([isAuthorized, visitorBehind(behind(context))], [true, undefined])
    throws(() => personBehind(behind(context)), { name: 'Unauthorized' })
  })
})

each('personOf() throws for a request that did not pass the guard', [personOf, hapiPersonOf])((read) =>
  throws(() => read({}), { name: 'ConfigError' }),
)
