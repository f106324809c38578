import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { incoming } from '../lib/http/messages.ts'
import { cookiesMayAct, isNavigation } from '../lib/http/request-policy.ts'
import { each } from './support/each.ts'
import {
  asProblem,
  browser,
  effect,
  eventOf,
  fromOurPage,
  navigation,
  openGateway,
  type Request,
} from './support/gateway.ts'

const editor = 'https://editor.example.test'
const other = 'https://other.example.test:8443'
const gateway = await openGateway({ CORS_ALLOWED_ORIGINS: `${editor},${other}` })
const { call, token, begin, front } = gateway
const { config } = gateway.instance()
const raw = await token()

type Headers = Readonly<Record<string, string>>

describe('The cookies of a request', () => {
  const mayAct = (headers: Headers, cookies: readonly string[] = ['imidToken=x']): boolean =>
    cookiesMayAct(incoming(eventOf('unit', { headers, cookies }), 'unit', 0), config)

  const behindOurs = ['.evil.test', ':8443', ':443', '/', '\0', ',https://evil.test', ' https://evil.test']
  each('may not act for another Origin, whatever Sec-Fetch-Site and Referer say', [
    ...['', '*', 'gw.example.test', 'http://gw.example.test', 'HTTPS://gw.example.test'],
    ...['https://evil.test', 'https://example.test', 'https://app.example.test', 'https://GW.example.test'],
    ...behindOurs.map((more) => `https://gw.example.test${more}`),
    ...['https://evilgw.example.test', 'https://sub.gw.example.test', ' https://gw.example.test'],
    ...[`${editor}.evil.test`, `${editor}:8443`, 'https://other.example.test'],
  ])((origin) => {
    const more = { 'sec-fetch-site': 'same-origin', referer: 'https://gw.example.test/' }
    deepEqual([mayAct({ origin }), mayAct({ origin, ...more })], [false, false])
  })

  each('may not act for another site when Origin is absent or null', [
    ...['same-site', 'cross-site', 'none', '', 'Same-Origin', 'same-origin,cross-site'],
  ])((site) => {
    const headers = { 'sec-fetch-site': site }
    deepEqual([mayAct(headers), mayAct({ origin: 'null', ...headers }, [])], [false, false])
  })

  each<[boolean, Headers, string[]?]>('may act only when Origin or Sec-Fetch-Site names an allowed page', [
    [false, {}],
    [false, { referer: 'https://gw.example.test/' }],
    [false, { origin: 'null' }],
    [false, { origin: 'null' }, []],
    [true, fromOurPage],
    [true, { origin: editor, 'sec-fetch-site': 'same-site' }],
    [true, { origin: other }],
    [true, { 'sec-fetch-site': 'same-origin' }],
    // A form on a page with `Referrer-Policy: no-referrer`.
    [true, { origin: 'null', 'sec-fetch-site': 'same-origin' }],
    // Without cookies, from a program.
    [true, {}, []],
  ])(([expected, headers, cookies]) => equal(mayAct(headers, cookies), expected))

  each<Request>('are refused at POST /unit before the table is read', [
    { headers: { origin: 'https://evil.test' } },
    { headers: { 'sec-fetch-site': 'cross-site' }, cookies: [] },
    { headers: { authorization: 'Basic eDp5' } },
    {},
  ])(async (attack) => {
    front.reset()
    const headers = { ...asProblem, 'content-type': 'application/json', ...attack.headers }
    const request = { cookies: [`imidToken=${raw}`], ...attack, body: '{"unit":"north"}', headers }
    deepEqual(effect(await call('unit', request)), { status: 403, code: 'foreign_origin' })
    deepEqual(front.calls, { read: 0, write: 0 })
  })
})

describe('A navigation', () => {
  const navigates = (headers: Headers): boolean =>
    isNavigation(incoming(eventOf('login', { headers }), 'login', 0))
  const words = (...lines: string[]): string[] => lines.flatMap((line) => line.split(' '))
  const dests = words(
    'iframe frame fencedframe embed object image script style font audio video track worker sharedworker',
    'serviceworker manifest report xslt audioworklet paintworklet webidentity json text speculationrules',
  )
  const purposes = words(
    'prefetch prefetch;prerender prerender PREFETCH prefetch;anonymous-client-ip preview',
  )

  each<Headers>('is not a frame, image, script, fetch or prefetch, by any one of these headers', [
    ...dests.flatMap((dest) => [{ 'sec-fetch-dest': dest }, { ...navigation, 'sec-fetch-dest': dest }]),
    ...['empty', '', 'document, iframe', 'Document'].map((dest) => ({ 'sec-fetch-dest': dest })),
    ...['document, iframe', 'document,  IFRAME'].map((dest) => ({ ...navigation, 'sec-fetch-dest': dest })),
    ...['', 'navigate, cors', ...words('cors no-cors same-origin websocket nested-navigate Navigate')].map(
      (mode) => ({ ...navigation, 'sec-fetch-mode': mode }),
    ),
    ...purposes.flatMap((purpose) =>
      words('sec-purpose purpose x-purpose x-moz').map((name) => ({ ...navigation, [name]: purpose })),
    ),
    { 'sec-purpose': 'prefetch' },
  ])((headers) => equal(navigates(headers), false))

  each<Headers>('declares itself, has no Fetch Metadata, or was forwarded by a service worker', [
    {},
    { 'sec-fetch-mode': 'navigate' },
    { 'sec-fetch-dest': 'document' },
    { ...navigation, 'sec-fetch-dest': 'empty' },
    { ...navigation, 'sec-fetch-dest': 'something-new' },
    { ...navigation, purpose: '', 'sec-purpose': '' },
  ])((headers) => equal(navigates(headers), true))

  const refused = { status: 401, code: 'not_a_navigation' }
  it('is required to start or finish a login; other requests only get a login link', async () => {
    const person = browser()
    const arrival = { query: `${await begin(person)}&imid_token=${raw}`, cookies: person.pairs() }
    const offered = 'https://gw.example.test/imsg-service/v1/org/demo/login?callback=%2Fx'
    const headers = { ...navigation, 'sec-fetch-dest': 'iframe' }
    for (const [name, request, login] of [
      ['login', { query: 'org=demo&callback=/x' }, offered],
      ['org-login', { path: { org: 'demo' }, query: 'callback=/x' }, offered],
      ['callback', arrival, undefined],
    ] as const) {
      front.reset()
      const answer = await call(name, { ...request, headers: { ...headers, ...asProblem } })
      deepEqual([effect(answer), front.calls.read], [refused, 0])
      equal(JSON.parse(answer.body ?? '{}').login, login)
    }
    const page = await call('callback', { ...arrival, headers: { ...headers, accept: 'text/html' } })
    deepEqual(effect(page), { status: 401 }, 'it is redirected nowhere')
    equal((await call('callback', arrival)).statusCode, 302, 'the login is not spent')
  })

  each('is suggested by a login link only if organisation and return URL are valid', [
    ['bad_query', 'org=demo&org=x&callback=/'],
    ['bad_query', 'org=demo&callback=%'],
    ...[
      '',
      'org=demo',
      'callback=/',
      'org=a%2Fb&callback=/',
      'org=nowhere&callback=https%3A%2F%2Fapp.example.test%2F',
      'org=demo&callback=https%3A%2F%2Fevil.test%2F',
    ].map((query) => ['not_a_navigation', query] as const),
  ])(async ([code, query]) => {
    const answer = await call('login', { query, headers: { ...asProblem, 'sec-fetch-mode': 'cors' } })
    const problem = JSON.parse(answer.body ?? '{}')
    deepEqual([problem.code, problem.login], [code, undefined])
  })

  it('is suggested by a login link only if its return URL could be checked', async () => {
    const login = await gateway.open('login')
    const query = 'org=demo&callback=https%3A%2F%2Fapp.example.test%2F'
    const ask = () => login({ query, headers: { ...asProblem, 'sec-fetch-mode': 'cors' } })
    const { statusCode, body } = await gateway.whileTableFails(ask)
    deepEqual([statusCode, JSON.parse(body ?? '').login], [401, undefined])
    ok(JSON.parse((await ask()).body ?? '').login)
  })
})
