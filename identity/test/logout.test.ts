import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { en } from '../../lib/errors/en.ts'
import { sv } from '../../lib/errors/sv.ts'
import { each } from '../../test/support/each.ts'
import { hintCookie, returnCookie } from '../sign-out/logout-cookies.ts'
import { browser, claimsIn, identity, openService } from './support/service.ts'

const on = await openService(
  { demo: {}, silent: { logoutAtProvider: false } },
  { GATEWAYS: 'https://second.example.test' },
)
const { call, provider } = on
const home = 'https://app.example.test/bye'
const query = `callback=${encodeURIComponent(home)}`
const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

describe('A logout at the provider', () => {
  it('sends id_token_hint, the registered URI and state, then returns to the callback', async () => {
    const person = browser()
    await on.signIn({ person })
    const answer = person.take(await call('logout', { query, cookies: person.pairs() }))
    equal(answer.statusCode, 303)
    equal(on.lines.at(-1)?.SignOutStarted, 1)
    const there = new URL(answer.headers.location ?? '')
    equal(there.href.split('?')[0], `${provider.issuer}/logout`)
    const { state = '', id_token_hint: hint = '', ...more } = Object.fromEntries(there.searchParams)
    deepEqual(more, { client_id: 'imsg-demo', post_logout_redirect_uri: `${identity}/v1/org/demo/logout` })
    equal(claimsIn(hint).sub, 'person-1')
    deepEqual([...person.cookies.keys()], ['imsg-logout'], 'the hint cookie is cleared')

    const headers = { ...navigation, 'sec-fetch-site': 'cross-site' }
    const back = async (query: string) => {
      const {
        statusCode,
        headers: sent,
        body = '',
      } = person.take(await call('logout', { query, cookies: person.pairs(), headers }))
      return [statusCode, sent.location, body.includes(en.identity.signedOut.asked.advice)]
    }
    const cookie = person.pairs()
    deepEqual(await back('state=another'), [200, undefined, true])
    person.cookies.set('imsg-logout', cookie[0]?.split('=')[1] ?? '')
    deepEqual(await back(`state=${state}`), [303, home, false])
    equal(person.cookies.size, 0)
    deepEqual(await back(`state=${state}`), [200, undefined, true])
  })

  it('sends no id_token_hint that is too long, malformed or present twice', async () => {
    provider.wrong.claims = { padding: 'x'.repeat(2000) }
    const person = browser()
    await on.signIn({ person })
    equal(person.cookies.has('imsg-hint'), false)
    for (const cookies of [['imsg-hint=a.b.c', 'imsg-hint=d.e.f'], ['imsg-hint=a.b!c']])
      ok(!(await call('logout', { query, cookies })).headers.location?.includes('hint'))
  })

  each('is refused for requests from another site, a frame or a script', [
    ['cross-site', 'navigate', 'document', 403],
    ['same-site', 'navigate', 'iframe', 401],
    ['same-site', 'cors', 'empty', 401],
    ['same-site', 'navigate', 'document', 303],
  ])(async ([site, mode, dest, status]) => {
    const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest }
    equal((await call('logout', { query, headers })).statusCode, status)
  })

  each('redirects only to a return URL at a gateway or at a domain of the organisation', [
    ['https://evil.test/', 400],
    ['//evil.test', 400],
    ['https://app.example.test.evil.test/', 400],
    ['https://second.example.test/bye', 303],
  ])(async ([callback, status]) => {
    const answer = await call('logout', { query: `callback=${encodeURIComponent(callback)}` })
    equal(answer.statusCode, status)
  })

  it('does not redirect when its cookie is forged, duplicated or has an empty state', async () => {
    const planted = Buffer.from('https://evil.test/').toString('base64url')
    const back = await call('logout', { query: 'state=s', cookies: [`imsg-logout=s!${planted}`] })
    deepEqual([back.statusCode, back.headers.location], [400, undefined])
    const own = Buffer.from(home).toString('base64url')
    for (const cookies of [[`imsg-logout=!${own}`], [`imsg-logout=s!${own}`, `imsg-logout=s!${own}`]])
      equal(
        (await call('logout', { query: cookies.length > 1 ? 'state=s' : 'state=', cookies })).statusCode,
        200,
      )
  })

  it('is skipped with logoutAtProvider false, and explained if the provider offers no logout', async () => {
    const silent = await call('logout', { path: { org: 'silent' }, query })
    deepEqual([silent.statusCode, silent.headers.location], [303, home])
    const here = await call('logout', { path: { org: 'silent' } })
    ok(here.body?.includes(en.identity.signedOut.notThere.advice))
    equal(provider.requests.length, 0)
    const person = browser()
    await on.signIn({ person, org: 'silent' })
    equal(person.cookies.size, 0, 'no hint is kept')
    provider.wrong.metadata = { end_session_endpoint: undefined }
    const answer = await on.open()('logout', { query, headers: { 'accept-language': 'sv' } })
    equal(answer.statusCode, 200)
    ok(answer.body?.includes(sv.identity.signedOut.notThere.advice))
  })
})

describe('The cookies of a logout', () => {
  it('are bound to the host, and the hint to one organisation, on a deployed service', () => {
    const demo = on.instance().organisations.get('demo')
    ok(demo !== undefined)
    deepEqual(
      [...hintCookie(false, demo, 'a.b.c'), returnCookie(false, 'state', home)].map((line) =>
        line.replace(/^([^=]+)=[^;]*/, '$1'),
      ),
      [
        '__Secure-imsg-hint; Max-Age=28800; Path=/v1/org/demo/logout; HttpOnly; Secure; SameSite=Lax',
        '__Host-imsg-logout; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax',
      ],
    )
  })
})
