import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { each } from './support/each.ts'
import {
  asProblem,
  browser,
  cleared,
  codeOf,
  navigation,
  openGateway,
  publicUrl,
  set,
} from './support/gateway.ts'

const gateway = await openGateway({ ALLOWED_CALLBACK_ORIGINS: 'https://tools.example.org:8443' })
const { call, open, control, clock, front } = gateway

const callback = encodeURIComponent('https://app.example.test/article?id=1#top')
const doors = [
  ['login', (org: string, query: string) => ({ query: `org=${encodeURIComponent(org)}&${query}` })],
  ['org-login', (org: string, query: string) => ({ query, path: { org } })],
] as const

for (const [route, to] of doors) {
  describe(`GET ${route}`, () => {
    it('sends the browser to the identity service and ties the login to it', async () => {
      const answer = await call(route, { ...to('demo', `callback=${callback}`), headers: navigation })

      equal(answer.statusCode, 302)
      const there = new URL(answer.headers.location ?? '')
      equal(`${there.origin}${there.pathname}`, `${gateway.identity.url}/v1/org/demo/login`)
      deepEqual([...there.searchParams.keys()], ['callback'])

      const back = new URL(there.searchParams.get('callback') ?? '')
      equal(`${back.origin}${back.pathname}`, `${publicUrl}/imsg-service/v1/callback`)
      deepEqual([...back.searchParams.keys()], ['serviceCallback', 'login'])
      equal(back.searchParams.get('serviceCallback'), 'https://app.example.test/article?id=1#top')

      const proof = back.searchParams.get('login') ?? ''
      match(proof, /^[A-Za-z0-9_-]{32}$/)
      const [cookie, ...others] = set(answer)
      equal(cookie?.name, `__Host-imsg-login-${proof.slice(0, 8)}`)
      ok(!cookie?.value.includes(proof.slice(8)), 'the cookie does not hold the proof')
      deepEqual(cookie?.attributes, ['Max-Age=1800', 'Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax'])
      deepEqual(others, [])
    })

    each('returns to a path of its own, a return domain and a listed origin', [
      ['a path on the gateway itself', '/'],
      ['a host below a domain of the organisation', 'https://deep.app.example.test/x'],
      ['an origin from the settings, port included', 'https://tools.example.org:8443/x'],
    ])(async ([, target]) => {
      const answer = await call(route, to('demo', `callback=${encodeURIComponent(target)}`))
      equal(answer.statusCode, 302)
      const back = new URL(new URL(answer.headers.location ?? '').searchParams.get('callback') ?? '')
      equal(back.searchParams.get('serviceCallback'), new URL(target, publicUrl).href)
    })

    each('answers 400 to what makes no sense, and starts nothing', [
      ['bad_query', 'no callback', 'demo', ''],
      ['bad_query', 'an empty callback', 'demo', 'callback='],
      ['bad_query', 'two callbacks', 'demo', `callback=${callback}&callback=${callback}`],
      ['bad_query', 'a callback that does not decode', 'demo', 'callback=%E0%A4%A'],
      ['bad_organisation', 'an organisation that is no name', 'a/b', `callback=${callback}`],
      ['return_url_not_allowed', 'a foreign return URL', 'demo', 'callback=https%3A%2F%2Fevil.test'],
      ['return_url_not_allowed', 'a script, wherever it is for', 'nowhere', 'callback=javascript:alert(1)'],
      [
        'return_url_not_allowed',
        'a host that is none, wherever it is for',
        'nowhere',
        'callback=https://a_b.test',
      ],
      [
        'return_url_not_allowed',
        'no path and no origin, wherever it is for',
        'closed',
        'callback=//evil.test',
      ],
      ['return_url_not_allowed', "another organisation's return URL", 'second', `callback=${callback}`],
    ])(async ([code, , org, query]) => {
      const answer = await call(route, { ...to(org, query), headers: asProblem })
      deepEqual(
        [answer.statusCode, codeOf(answer), answer.cookies, answer.headers.location],
        [400, code, undefined, undefined],
      )
    })

    each('answers 403 for an organisation that is unknown or blocked', [
      ['organisation_unknown', 'nowhere'],
      ['organisation_blocked', 'closed'],
    ])(async ([code, org]) => {
      for (const query of [`callback=${callback}`, 'callback=https%3A%2F%2Felsewhere.test%2F']) {
        const answer = await call(route, { ...to(org, query), headers: asProblem })
        deepEqual([answer.statusCode, codeOf(answer), answer.cookies], [403, code, undefined])
      }
    })

    each('answers what is no navigation with 401 and where to sign in, and starts nothing', [
      ['a fetch', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
      ['an image', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
      ['an iframe', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
      ['a prefetch', { ...navigation, 'sec-purpose': 'prefetch' }],
      ['a prerender', { ...navigation, 'sec-purpose': 'prefetch;prerender' }],
    ])(async ([, headers]) => {
      const answer = await call(route, {
        ...to('demo', `callback=${callback}`),
        headers: { ...headers, ...asProblem },
      })
      const problem = JSON.parse(answer.body ?? '')
      deepEqual([answer.statusCode, problem.code, answer.cookies], [401, 'not_a_navigation', undefined])
      equal(problem.login, `${publicUrl}/imsg-service/v1/org/demo/login?callback=${callback}`)
    })
  })
}

describe('a login that is begun at another host than that of PUBLIC_URL', () => {
  const there = `${publicUrl}/imsg-service/v1/org/demo/login?callback=${callback}&redirected=1`

  each('goes to PUBLIC_URL first, and on from there', [
    '127.0.0.1',
    'a1b2c3.execute-api.eu-west-1.amazonaws.com',
    'sub.gw.example.test',
  ])(async (domainName) => {
    front.reset()
    for (const [route, to] of doors) {
      const answer = await call(route, { ...to('demo', `callback=${callback}`), domainName })
      deepEqual([answer.statusCode, answer.headers.location, answer.cookies], [302, there, undefined])
    }
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
      const answer = await call('login', {
        query: `org=demo&callback=${callback}`,
        ...(domainName === undefined ? {} : { domainName }),
        headers: { host: 'elsewhere.test', 'x-forwarded-host': 'elsewhere.test' },
      })
      ok(answer.headers.location?.startsWith(gateway.identity.url))
    },
  )

  each('is refused there when it makes no sense', [
    ['bad_organisation', `org=..&callback=${callback}`],
    ['return_url_not_allowed', 'org=demo&callback=//evil.test'],
    ['bad_query', `org=demo&callback=${callback}&redirected=1&redirected=1`],
  ])(async ([code, query]) => {
    const answer = await call('login', { query, headers: asProblem, domainName: '127.0.0.1' })
    deepEqual([answer.statusCode, codeOf(answer), answer.headers.location], [400, code, undefined])
  })
})

describe('a login', () => {
  it('drops the oldest of too many pending ones', async () => {
    const person = browser()
    const names: string[] = []
    for (let tab = 0; tab < 20; tab++) {
      clock.ahead++
      const answer = person.take(
        await call('login', { query: `org=demo&callback=${callback}`, cookies: person.pairs() }),
      )
      names.push(set(answer)[0]?.name ?? '')
    }
    deepEqual([...person.cookies.keys()].sort(), names.slice(-5).sort())
    clock.ahead = 0
  })

  it('keeps the newest of many that began within one second', async () => {
    const person = browser()
    const names: string[] = []
    for (let tab = 0; tab < 20; tab++) {
      const answer = person.take(
        await call('login', { query: `org=demo&callback=${callback}`, cookies: person.pairs() }),
      )
      names.push(set(answer)[0]?.name ?? '')
    }
    deepEqual([...person.cookies.keys()], names.slice(-5))
  })

  it('is refused with 503 while there was never any state', async () => {
    const empty = await open('login', {
      ...gateway.instance(),
      table: { ...gateway.table, read: async () => new Map() },
    })
    const answer = await empty({ query: `org=demo&callback=${callback}`, headers: asProblem })
    deepEqual([answer.statusCode, codeOf(answer), answer.cookies], [503, 'state_missing', undefined])
  })

  it('is refused with 503 when the state is older than the grace period', async () => {
    clock.ahead = 3700
    const answer = await (await open('login'))({ query: `org=demo&callback=${callback}`, headers: asProblem })
    deepEqual([answer.statusCode, codeOf(answer)], [503, 'state_too_old'])
    clock.ahead = 0
  })

  it('knows an organisation that was blocked a refresh ago', async () => {
    await control({ do: 'organisation', org: 'second', set: { blocked: true } })
    await gateway.refreshEverywhere()
    const answer = await call('login', { query: 'org=second&callback=/', headers: asProblem })
    equal(codeOf(answer), 'organisation_blocked')
  })

  it('goes without a binding only where the settings say so', async () => {
    const unbound = await open('login', gateway.instance({ LOGIN_BINDING: 'off' }))
    const answer = await unbound({ query: `org=demo&callback=${callback}` })
    const back = new URL(new URL(answer.headers.location ?? '').searchParams.get('callback') ?? '')
    deepEqual([[...back.searchParams.keys()], answer.cookies], [['serviceCallback'], undefined])
    equal(back.searchParams.get('serviceCallback'), decodeURIComponent(callback))
  })

  it('takes no prefix and no Secure on a loopback address, and only there', async () => {
    const local = await open('login', gateway.instance({ PUBLIC_URL: 'http://localhost:3000' }))
    const [cookie] = set(await local({ query: 'org=demo&callback=/' }))
    match(cookie?.name ?? '', /^imsg-login-/)
    deepEqual(cookie?.attributes, ['Max-Age=1800', 'Path=/', 'HttpOnly', 'SameSite=Lax'])
    deepEqual(cleared(await local({ query: 'org=demo&callback=/' })), [])
  })
})
