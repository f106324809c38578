import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { incoming } from '../../lib/http/messages.ts'
import { isNavigation } from '../../lib/http/request-policy.ts'
import { browser, eventOf, navigation, openGateway } from '../support/gateway.ts'
import { refused } from '../support/refused.ts'

const gateway = await openGateway()
const { call, token, begin } = gateway
let raw = ''
before(async () => {
  raw = await token()
})

const dests = [
  'iframe frame fencedframe embed object image script style font audio video track worker sharedworker',
  'serviceworker manifest report xslt audioworklet paintworklet webidentity json',
].flatMap((line) => line.split(' '))
const modes = [
  '',
  'navigate, cors',
  ...'cors no-cors same-origin websocket nested-navigate Navigate'.split(' '),
]
const purposes = 'prefetch prefetch;prerender prerender PREFETCH prefetch;anonymous-client-ip preview'.split(
  ' ',
)

const navigates = (headers: Record<string, string>): boolean =>
  isNavigation(incoming(eventOf('login', { headers }), 'login', 0))

describe('A navigation', () => {
  it('is no frame, image, script, fetch or prefetch: each of these headers alone is enough', () => {
    const embeds: readonly Record<string, string>[] = [
      ...dests.flatMap((dest) => [{ 'sec-fetch-dest': dest }, { ...navigation, 'sec-fetch-dest': dest }]),
      ...['empty', '', 'document, iframe', 'Document'].map((dest) => ({ 'sec-fetch-dest': dest })),
      { ...navigation, 'sec-fetch-dest': 'document, iframe' },
      ...modes.map((mode) => ({ ...navigation, 'sec-fetch-mode': mode })),
      { 'sec-fetch-mode': 'cors' },
      ...purposes.flatMap((purpose) =>
        ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].map((name) => ({ ...navigation, [name]: purpose })),
      ),
      { 'sec-purpose': 'prefetch' },
    ]
    deepEqual(embeds.filter(navigates), [])
  })

  it('says so, or says nothing of itself, or was passed on by the service worker of a page', () => {
    const navigations: readonly Record<string, string>[] = [
      {},
      { ...navigation, 'sec-fetch-user': '?1' },
      { 'sec-fetch-mode': 'navigate' },
      { 'sec-fetch-dest': 'document' },
      { ...navigation, 'sec-fetch-site': 'none' },
      { ...navigation, 'sec-fetch-dest': 'empty' },
      { ...navigation, 'sec-fetch-dest': 'something-new' },
      { ...navigation, purpose: '', 'sec-purpose': '' },
    ]
    deepEqual(
      navigations.filter((headers) => !navigates(headers)),
      [],
    )
  })
})

describe('A login', () => {
  it('is neither started nor finished by an embed, a fetch or a prefetch', async () => {
    for (const headers of [
      { ...navigation, 'sec-fetch-dest': 'iframe' },
      { 'sec-fetch-mode': 'cors' },
      { ...navigation, 'sec-purpose': 'prefetch' },
    ] as readonly Record<string, string>[]) {
      const person = browser()
      const begun = await begin(person)
      const arrival = { query: `${begun}&imid_token=${raw}`, cookies: person.pairs() }
      for (const [name, request] of [
        ['login', { query: 'org=demo&callback=/x' }],
        ['org-login', { path: { org: 'demo' }, query: 'callback=/x' }],
        ['callback', arrival],
      ] as const) {
        const answer = await refused(gateway, name, {
          request: { ...request, headers },
          codes: ['not_a_navigation'],
          token: raw,
        })
        deepEqual(
          { cookies: answer.cookies, reads: gateway.front.calls.read },
          { cookies: undefined, reads: 0 },
        )
        const { login } = JSON.parse(answer.body ?? '{}')
        const offered = 'https://gw.example.test/imsg-service/v1/org/demo/login?callback=%2Fx'
        equal(login, name === 'callback' ? undefined : offered)
      }
      equal((await call('callback', arrival)).statusCode, 302, 'the login is not spent')
    }
  })

  it('is offered to no address that would lead elsewhere', async () => {
    const headers = { 'sec-fetch-mode': 'cors' }
    for (const query of ['org=demo&org=x&callback=/', 'org=demo&callback=%'])
      await refused(gateway, 'login', { request: { query, headers }, codes: ['bad_query'] })
    for (const query of [
      ...['', 'org=demo', 'callback=/', 'org=..&callback=/', 'org=a%2Fb&callback=/'],
      ...['%22%3E%26x%3D%23', 'https%3A%2F%2Fevil.test%2F'].map(
        (callback) => `org=demo&callback=${callback}`,
      ),
    ]) {
      const answer = await refused(gateway, 'login', {
        request: { query, headers },
        codes: ['not_a_navigation'],
      })
      equal(JSON.parse(answer.body ?? '{}').login, undefined, query)
    }
  })
})

describe('The policies of an answer', () => {
  const policies = ['content-security-policy', 'cross-origin-opener-policy', 'cross-origin-resource-policy']
  const policiesOf = ({ headers }: Awaited<ReturnType<typeof call>>) =>
    policies.filter((name) => headers[name] !== undefined)

  it('forbid that anybody frames a page of ours, or shares its window', async () => {
    for (const name of ['login', 'callback', 'token-is-set'] as const) {
      const answer = await call(name, { headers: { ...navigation, accept: 'text/html' } })
      deepEqual(policiesOf(answer), policies.slice(0, 2), name)
      match(answer.headers['content-security-policy'] ?? '', /frame-ancestors 'none'/)
      ok(!answer.headers['content-security-policy']?.includes('script-src'), `${name} allows scripts`)
      equal(answer.headers['cross-origin-opener-policy'], 'same-origin')
    }
  })

  it('keep JSON from other sites, and leave redirects alone, so that a popup keeps its opener', async () => {
    for (const headers of [{}, { accept: 'application/problem+json' }]) {
      const answer = await call('token-is-set', { headers })
      deepEqual(policiesOf(answer), policies.slice(2))
      equal(answer.headers['cross-origin-resource-policy'], 'same-site')
    }
    const person = browser()
    const query = await begin(person)
    query.set('imid_token', raw)
    for (const [status, answer] of [
      [302, await call('login', { query: 'org=demo&callback=/' })],
      [302, await call('callback', { query: `${query}`, cookies: person.pairs() })],
      [303, await call('logout', { query: 'callback=/', headers: { origin: 'https://gw.example.test' } })],
    ] as const)
      deepEqual({ status: answer.statusCode, policies: policiesOf(answer) }, { status, policies: [] })
  })
})
