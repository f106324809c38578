import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { each } from './support/each.ts'
import {
  asProblem,
  browser,
  cleared,
  codeOf,
  crumb,
  navigation,
  openGateway,
  publicUrl,
  set,
} from './support/gateway.ts'

const gateway = await openGateway()
const { call, open, control, refresh, token, begin, front, clock } = gateway
const app = 'https://app.example.test/'

/** Arrives at the callback as the browser `person`, with this query. */
const arrive = (
  person: ReturnType<typeof browser>,
  query: URLSearchParams,
  headers: Record<string, string> = {},
) =>
  call('callback', {
    query: query.toString(),
    cookies: person.pairs(),
    headers: { ...asProblem, ...headers },
  })

const withToken = (query: URLSearchParams, raw: string) =>
  new URLSearchParams([...query, ['imid_token', raw]])
const sessions = (answer: Parameters<typeof set>[0]) => set(answer).filter(({ name }) => name === 'imidToken')

describe('GET /callback', () => {
  it('keeps the token in the session cookie, spends the login and goes on', async () => {
    const person = browser()
    const query = await begin(person, `${app}article#1`)
    const raw = await token()
    const answer = await arrive(person, withToken(query, raw), navigation)

    deepEqual([answer.statusCode, answer.headers.location, answer.body], [302, `${app}article#1`, undefined])
    const [session] = sessions(answer)
    equal(session?.value, raw)
    match(session?.attributes[0] ?? '', /^Max-Age=(28800|28799|28798)$/)
    deepEqual(session?.attributes.slice(1), ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax'])
    deepEqual(cleared(answer), [[...person.cookies.keys()][0]])
    deepEqual(
      [answer.headers['cache-control'], answer.headers['referrer-policy']],
      ['no-store', 'no-referrer'],
    )
  })

  it('shares the cookie with sibling services where a domain is configured', async () => {
    const shared = gateway.instance({ COOKIE_DOMAIN: 'example.test' })
    const person = browser()
    const query = await begin(person)
    const answer = await (await open('callback', shared))({
      query: withToken(query, await token()).toString(),
      cookies: person.pairs(),
    })
    deepEqual(sessions(answer)[0]?.attributes.slice(1), [
      'Path=/',
      'Domain=example.test',
      'HttpOnly',
      'Secure',
      'SameSite=Lax',
    ])
  })

  each('refuses a callback that does not fit its login, and sets no session', [
    ['bad_query', 400, 'without a token', (query: URLSearchParams) => query.delete('imid_token')],
    ['bad_query', 400, 'with two tokens', (query: URLSearchParams) => query.append('imid_token', 'x')],
    ['bad_query', 400, 'without a return URL', (query: URLSearchParams) => query.delete('serviceCallback')],
    [
      'login_not_from_this_browser',
      403,
      'with a changed return URL',
      (query: URLSearchParams) => query.set('serviceCallback', `${app}other`),
    ],
    [
      'login_not_from_this_browser',
      403,
      'without its binding',
      (query: URLSearchParams) => query.delete('login'),
    ],
    [
      'login_not_from_this_browser',
      403,
      'with the binding of another login',
      (query: URLSearchParams) => query.set('login', 'A'.repeat(32)),
    ],
    [
      'token_malformed',
      401,
      'with something that is no token',
      (query: URLSearchParams) => query.set('imid_token', 'a.b.c'),
    ],
  ])(async ([code, status, , change]) => {
    const person = browser()
    const query = withToken(await begin(person), await token())
    change(query)
    const answer = await arrive(person, query)
    deepEqual(
      [answer.statusCode, codeOf(answer), sessions(answer), cleared(answer), answer.headers.location],
      [status, code, [], [], undefined],
    )
  })

  each('refuses a token that does not hold', [
    ['token_purpose', 401, 'an access token', { ntt: 'access_token' }, {}],
    ['login_other_organisation', 403, "another organisation's token", {}, { org: 'second', user: 'guest' }],
    ['token_expired', 401, 'a token that has run out', { iat: 1_700_000_000, exp: 1_700_000_600 }, {}],
    [
      'token_lives_too_long',
      401,
      'a token that lives too long',
      { exp: Math.floor(Date.now() / 1000) + 700_000 },
      {},
    ],
    ['token_too_large', 401, 'a token that no browser keeps', { padding: 'x'.repeat(3500) }, {}],
  ])(async ([code, status, , claims, more]) => {
    const person = browser()
    const answer = await arrive(person, withToken(await begin(person), await token(claims, more)))
    deepEqual(
      [answer.statusCode, codeOf(answer), sessions(answer), answer.headers.location],
      [status, code, [], undefined],
    )
  })

  it('bounds the age of a token only where the settings say so', async () => {
    const raw = await token({ iat: Math.floor(Date.now() / 1000) - 600 })
    const person = browser()
    const query = withToken(await begin(person), raw)
    const bounded = await open('callback', gateway.instance({ LOGIN_MAX_TOKEN_AGE: '300' }))
    const refused = await bounded({ query: query.toString(), cookies: person.pairs(), headers: asProblem })
    deepEqual([refused.statusCode, codeOf(refused), sessions(refused)], [401, 'token_too_old', []])
    equal((await arrive(person, query)).statusCode, 302)
  })

  it('refuses a login that was finished in another browser', async () => {
    const query = withToken(await begin(browser()), await token())
    const answer = await arrive(browser(), query)
    deepEqual(
      [answer.statusCode, codeOf(answer), answer.cookies],
      [403, 'login_not_from_this_browser', undefined],
    )
  })

  it('refuses a second use, but goes on from a reload while the session is good', async () => {
    const person = browser()
    const query = withToken(await begin(person), await token())
    person.take(await arrive(person, query))

    const again = await arrive(person, query)
    deepEqual([again.statusCode, again.headers.location, again.cookies], [302, app, undefined])
    equal(gateway.logs.at(-1)?.code, 'login_repeated')

    const other = await arrive(person, withToken(query, ''))
    equal(codeOf(other), 'bad_query', 'two tokens are none')
    query.set('imid_token', await token({}, { user: 'visitor' }))
    const stranger = await arrive(person, query)
    deepEqual(
      [stranger.statusCode, codeOf(stranger), sessions(stranger)],
      [403, 'login_not_from_this_browser', []],
      'never on as somebody else',
    )
    query.set('imid_token', 'rubbish')
    equal(codeOf(await arrive(person, query)), 'login_not_from_this_browser')

    query.set('imid_token', await token())
    equal((await arrive(person, query)).statusCode, 302, 'another token of the same person')
    person.cookies.delete('imidToken')
    const later = await arrive(person, query)
    deepEqual([later.statusCode, codeOf(later), sessions(later)], [403, 'login_not_from_this_browser', []])
  })

  it('lets two tabs sign in at once', async () => {
    const person = browser()
    const [first, second] = [await begin(person, `${app}1`), await begin(person, `${app}2`)]
    const answers = [
      await arrive(person, withToken(second, await token())),
      await arrive(person, withToken(first, await token())),
    ]
    deepEqual(
      answers.map(({ headers }) => headers.location),
      [`${app}2`, `${app}1`],
    )
  })

  it('lets no login wait longer than half an hour', async () => {
    const person = browser()
    const query = withToken(await begin(person), await token())
    clock.ahead = 1801
    await refresh()
    equal(codeOf(await arrive(person, query)), 'login_not_from_this_browser')
    clock.ahead = 0
    await refresh()
  })

  it('takes no login whose cookie says another time', async () => {
    const person = browser()
    const query = withToken(await begin(person), await token())
    const [[name = '', value = ''] = []] = [...person.cookies]
    const later = (gateway.now() + 100).toString(36)
    person.cookies.set(name, value.replace(/^[0-9a-z]+/, later))
    equal(codeOf(await arrive(person, query)), 'login_not_from_this_browser')
    person.cookies.set(name, value)
    equal((await arrive(person, query)).statusCode, 302)
  })

  /** Arrives as a navigation does, and follows the redirect of a refusal. */
  const follow = async (person: ReturnType<typeof browser>, query: URLSearchParams) => {
    const answer = await call('callback', {
      query: query.toString(),
      cookies: person.pairs(),
      headers: navigation,
    })
    equal(answer.statusCode, 303, answer.body)
    const to = new URL(answer.headers.location ?? 'about:blank')
    const page = await call('login-failed', { query: to.search.slice(1), headers: navigation })
    return { answer, to, page }
  }
  const again = new RegExp(
    `href="${publicUrl}/imsg-service/v1/org/demo/login\\?callback=${encodeURIComponent(app)}"`,
  )

  it('leaves no token in the address bar when it refuses a navigation, and offers the login again', async () => {
    const person = browser()
    const raw = await token({ iat: 1_700_000_000, exp: 1_700_000_600 })
    const { answer, to, page } = await follow(person, withToken(await begin(person), raw))
    deepEqual([to.pathname, sessions(answer), answer.body], ['/imsg-service/v1/login-failed', [], undefined])
    deepEqual(
      [...to.searchParams].map(([name, value]) => [name, name === 'id' ? '' : value]),
      [
        ['code', 'token_expired'],
        ['id', ''],
        ['org', 'demo'],
        ['callback', app],
      ],
    )
    equal(gateway.logs.at(-2)?.id, to.searchParams.get('id'), 'the request id of the refused callback')
    equal(gateway.logs.at(-2)?.org, 'demo', 'the log names the organisation whose login failed')
    ok(!JSON.stringify(answer).includes(raw.slice(-40)))
    deepEqual([page.statusCode, page.cookies], [401, undefined])
    match(page.body ?? '', again)
  })

  each('offers the login again after a refusal', [
    ['cancelled by the person', 'login_cancelled', 'access_denied'],
    ['refused by the identity service', 'login_refused', 'server_error'],
  ])(async ([, code, change]) => {
    const person = browser()
    const query = await begin(person)
    query.set('error', change)
    query.set('error_description', '<script>')
    const { to, page } = await follow(person, query)
    deepEqual([to.searchParams.get('code'), page.statusCode], [code, 403])
    match(page.body ?? '', again)
    ok(!page.body?.includes('script'))
    equal(codeOf(await arrive(person, query)), code, 'programs are told at once')
  })

  it('offers a login after one that was finished elsewhere, is too old or was dropped', async () => {
    const query = withToken(await begin(browser()), await token())
    const { to, page } = await follow(browser(), query)
    deepEqual([to.searchParams.get('code'), page.statusCode], ['login_not_from_this_browser', 403])
    match(page.body ?? '', again)
  })

  it('offers no login to a return URL that the claimed organisation does not allow', async () => {
    const query = new URLSearchParams({ serviceCallback: 'https://evil.test/', imid_token: await token() })
    const { to, page } = await follow(browser(), query)
    deepEqual([to.searchParams.has('org'), to.searchParams.has('callback')], [false, false])
    ok(!page.body?.includes('evil.test') && !page.body?.includes('class="action"'))
  })

  it('stops a login that goes round in circles, and says so', async () => {
    const person = browser()
    const start = () =>
      call('login', {
        query: `org=demo&callback=${encodeURIComponent(app)}`,
        cookies: person.pairs(),
        headers: asProblem,
      })
    for (let round = 0; round < 5; round++)
      person.take(await arrive(person, withToken(await begin(person), await token())))
    const stopped = await start()
    deepEqual([stopped.statusCode, codeOf(stopped), stopped.headers.location], [403, 'login_loop', undefined])

    const other = await call('login', {
      query: `org=demo&callback=${encodeURIComponent(`${app}other`)}`,
      cookies: person.pairs(),
    })
    equal(other.statusCode, 302, 'another return URL is another errand')
    clock.ahead = 60
    equal((await start()).statusCode, 302, 'a minute later it may be tried again')
    clock.ahead = 0
  })

  it('serves document navigations alone, and repeats no token in its answer', async () => {
    const person = browser()
    const raw = await token()
    const answer = await arrive(person, withToken(await begin(person), raw), {
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'iframe',
    })
    deepEqual([answer.statusCode, codeOf(answer), answer.cookies], [401, 'not_a_navigation', undefined])
    ok(!JSON.stringify(answer).includes(raw.slice(0, 40)))
    const framed = await call('callback', {
      query: 'imid_token=x&serviceCallback=/',
      headers: { ...navigation, 'sec-fetch-dest': 'iframe', accept: 'text/html' },
    })
    deepEqual([framed.statusCode, framed.headers.location], [401, undefined], 'a frame is redirected nowhere')
  })

  it('accepts a login that did not begin here only with LOGIN_BINDING=off', async () => {
    const unbound = await open('callback', gateway.instance({ LOGIN_BINDING: 'off' }))
    const query = new URLSearchParams({ serviceCallback: app, imid_token: await token() })
    const answer = await unbound({ query: query.toString() })
    deepEqual([answer.statusCode, answer.headers.location, sessions(answer).length], [302, app, 1])
    deepEqual(
      answer.cookies?.map((text) => crumb(text).name),
      ['imidToken', '__Host-imsg-seal', '__Host-imsg-rounds'],
    )
  })

  it('answers 503, never 401, when the table cannot be read', async () => {
    const person = browser()
    const query = withToken(await begin(person), await token())
    const { Problem } = await import('../lib/problem.ts')
    front.fault.next = () => new Problem('table_unavailable')
    const answer = await arrive(person, query)
    delete front.fault.next
    deepEqual([answer.statusCode, codeOf(answer), answer.cookies], [503, 'table_unavailable', undefined])
    equal((await arrive(person, query)).statusCode, 302, 'a reload succeeds')
  })

  it('answers a navigation directly when the failure is ours', async () => {
    const person = browser()
    const query = withToken(await begin(person), await token())
    const { Problem } = await import('../lib/problem.ts')
    front.fault.next = () => new Problem('table_unavailable')
    const answer = await arrive(person, query, { ...navigation, accept: 'text/html' })
    delete front.fault.next
    deepEqual([answer.statusCode, answer.headers.location, answer.cookies], [503, undefined, undefined])
    match(answer.body ?? '', again)
  })

  it('takes a token signed with a key that the state does not know yet, after one look at the identity service', async () => {
    await control({ do: 'rotate' })
    await control({ do: 'count', reset: true })
    const person = browser()
    const answer = await arrive(person, withToken(await begin(person), await token()))
    const { requests } = await control({ do: 'count' })
    deepEqual([answer.statusCode, requests], [302, { '/v1/jwks': 1 }])
  })
})
