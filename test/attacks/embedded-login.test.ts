import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { incoming } from '../../lib/http/messages.ts'
import { isNavigation } from '../../lib/http/request-policy.ts'
import { each } from '../support/each.ts'
import { browser, effect, eventOf, navigation, openGateway } from '../support/gateway.ts'
import { refused } from '../support/refused.ts'

const gateway = await openGateway()
const { call, token, begin } = gateway
const raw = await token()

type Headers = Readonly<Record<string, string>>

const words = (...lines: string[]): string[] => lines.flatMap((line) => line.split(' '))
const dests = words(
  'iframe frame fencedframe embed object image script style font audio video track worker sharedworker',
  'serviceworker manifest report xslt audioworklet paintworklet webidentity json',
)
const purposes = words('prefetch prefetch;prerender prerender PREFETCH prefetch;anonymous-client-ip preview')

const navigates = (headers: Headers): boolean =>
  isNavigation(incoming(eventOf('login', { headers }), 'login', 0))

describe('A navigation', () => {
  each<Headers>('is no frame, image, script, fetch or prefetch: each of these headers alone is enough', [
    ...dests.flatMap((dest) => [{ 'sec-fetch-dest': dest }, { ...navigation, 'sec-fetch-dest': dest }]),
    ...['empty', '', 'document, iframe', 'Document'].map((dest) => ({ 'sec-fetch-dest': dest })),
    { ...navigation, 'sec-fetch-dest': 'document, iframe' },
    ...['', 'navigate, cors', ...words('cors no-cors same-origin websocket nested-navigate Navigate')].map(
      (mode) => ({ ...navigation, 'sec-fetch-mode': mode }),
    ),
    { 'sec-fetch-mode': 'cors' },
    ...purposes.flatMap((purpose) =>
      words('sec-purpose purpose x-purpose x-moz').map((name) => ({ ...navigation, [name]: purpose })),
    ),
    { 'sec-purpose': 'prefetch' },
  ])((headers) => equal(navigates(headers), false))

  each<Headers>('says so, or says nothing of itself, or was passed on by the service worker of a page', [
    {},
    { ...navigation, 'sec-fetch-user': '?1' },
    { 'sec-fetch-mode': 'navigate' },
    { 'sec-fetch-dest': 'document' },
    { ...navigation, 'sec-fetch-site': 'none' },
    { ...navigation, 'sec-fetch-dest': 'empty' },
    { ...navigation, 'sec-fetch-dest': 'something-new' },
    { ...navigation, purpose: '', 'sec-purpose': '' },
  ])((headers) => equal(navigates(headers), true))
})

describe('A login', () => {
  each<Headers>('is neither started nor finished by an embed, a fetch or a prefetch', [
    { ...navigation, 'sec-fetch-dest': 'iframe' },
    { 'sec-fetch-mode': 'cors' },
    { ...navigation, 'sec-purpose': 'prefetch' },
  ])(async (headers) => {
    const person = browser()
    const arrival = { query: `${await begin(person)}&imid_token=${raw}`, cookies: person.pairs() }
    const offered = 'https://gw.example.test/imsg-service/v1/org/demo/login?callback=%2Fx'
    for (const [name, request, login] of [
      ['login', { query: 'org=demo&callback=/x' }, offered],
      ['org-login', { path: { org: 'demo' }, query: 'callback=/x' }, offered],
      ['callback', arrival, undefined],
    ] as const) {
      const attack = { request: { ...request, headers }, codes: ['not_a_navigation'], token: raw } as const
      const answer = await refused(gateway, name, attack)
      deepEqual([answer.cookies, gateway.front.calls.read], [undefined, 0])
      equal(JSON.parse(answer.body ?? '{}').login, login)
    }
    const page = await call('callback', { ...arrival, headers: { ...headers, accept: 'text/html' } })
    deepEqual(effect(page), { status: 401 }, 'it is redirected nowhere')
    equal((await call('callback', arrival)).statusCode, 302, 'the login is not spent')
  })

  each('is offered to no address that would lead elsewhere', [
    ['bad_query', 'org=demo&org=x&callback=/'],
    ['bad_query', 'org=demo&callback=%'],
    ...['', 'org=demo', 'callback=/', 'org=..&callback=/', 'org=a%2Fb&callback=/'].map(
      (query) => ['not_a_navigation', query] as const,
    ),
    ['not_a_navigation', 'org=demo&callback=%22%3E%26x%3D%23'],
    ['not_a_navigation', 'org=demo&callback=https%3A%2F%2Fevil.test%2F'],
  ])(async ([code, query]) => {
    const request = { query, headers: { 'sec-fetch-mode': 'cors' } }
    const answer = await refused(gateway, 'login', { request, codes: [code] })
    equal(JSON.parse(answer.body ?? '{}').login, undefined)
  })
})

describe('The policies of an answer', () => {
  const policies = ['content-security-policy', 'cross-origin-opener-policy', 'cross-origin-resource-policy']
  const policiesOf = ({ headers }: Awaited<ReturnType<typeof call>>) =>
    policies.filter((name) => headers[name] !== undefined)

  it('forbid that anybody frames a page of ours, or shares its window', async () => {
    const answer = await call('token-is-set', { headers: { ...navigation, accept: 'text/html' } })
    deepEqual(policiesOf(answer), policies.slice(0, 2))
    match(answer.headers['content-security-policy'] ?? '', /frame-ancestors 'none'/)
    ok(!answer.headers['content-security-policy']?.includes('script-src'))
    equal(answer.headers['cross-origin-opener-policy'], 'same-origin')
  })

  it('keep JSON from other sites, and leave redirects alone, so that a popup keeps its opener', async () => {
    for (const headers of [{}, { accept: 'application/problem+json' }]) {
      const answer = await call('token-is-set', { headers })
      deepEqual(policiesOf(answer), policies.slice(2))
      equal(answer.headers['cross-origin-resource-policy'], 'same-site')
    }
    const redirect = await call('login', { query: 'org=demo&callback=/' })
    deepEqual([redirect.statusCode, policiesOf(redirect)], [302, []])
  })
})
