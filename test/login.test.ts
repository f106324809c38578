import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isOrganisationName } from '../lib/redirect/organisation-name.ts'
import { stateKey } from '../lib/store/keys.ts'
import { each } from './support/each.ts'
import { asProblem, effect, navigation, openGateway, publicUrl, set } from './support/gateway.ts'

const gateway = await openGateway({ ALLOWED_CALLBACK_ORIGINS: 'https://tools.example.org:8443' })
const { call, open, control, front, later } = gateway

const app = 'https://app.example.test/article?id=1#top'
const callback = `callback=${encodeURIComponent(app)}`

/** Our callback URL, as the identity service gets it. */
const callbackIn = (location = 'about:blank'): URL =>
  new URL(new URL(location).searchParams.get('callback') ?? 'about:blank')
const returnUrlIn = (location?: string) => callbackIn(location).searchParams.get('serviceCallback')

describe('GET /login', () => {
  it('redirects to the identity service and ties the login to this browser', async () => {
    const answer = await call('login', { query: `org=demo&${callback}`, headers: navigation })
    const there = new URL(answer.headers.location ?? '')
    equal(`${there.origin}${there.pathname}`, `${gateway.identity.url}/v1/org/demo/login`)
    deepEqual([answer.statusCode, ...there.searchParams.keys()], [302, 'callback'])

    const { origin, pathname, searchParams } = callbackIn(there.href)
    equal(`${origin}${pathname}`, `${publicUrl}/imsg-service/v1/callback`)
    const { login: proof = '', ...others } = Object.fromEntries(searchParams)
    deepEqual(others, { serviceCallback: app })
    match(proof, /^[A-Za-z0-9_-]{32}$/)
    deepEqual(
      set(answer).map(({ name }) => name),
      [`__Host-imsg-login-${proof.slice(0, 8)}`],
    )
    ok(!('body' in answer))
    ok(!gateway.lines.join().includes(proof), 'the log holds the proof')
  })

  each('accepts a path, a return domain and a listed origin as return URL, and passes it on unchanged', [
    ['/a?b=c+d&login=z#/y', `${publicUrl}/a?b=c+d&login=z#/y`],
    ['https://deep.app.example.test', 'https://deep.app.example.test/'],
    ['https://tools.example.org:8443/x', 'https://tools.example.org:8443/x'],
  ])(async ([target, output]) => {
    const { headers } = await call('login', { query: `org=demo&callback=${encodeURIComponent(target)}` })
    equal(returnUrlIn(headers.location), output)
  })

  each('refuses an invalid query, and starts no login', [
    [400, 'bad_query', `org=&${callback}`],
    [400, 'bad_query', 'org=demo'],
    [400, 'bad_query', `org=demo&${callback}&${callback}`],
    [400, 'bad_organisation', `org=a%2Fb&${callback}`],
    [400, 'return_url_not_allowed', 'org=demo&callback=https%3A%2F%2Fevil.test'],
    [400, 'return_url_not_allowed', 'org=demo&callback=https%253A%252F%252Fapp.example.test'],
    [400, 'return_url_not_allowed', `org=second&${callback}`],
    [403, 'organisation_unknown', `org=nowhere&${callback}`],
    [403, 'organisation_unknown', `org=__proto__&${callback}`],
    [403, 'organisation_blocked', `org=closed&${callback}`],
    // Return URLs that no organisation could allow are refused before the organisation is looked up, others
    // after.
    [400, 'return_url_not_allowed', 'org=nowhere&callback=javascript:alert(1)'],
    [403, 'organisation_unknown', 'org=nowhere&callback=https%3A%2F%2Felsewhere.test%2F'],
  ])(async ([status, code, query]) =>
    deepEqual(effect(await call('login', { query, headers: asProblem })), { status, code }),
  )

  it('writes the reason for refusing a return URL only to the log', async () => {
    const { body } = await call('login', { query: 'org=demo&callback=//evil.test', headers: asProblem })
    const { cause } = gateway.logs.at(-1) ?? {}
    equal(cause, 'a path that other programs read as another address')
    ok(!body?.includes(String(cause)))
  })

  it('answers 503 without a state, or with one older than the grace period', async () => {
    const request = { query: `org=demo&${callback}`, headers: asProblem }
    const empty = { ...gateway.table, read: async () => new Map() }
    const begin = await open('login', { ...gateway.instance(), table: empty })
    deepEqual(effect(await begin(request)), { status: 503, code: 'state_missing' })
    const late = await open('login')
    deepEqual(effect(await later(3700, () => late(request))), { status: 503, code: 'state_too_old' })
  })

  it('accepts any organisation, and no return domain, when there is no source of organisations', async () => {
    const { organisations: _, ...state } = (await gateway.stored(stateKey)) ?? {}
    const table = { ...gateway.table, read: async () => new Map([[stateKey, state]]) }
    const begin = await open('login', { ...gateway.instance(), table })
    equal((await begin({ query: 'org=anybody&callback=/' })).statusCode, 302)
    const answer = await begin({ query: `org=anybody&${callback}`, headers: asProblem })
    deepEqual(effect(answer), { status: 400, code: 'return_url_not_allowed' })
  })

  it('refuses an organisation that the last refresh blocked', async () => {
    await control({ do: 'organisation', org: 'second', set: { blocked: true } })
    await gateway.refreshEverywhere()
    const answer = await call('login', { query: 'org=second&callback=/', headers: asProblem })
    deepEqual(effect(answer), { status: 403, code: 'organisation_blocked' })
  })

  it('sets no login cookie with LOGIN_BINDING=off', async () => {
    const unbound = await open('login', gateway.instance({ LOGIN_BINDING: 'off' }))
    const { headers, cookies } = await unbound({ query: `org=demo&${callback}` })
    deepEqual([...callbackIn(headers.location).searchParams], [['serviceCallback', app]])
    equal(cookies, undefined)
  })
})

it('GET /org/{org}/login starts the same login at the organisation in the path', async () => {
  const query = `org=second&${callback}`
  const { headers } = await call('org-login', { path: { org: 'demo' }, query })
  equal(new URL(headers.location ?? '').pathname, '/v1/org/demo/login')
  for (const org of ['..', ''])
    deepEqual(effect(await call('org-login', { path: { org }, query, headers: asProblem })), {
      status: 400,
      code: 'bad_organisation',
    })
})

describe('The organisation of a login', () => {
  const odd =
    ". .. .demo a/b ../v2/org/demo %2e%2e a\\b a?b a#b a&callback=x a:b a+b a%2Fb {org} $& <script> '"
  each('is refused when its name could change the rest of the URL at the identity service', [
    ...[...odd.split(' '), '', 'a b', 'demo ', 'demo\n', 'demo\u0000', 'd\u00e9mo', 'demo\u200b', '\ud800'],
    'a'.repeat(65),
  ])((name) => equal(isOrganisationName(name), false))

  each('may have any well-formed name', [
    ...['__proto__', 'DEMO', 'demo.', '-demo', '~a._-', '0', 'a'.repeat(64)],
  ])((name) => equal(isOrganisationName(name), true))
})

describe('A login at another host than that of PUBLIC_URL', () => {
  const there = `${publicUrl}/imsg-service/v1/org/demo/login?${callback}&redirected=1`
  const toIdentity = ({ headers }: Awaited<ReturnType<typeof call>>) =>
    ok(headers.location?.startsWith(gateway.identity.url))

  each('is redirected to the same login at PUBLIC_URL', ['127.0.0.1', 'sub.gw.example.test'])(
    async (domainName) => {
      front.reset()
      const answer = await call('login', { query: `org=demo&${callback}`, domainName })
      deepEqual(effect(answer), { status: 302, to: there })
      deepEqual([front.calls, gateway.logs.at(-1)?.code], [{ read: 0, write: 0 }, 'login_elsewhere'])
      // Behind a CDN, API Gateway goes on seeing its own host: no second time.
      const query = new URL(there).search.slice(1)
      toIdentity(await call('org-login', { path: { org: 'demo' }, query, domainName }))
    },
  )

  each('is recognised only by the domain name that API Gateway reports', [
    {},
    ...['gw.example.test', 'GW.example.test', ''].map((domainName) => ({ domainName })),
  ])(async (more) => {
    const headers = { host: 'elsewhere.test', 'x-forwarded-host': 'elsewhere.test' }
    toIdentity(await call('login', { query: `org=demo&${callback}`, headers, ...more }))
  })

  each('is refused at once when its query is invalid', [
    ['bad_organisation', `org=..&${callback}`],
    ['return_url_not_allowed', 'org=demo&callback=//evil.test'],
    ['bad_query', `org=demo&${callback}&redirected=1&redirected=1`],
  ])(async ([code, query]) => {
    const answer = await call('login', { query, headers: asProblem, domainName: '127.0.0.1' })
    deepEqual(effect(answer), { status: 400, code })
  })
})
