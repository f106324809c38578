import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { after, afterEach, describe, it } from 'node:test'
import { sv } from '../../lib/errors/sv.ts'
import { hintCookie, returnCookie } from '../sign-out/logout-cookies.ts'
import { startFaultyProvider } from './support/faulty-provider.ts'
import {
  browser,
  claimsIn,
  codeIn,
  identity,
  openService,
  organisation,
  providerOf,
} from './support/service.ts'
import { signIn } from './support/sign-in.ts'

const provider = await startFaultyProvider('imsg-demo')
after(provider.close)
const service = await openService([
  organisation('demo', providerOf(provider.issuer)),
  organisation('silent', providerOf(provider.issuer, { logoutAtProvider: false })),
])
afterEach(provider.well)
const { call } = service
const home = 'https://app.example.test/bye'
const query = `callback=${encodeURIComponent(home)}`

describe('A logout at the provider', () => {
  it('asks there with the hint, one registered address and a state, and then goes on to the callback of the gateway', async () => {
    const person = browser()
    await signIn(service, provider, { person })
    const answer = person.take(await call('logout', { query, cookies: person.pairs() }))
    equal(answer.statusCode, 303)
    const there = new URL(answer.headers.location ?? '')
    equal(there.href.split('?')[0], `${provider.issuer}/logout`)
    const { state = '', id_token_hint: hint = '', ...more } = Object.fromEntries(there.searchParams)
    deepEqual(more, { client_id: 'imsg-demo', post_logout_redirect_uri: `${identity}/v1/org/demo/logout` })
    equal(claimsIn(hint).sub, 'person-1')
    equal(
      answer.cookies?.find((line) => line.startsWith('imsg-hint='))?.includes('Path=/v1/org/demo/logout'),
      true,
    )

    const headers = { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' }
    const astray = await call('logout', { query: 'state=another', cookies: person.pairs(), headers })
    deepEqual([astray.statusCode, astray.headers.location], [200, undefined])
    const back = person.take(
      await call('logout', { query: `state=${state}`, cookies: person.pairs(), headers }),
    )
    deepEqual([back.statusCode, back.headers.location], [303, home])
    equal(person.cookies.size, 0)
    const again = await call('logout', { query: `state=${state}`, cookies: person.pairs(), headers })
    deepEqual([again.statusCode, again.headers.location], [200, undefined])
    match(again.body ?? '', /was asked to sign you out too/)
  })

  it('leaves out a hint that is too long, and one of two', async () => {
    provider.wrong.claims = { padding: 'x'.repeat(2000) }
    const person = browser()
    await signIn(service, provider, { person })
    equal(person.cookies.has('imsg-hint'), false)
    const answer = await call('logout', { query, cookies: ['imsg-hint=a.b.c', 'imsg-hint=d.e.f'] })
    ok(!answer.headers.location?.includes('hint'))
  })

  it('is not for another site, a frame or a script', async () => {
    for (const [site, mode, dest, status] of [
      ['cross-site', 'navigate', 'document', 403],
      ['same-site', 'navigate', 'iframe', 401],
      ['same-site', 'cors', 'empty', 401],
      ['same-site', 'navigate', 'document', 303],
    ] as const) {
      const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest }
      equal((await call('logout', { query, headers })).statusCode, status, `${site} ${mode} ${dest}`)
    }
  })

  it('goes on only to a return URL of the organisation, also when the cookie was planted', async () => {
    for (const callback of ['https://evil.test/', '//evil.test', 'https://app.example.test.evil.test/'])
      equal((await call('logout', { query: `callback=${encodeURIComponent(callback)}` })).statusCode, 400)
    const planted = Buffer.from('https://evil.test/').toString('base64url')
    const back = await call('logout', { query: 'state=s', cookies: [`imsg-logout=s!${planted}`] })
    deepEqual([back.statusCode, back.headers.location], [400, undefined])
  })

  it('says that a provider cannot sign people out, and asks no provider that is not to be asked', async () => {
    const silent = await call('logout', { path: { org: 'silent' }, query })
    deepEqual([silent.statusCode, silent.headers.location], [303, home])
    const here = await call('logout', { path: { org: 'silent' } })
    match(here.body ?? '', /but not at your organisation/)
    provider.wrong.metadata = { end_session_endpoint: undefined }
    const answer = await service.open()('logout', { query, headers: { 'accept-language': 'sv' } })
    equal(answer.statusCode, 200)
    match(answer.body ?? '', /men inte hos din organisation/)
  })
})

describe('The cookies of a logout', () => {
  it('belong to this host, and the hint to the logout of one organisation, where the service is deployed', () => {
    const demo = service.instance().organisations.get('demo')
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

describe('A page', () => {
  it('is in Swedish for a browser that prefers Swedish', async () => {
    const answer = await call('login', { path: { org: 'nobody' }, headers: { 'accept-language': 'sv' } })
    equal(codeIn(answer), 'organisation_unknown')
    match(answer.body ?? '', new RegExp(sv.failures.organisation_unknown.title))
  })
})
