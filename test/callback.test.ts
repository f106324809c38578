import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { en } from '../lib/errors/en.ts'
import type { Answer } from '../lib/http/messages.ts'
import { sealOf } from '../lib/session/seal.ts'
import { unverifiedToken } from '../lib/session/token.ts'
import { each } from './support/each.ts'
import {
  asProblem,
  browser,
  cleared,
  effect,
  navigation,
  openGateway,
  publicUrl,
  type Request,
  type Settings,
  set,
} from './support/gateway.ts'

mock.timers.enable({ apis: ['Date'], now: Date.now() })
const gateway = await openGateway()
const { call, control, token, begin, front, now, whileTableFails } = gateway
const app = 'https://app.example.test/'

type Login = Readonly<{ person: ReturnType<typeof browser>; query: URLSearchParams }>

const begun = async (callback = app): Promise<Login> => {
  const person = browser()
  return { person, query: await begin(person, callback) }
}
const changed = ({ person, query }: Login, members: Record<string, string>): Login => {
  const other = new URLSearchParams(query)
  for (const [name, value] of Object.entries(members)) other.set(name, value)
  return { person, query: other }
}
const inBrowserOf = ({ query }: Login, { person }: Login): Login => ({ person, query })

type More = Readonly<{ headers?: Record<string, string>; on?: (request: Request) => Promise<Answer> }>

/** A callback with this token, by default from a program that reads problem documents. */
const arrive = async ({ person, query }: Login, raw?: string, more: More = {}): Promise<Answer> => {
  const { headers = asProblem, on = (request) => call('callback', request) } = more
  const whole = new URLSearchParams(query)
  if (raw !== undefined) whole.append('imid_token', raw)
  front.reset()
  const answer = person.take(await on({ query: whole.toString(), cookies: person.pairs(), headers }))
  equal(front.calls.write, 0)
  return answer
}
const arrived = async (...how: Parameters<typeof arrive>) => effect(await arrive(...how))
const withSettings = async (settings: Settings): Promise<More> => ({
  on: await gateway.open('callback', gateway.instance(settings)),
})

const signedIn = (to = app) => ({ status: 302, to, sets: 'imidToken seal rounds', clears: 'login' })
const foreign = { status: 403, code: 'login_not_from_this_browser' }
const goesOn = (to = app) => ({ status: 302, to })
/** Another round of the login is counted. */
const refused = (status: number, code: string) => ({ status, code, sets: 'rounds' })

describe('GET /callback', () => {
  it('sets the session cookie and its seal, clears the login cookie, and redirects to the return URL', async () => {
    const login = await begun(`${app}article#1`)
    const [name] = [...login.person.cookies.keys()]
    const raw = await token({ exp: now() + 90 })
    const answer = await arrive(login, raw, { headers: navigation })
    deepEqual(effect(answer), signedIn(`${app}article#1`))
    const attributes = ['Max-Age=90', 'Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax']
    deepEqual(set(answer).slice(0, 2), [
      { name: 'imidToken', value: raw, attributes },
      { name: '__Host-imsg-seal', value: sealOf(unverifiedToken(raw).unverifiedClaims), attributes },
    ])
    deepEqual(cleared(answer), [name])
    const { 'cache-control': cache, 'referrer-policy': referrer } = answer.headers
    deepEqual([answer.body, cache, referrer], [undefined, 'no-store', 'no-referrer'])
  })

  each('refuses a query that does not fit its login, sets no session, and leaves the login usable', [
    [400, 'bad_query', (query: URLSearchParams) => query.delete('imid_token')],
    [400, 'bad_query', (query: URLSearchParams) => query.append('imid_token', 'x')],
    [400, 'bad_query', (query: URLSearchParams) => query.append('login', 'x')],
    [400, 'bad_query', (query: URLSearchParams) => query.delete('serviceCallback')],
    [403, foreign.code, (query: URLSearchParams) => query.set('serviceCallback', `${app}other`)],
    [403, foreign.code, (query: URLSearchParams) => query.delete('login')],
  ])(async ([status, code, change]) => {
    const { person, query } = await begun()
    query.set('imid_token', await token())
    const whole = new URLSearchParams(query)
    change(query)
    deepEqual(await arrived({ person, query }), { status, code })
    deepEqual(await arrived({ person, query: whole }), signedIn())
  })

  each('refuses an invalid token, one of another organisation, and one too large for a cookie', [
    [401, 'token_malformed', 'a.b.c', {}],
    [401, 'token_purpose', { ntt: 'access_token' }, {}],
    [403, 'login_other_organisation', {}, { user: 'guest' }],
    [401, 'token_too_large', { padding: 'x'.repeat(3500) }, {}],
  ])(async ([status, code, claims, more]) => {
    const raw = typeof claims === 'string' ? claims : await token(claims, more)
    deepEqual(await arrived(await begun(), raw), refused(status, code))
  })

  it('accepts a valid token even if the query also has an error', async () =>
    deepEqual(await arrived(changed(await begun(), { error: 'access_denied' }), await token()), signedIn()))

  it('limits the age of a token to LOGIN_MAX_TOKEN_AGE seconds, if that is set', async () => {
    const bounded = await withSettings({ LOGIN_MAX_TOKEN_AGE: '300' })
    const [young, old] = [await token({ iat: now() - 300 }), await token({ iat: now() - 301 })]
    deepEqual(await arrived(await begun(), young, bounded), signedIn())
    deepEqual(await arrived(await begun(), old, bounded), refused(401, 'token_too_old'))
    deepEqual(await arrived(await begun(), old), signedIn())
  })

  it('refuses a token whose session was ended, even in a new login', async () => {
    const raw = await token()
    await call('logout', { bearer: raw })
    deepEqual(await arrived(await begun(), raw), refused(401, 'token_revoked'))
  })

  it('refuses a login begun in another browser, also if this one has a login or a session of its own', async () => {
    const [attacker, victim] = [await begun(), await begun()]
    const theirs = await token({}, { user: 'visitor' })
    deepEqual(await arrived(inBrowserOf(attacker, { ...victim, person: browser() }), theirs), foreign)
    deepEqual(await arrived(inBrowserOf(attacker, victim), theirs), foreign)
    deepEqual(await arrived(victim, await token()), signedIn())
    deepEqual(await arrived(inBrowserOf(attacker, victim), theirs), foreign, 'never on as somebody else')
  })

  it('refuses a return URL that was removed from the list while the login was open', async () => {
    const list = async (domains: string) => {
      await control({ do: 'organisation', org: 'demo', set: { whitelistCallbackUrls: domains } })
      await gateway.refreshEverywhere()
    }
    const login = await begun()
    await list('["other.example.test"]')
    deepEqual(await arrived(login, await token()), refused(400, 'return_url_not_allowed'))
    await list('["app.example.test"]')
  })

  it('lets two tabs sign in at the same time, each with its own return URL', async () => {
    const first = await begun(`${app}1`)
    const second = { person: first.person, query: await begin(first.person, `${app}2`) }
    deepEqual(await arrived(second, await token()), signedIn(`${app}2`))
    const { to, sets } = await arrived(first, await token())
    deepEqual([to, sets], [`${app}1`, 'imidToken seal rounds'])
  })

  it('accepts a login that did not begin in this browser only with LOGIN_BINDING=off', async () => {
    const loose = await withSettings({ LOGIN_BINDING: 'off' })
    const prepared = { person: browser(), query: new URLSearchParams({ serviceCallback: app }) }
    deepEqual(await arrived(prepared, await token()), foreign)
    const { clears: _, ...unbound } = signedIn()
    deepEqual(await arrived(prepared, await token(), loose), unbound)
    const guest = await token({}, { user: 'guest' })
    deepEqual(await arrived(await begun(), guest, loose), refused(403, 'login_other_organisation'))
    const elsewhere = { ...prepared, person: browser() }
    deepEqual(await arrived(elsewhere, guest, loose), refused(400, 'return_url_not_allowed'))
  })
})

describe('GET /callback for a login that is already finished', () => {
  const finished = async (): Promise<Login> => {
    const login = await begun()
    deepEqual(await arrived(login, await token()), signedIn())
    return login
  }

  it('redirects again and changes nothing while the same person is signed in', async () => {
    const login = await finished()
    deepEqual(await arrived(login, await token()), goesOn())
    equal(gateway.logs.at(-1)?.code, 'login_repeated')
    const other = changed(login, { serviceCallback: `${app}other` })
    deepEqual(await arrived(other, await token()), goesOn(`${app}other`))
  })

  each('refuses unless the same person is signed in, and logs why', [
    ['Problem token_missing', undefined, {}, {}],
    ['Problem token_expired', { iat: now() - 100, exp: now() }, {}, {}],
    ['Problem token_from_future', { nbf: now() + 100 }, {}, {}],
    ['another person', {}, {}, { user: 'visitor' }],
    ['another person', { sub: 'x' }, { sub: 'x', org: 'second' }, {}],
    ['Problem token_malformed', {}, 'rubbish', {}],
  ])(async ([cause, session, claims, more]) => {
    const login = await begun()
    login.person.cookies.clear()
    if (session !== undefined) login.person.cookies.set('imidToken', await token(session))
    const raw = typeof claims === 'string' ? claims : await token(claims, more)
    deepEqual(await arrived(login, raw), foreign)
    equal(gateway.logs.at(-1)?.cause, cause)
  })

  it('refuses a return URL that the organisation of the session does not allow', async () => {
    const second = await token({}, { user: 'guest' })
    const login = { person: browser(), query: new URLSearchParams({ serviceCallback: app }) }
    login.person.cookies.set('imidToken', second)
    deepEqual(await arrived(login, second), { status: 400, code: 'return_url_not_allowed' })
  })

  it('answers 503 while the table fails, keeps the login usable, and counts no login round', async () => {
    const fails = { status: 503, code: 'table_unavailable' }
    const [login, raw, before] = [await begun(), await token(), await finished()]
    await whileTableFails(async () => {
      for (let reload = 0; reload < 6; reload++) deepEqual(await arrived(login, raw), fails)
      deepEqual(await arrived(before, raw), fails)
    })
    deepEqual(await arrived(login, raw), signedIn())
  })

  it('counts no login round after an unexpected error', async () => {
    const table = { ...gateway.table, read: () => Promise.reject(new TypeError('unexpected')) }
    const on = await gateway.open('callback', { ...gateway.instance(), table })
    deepEqual(await arrived(await begun(), await token(), { on }), { status: 500, code: 'internal' })
  })
})

describe('GET /callback, refused in a browser', () => {
  /** Arrives as a navigation does, and follows the redirect of a refusal. */
  const follow = async (login: Login, raw?: string) => {
    const answer = await arrive(login, raw, { headers: navigation })
    equal(answer.statusCode, 303, answer.body)
    const to = new URL(answer.headers.location ?? 'about:blank')
    const page = await call('login-failed', { query: to.search.slice(1), headers: navigation })
    const { id, ...members } = Object.fromEntries(to.searchParams)
    return { answer, to, id, members, page }
  }
  const login = `${publicUrl}/imsg-service/v1/org/demo/login?callback=${encodeURIComponent(app)}`
  const offers = ({ body = '' }: Answer, label = 'Sign in again'): boolean =>
    body.includes(`href="${login}">${label}</a>`)

  it('redirects to a page without the token in its URL, which offers the login again', async () => {
    const raw = await token({ iat: 1_700_000_000, exp: 1_700_000_600 })
    const { answer, to, id, members, page } = await follow(await begun(), raw)
    const expected = ['/imsg-service/v1/login-failed', undefined, 'rounds']
    deepEqual([to.pathname, answer.body, effect(answer).sets], expected)
    deepEqual(members, { code: 'token_expired', org: 'demo', callback: app })
    const { id: logged, org } = gateway.logs.at(-2) ?? {}
    deepEqual([logged, org], [id, 'demo'], 'the request id of the refused callback, and its organisation')
    ok(!JSON.stringify([answer, page]).includes(raw.slice(-40)))
    deepEqual([page.statusCode, page.cookies, offers(page)], [401, undefined, true])
    ok(page.body?.includes(en.signIn.here))
  })

  each('offers the login again after a refusal by the identity service; programs get the status directly', [
    ['login_cancelled', 'access_denied'],
    ['login_refused', 'server_error'],
    ['login_refused', '<script>'],
  ])(async ([code, error]) => {
    const login = changed(await begun(), { error, error_description: '<script>' })
    const { members, page } = await follow(login)
    deepEqual([members.code, page.statusCode, offers(page)], [code, 403, true])
    ok(!page.body?.includes('script'))
    deepEqual(await arrived(login), { status: 403, code })
  })

  it('offers the login again when this browser has no cookie for it', async () => {
    const { members, page } = await follow({ ...(await begun()), person: browser() }, await token())
    deepEqual([members.code, page.statusCode, offers(page)], [foreign.code, 403, true])
  })

  it('offers no login when another one would not help', async () => {
    const { members } = await follow(await begun(), await token({ padding: 'x'.repeat(3500) }))
    deepEqual(members, { code: 'token_too_large' })
  })

  it('offers no login to a return URL that is not allowed', async () => {
    const query = new URLSearchParams({ serviceCallback: 'https://evil.test/' })
    const { members, page } = await follow({ person: browser(), query }, await token())
    deepEqual(members, { code: foreign.code })
    ok(!page.body?.includes('evil.test') && !page.body?.includes('class="action"'))
  })

  it('answers without a redirect when the URL has no token, or the failure is ours', async () => {
    const [login, raw] = [await begun(), await token()]
    deepEqual(effect(await arrive(login, undefined, { headers: navigation })), { status: 400 })
    const answer = await whileTableFails(() => arrive(login, raw, { headers: navigation }))
    deepEqual([effect(answer), offers(answer, 'Try again')], [{ status: 503 }, true])
    match(answer.headers['content-type'] ?? '', /^text\/html/)
  })
})
