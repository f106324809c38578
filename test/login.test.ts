import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HttpRouteName } from '../lib/routes.ts'
import { each } from './support/each.ts'
import {
  asProblem,
  effect,
  navigation,
  openGateway,
  publicUrl,
  type Request,
  set,
} from './support/gateway.ts'

const gateway = await openGateway({ ALLOWED_CALLBACK_ORIGINS: 'https://tools.example.org:8443' })
const { call, open, control, front, later } = gateway

const app = 'https://app.example.test/article?id=1#top'
const callback = `callback=${encodeURIComponent(app)}`
type Door = readonly [name: HttpRouteName, to: (org: string, query: string) => Request]
const doors: readonly Door[] = [
  ['login', (org, query) => ({ query: `org=${encodeURIComponent(org)}&${query}` })],
  ['org-login', (org, query) => ({ query, path: { org } })],
]

/** Our callback URL, as the identity service gets it. */
const callbackIn = (location = 'about:blank'): URL =>
  new URL(new URL(location).searchParams.get('callback') ?? 'about:blank')
const returnUrlIn = (location?: string) => callbackIn(location).searchParams.get('serviceCallback')

for (const [route, to] of doors)
  describe(`GET ${route}`, () => {
    it('sends the browser to the identity service and ties the login to it', async () => {
      const answer = await call(route, { ...to('demo', callback), headers: navigation })
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
      ok(!gateway.lines.join().includes(proof), 'the log holds the proof')
    })

    each('returns to a path of its own, a return domain and a listed origin, letter for letter', [
      ['/a?b=c+d&login=z#/y', `${publicUrl}/a?b=c+d&login=z#/y`],
      ['https://deep.app.example.test', 'https://deep.app.example.test/'],
      ['https://tools.example.org:8443/x', 'https://tools.example.org:8443/x'],
    ])(async ([target, output]) => {
      const { headers } = await call(route, to('demo', `callback=${encodeURIComponent(target)}`))
      equal(returnUrlIn(headers.location), output)
    })

    each('refuses what makes no sense, and starts nothing', [
      [400, 'bad_query', 'demo', ''],
      [400, 'bad_query', 'demo', 'callback='],
      [400, 'bad_query', 'demo', `${callback}&${callback}`],
      [400, 'bad_query', 'demo', 'callback=%E0%A4%A'],
      [400, 'bad_organisation', 'a/b', callback],
      [400, 'return_url_not_allowed', 'demo', 'callback=https%3A%2F%2Fevil.test'],
      [400, 'return_url_not_allowed', 'second', callback],
      [403, 'organisation_unknown', 'nowhere', callback],
      [403, 'organisation_blocked', 'closed', callback],
      // What makes no sense anywhere is refused before the organisation is looked up, what may make sense after.
      [400, 'return_url_not_allowed', 'nowhere', 'callback=javascript:alert(1)'],
      [400, 'return_url_not_allowed', 'nowhere', 'callback=https://a_b.test'],
      [400, 'return_url_not_allowed', 'closed', 'callback=//evil.test'],
      [403, 'organisation_unknown', 'nowhere', 'callback=https%3A%2F%2Felsewhere.test%2F'],
    ])(async ([status, code, org, query]) =>
      deepEqual(effect(await call(route, { ...to(org, query), headers: asProblem })), { status, code }),
    )
  })

describe('a login that is begun at another host than that of PUBLIC_URL', () => {
  const there = `${publicUrl}/imsg-service/v1/org/demo/login?${callback}&redirected=1`
  const elsewhere = ['127.0.0.1', 'a1b2c3.execute-api.eu-west-1.amazonaws.com', 'sub.gw.example.test']

  each(
    'goes to PUBLIC_URL first, and on from there',
    elsewhere,
  )(async (domainName) => {
    front.reset()
    for (const [route, to] of doors)
      deepEqual(effect(await call(route, { ...to('demo', callback), domainName })), {
        status: 302,
        to: there,
      })
    deepEqual(front.calls, { read: 0, write: 0 })

    // At PUBLIC_URL itself, or behind a CDN, where API Gateway goes on seeing its own host: no second time.
    const query = new URL(there).search.slice(1)
    for (const arrived of ['gw.example.test', domainName]) {
      const answer = await call('org-login', { path: { org: 'demo' }, query, domainName: arrived })
      ok(answer.headers.location?.startsWith(gateway.identity.url))
      equal(set(answer).length, 1)
    }
  })

  each('is one only where API Gateway says so', ['gw.example.test', 'GW.example.test', '', undefined])(
    async (domainName) => {
      const headers = { host: 'elsewhere.test', 'x-forwarded-host': 'elsewhere.test' }
      const request = {
        query: `org=demo&${callback}`,
        headers,
        ...(domainName !== undefined && { domainName }),
      }
      const answer = await call('login', request)
      ok(answer.headers.location?.startsWith(gateway.identity.url))
    },
  )

  each('is refused there when it makes no sense', [
    ['bad_organisation', `org=..&${callback}`],
    ['return_url_not_allowed', 'org=demo&callback=//evil.test'],
    ['bad_query', `org=demo&${callback}&redirected=1&redirected=1`],
  ])(async ([code, query]) => {
    const answer = await call('login', { query, headers: asProblem, domainName: '127.0.0.1' })
    deepEqual(effect(answer), { status: 400, code })
  })
})

describe('a login', () => {
  const request = { query: `org=demo&${callback}`, headers: asProblem }

  it('is refused with 503 while there is no state, or when it is older than the grace period', async () => {
    const empty = { ...gateway.table, read: async () => new Map() }
    const begin = await open('login', { ...gateway.instance(), table: empty })
    deepEqual(effect(await begin(request)), { status: 503, code: 'state_missing' })
    const late = await open('login')
    deepEqual(effect(await later(3700, () => late(request))), { status: 503, code: 'state_too_old' })
  })

  it('knows an organisation that was blocked a refresh ago', async () => {
    await control({ do: 'organisation', org: 'second', set: { blocked: true } })
    await gateway.refreshEverywhere()
    const answer = await call('login', { query: 'org=second&callback=/', headers: asProblem })
    deepEqual(effect(answer), { status: 403, code: 'organisation_blocked' })
  })

  it('goes without a binding only where the settings say so', async () => {
    const unbound = await open('login', gateway.instance({ LOGIN_BINDING: 'off' }))
    const answer = await unbound(request)
    deepEqual([...callbackIn(answer.headers.location).searchParams], [['serviceCallback', app]])
    equal(answer.cookies, undefined)
  })

  it('takes no prefix and no Secure on a loopback address', async () => {
    const local = await open('login', gateway.instance({ PUBLIC_URL: 'http://localhost:3000' }))
    const [cookie] = set(await local({ query: 'org=demo&callback=/' }))
    match(cookie?.name ?? '', /^imsg-login-/)
    deepEqual(cookie?.attributes, ['Max-Age=1800', 'Path=/', 'HttpOnly', 'SameSite=Lax'])
  })
})
