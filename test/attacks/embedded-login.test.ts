import { deepEqual, equal, ok } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { browser, navigation, openGateway } from '../support/gateway.ts'
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

/** What is no document navigation: each of these alone is enough. */
const embeds: readonly Record<string, string>[] = [
  ...dests.map((dest) => ({ 'sec-fetch-dest': dest })),
  ...dests.map((dest) => ({ ...navigation, 'sec-fetch-dest': dest })),
  { 'sec-fetch-dest': 'empty' },
  { 'sec-fetch-dest': '' },
  { 'sec-fetch-dest': 'document, iframe' },
  { 'sec-fetch-dest': 'Document' },
  { ...navigation, 'sec-fetch-dest': 'document, iframe' },
  ...['cors', 'no-cors', 'same-origin', 'websocket', 'nested-navigate', '', 'Navigate', 'navigate, cors'].map(
    (mode) => ({ ...navigation, 'sec-fetch-mode': mode }),
  ),
  { 'sec-fetch-mode': 'cors' },
  ...['prefetch', 'prefetch;prerender', 'prerender', 'PREFETCH', 'prefetch;anonymous-client-ip'].map(
    (purpose) => ({ ...navigation, 'sec-purpose': purpose }),
  ),
  { 'sec-purpose': 'prefetch' },
  { ...navigation, purpose: 'prefetch' },
  { ...navigation, purpose: 'Prefetch' },
  { ...navigation, purpose: 'preview' },
  { ...navigation, 'x-moz': 'prefetch' },
  { ...navigation, 'x-purpose': 'preview' },
]

describe('an embed, a prefetch or a fetch', () => {
  for (const headers of embeds)
    it(`starts and finishes no login: ${JSON.stringify(headers)}`, async () => {
      const person = browser()
      const begun = await begin(person)
      const attempts = [
        ['login', { query: 'org=demo&callback=/x' }],
        ['org-login', { path: { org: 'demo' }, query: 'callback=/x' }],
        ['callback', { query: `${begun}&imid_token=${raw}`, cookies: person.pairs() }],
      ] as const
      for (const [name, request] of attempts) {
        const answer = await refused(gateway, name, {
          request: { ...request, headers },
          codes: ['not_a_navigation'],
          token: raw,
        })
        deepEqual([answer.cookies, gateway.front.calls.read], [undefined, 0])
        const { login } = JSON.parse(answer.body ?? '{}')
        const offered = 'https://gw.example.test/imsg-service/v1/org/demo/login?callback=%2Fx'
        equal(login, name === 'callback' ? undefined : offered)
      }
      const done = await call('callback', { query: `${begun}&imid_token=${raw}`, cookies: person.pairs() })
      equal(done.statusCode, 302)
    })

  it('is offered nothing that would lead elsewhere', async () => {
    for (const query of ['org=demo&org=x&callback=/', 'org=demo&callback=%'])
      await refused(gateway, 'login', {
        request: { query, headers: { 'sec-fetch-mode': 'cors' } },
        codes: ['bad_query'],
      })
    for (const query of [
      'org=demo',
      'callback=/',
      '',
      'org=..&callback=/',
      'org=a%2Fb&callback=/',
      'org=demo&callback=%22%3E%26x%3D%23',
      'org=demo&callback=https%3A%2F%2Fevil.test%2F',
    ]) {
      const request = { query, headers: { 'sec-fetch-mode': 'cors' } }
      const answer = await refused(gateway, 'login', { request, codes: ['not_a_navigation'] })
      ok(!('login' in JSON.parse(answer.body ?? '{}')))
    }
  })
})

describe('a navigation', () => {
  for (const headers of [
    {},
    navigation,
    { ...navigation, 'sec-fetch-user': '?1' },
    { 'sec-fetch-mode': 'navigate' },
    { 'sec-fetch-dest': 'document' },
    { ...navigation, 'sec-fetch-site': 'none' },
    // What the service worker of a page passes on.
    { ...navigation, 'sec-fetch-dest': 'empty' },
    { ...navigation, 'sec-fetch-dest': 'something-new' },
    { ...navigation, purpose: '', 'sec-purpose': '' },
  ])
    it(`starts a login: ${JSON.stringify(headers)}`, async () => {
      const answer = await call('login', { query: 'org=demo&callback=/', headers })
      equal(answer.statusCode, 302)
    })
})

describe('the policies of an answer', () => {
  const policies = ['content-security-policy', 'cross-origin-opener-policy', 'cross-origin-resource-policy']
  const policiesOf = ({ headers }: Awaited<ReturnType<typeof call>>) =>
    policies.filter((name) => headers[name] !== undefined)

  it('forbid that anybody frames a page of ours, or shares its window', async () => {
    const page = { ...navigation, accept: 'text/html' }
    for (const name of ['login', 'callback', 'token-is-set'] as const) {
      const answer = await call(name, { headers: page })
      deepEqual(policiesOf(answer), policies.slice(0, 2))
      ok(answer.headers['content-security-policy']?.includes("frame-ancestors 'none'"))
      ok(!answer.headers['content-security-policy']?.includes('script-src'))
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
    const redirects = [
      await call('login', { query: 'org=demo&callback=/' }),
      await call('callback', { query: `${query}`, cookies: person.pairs() }),
      await call('logout', { query: 'callback=/', headers: { origin: 'https://gw.example.test' } }),
    ]
    deepEqual(
      redirects.map((answer) => [answer.statusCode, policiesOf(answer)]),
      [
        [302, []],
        [302, []],
        [303, []],
      ],
    )
  })
})
