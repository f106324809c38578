import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { after, afterEach, describe, it } from 'node:test'
import { subjectKey } from '../../lib/store/keys.ts'
import { type Table, tableIn } from '../../lib/store/table.ts'
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
import { signIn, tokenIn } from './support/sign-in.ts'

const provider = await startFaultyProvider('imsg-demo')
after(provider.close)
const service = await openService([
  organisation('demo', providerOf(provider.issuer)),
  organisation('other', providerOf(provider.issuer)),
  organisation('silent', providerOf(provider.issuer, { logoutAtProvider: false })),
])
afterEach(() => {
  provider.well()
  service.clock.ahead = 0
})
const { call } = service
const home = 'https://app.example.test/bye'
const query = `callback=${encodeURIComponent(home)}`

describe('A logout at the provider', () => {
  it('asks there with the hint, one registered address and a state, and comes back to where the gateway wanted', async () => {
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
    equal(person.jar.size, 0)
    const again = await call('logout', { query: `state=${state}`, cookies: person.pairs(), headers })
    deepEqual([again.statusCode, again.headers.location], [200, undefined])
    match(again.body ?? '', /was asked to sign you out too/)
  })

  it('leaves out a hint that is too long, and one of two', async () => {
    provider.wrong.claims = { padding: 'x'.repeat(2000) }
    const person = browser()
    await signIn(service, provider, { person })
    equal(person.jar.has('imsg-hint'), false)
    const answer = await call('logout', { query, cookies: ['imsg-hint=a.b.c', 'imsg-hint=d.e.f'] })
    ok(!answer.headers.location?.includes('hint'))
  })

  it('is no affair of another site, a frame or a script', async () => {
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

  it('goes on nowhere but to a return URL of the organisation', async () => {
    for (const callback of ['https://evil.test/', '//evil.test', 'https://app.example.test.evil.test/'])
      equal((await call('logout', { query: `callback=${encodeURIComponent(callback)}` })).statusCode, 400)
    const planted = Buffer.from('https://evil.test/').toString('base64url')
    const back = await call('logout', { query: 'state=s', cookies: [`imsg-logout=s!${planted}`] })
    deepEqual([back.statusCode, back.headers.location], [400, undefined])
  })

  it('says what it cannot do where a provider has no such address, and asks nobody who is not to be asked', async () => {
    const silent = await call('logout', { path: { org: 'silent' }, query })
    deepEqual([silent.statusCode, silent.headers.location], [303, home])
    provider.wrong.metadata = { end_session_endpoint: undefined }
    const answer = await service.open()('logout', { query, headers: { 'accept-language': 'sv' } })
    equal(answer.statusCode, 200)
    match(answer.body ?? '', /men inte hos din organisation/)
  })
})

const event = 'http://schemas.openid.net/event/backchannel-logout'
const notBefore = async (org: string, sub: string, table: Table = service.gatewayTable) =>
  Number((await table.read([subjectKey(org, sub)])).get(subjectKey(org, sub))?.notBefore?.N ?? 0)

/** A logout token as a good provider makes it, with these claims instead of its own. */
const logoutToken = (claims: Record<string, unknown> = {}, header = {}) =>
  provider.token(
    {
      iss: provider.issuer,
      aud: 'imsg-demo',
      iat: service.now(),
      exp: service.now() + 120,
      jti: 'j1',
      events: { [event]: {} },
      sub: 'person-1',
      sid: 'session-1',
      ...claims,
    },
    header,
  )
const post = (token: string, org = 'demo', at = call) =>
  at('backchannel-logout', { path: { org }, body: `logout_token=${token}` })
const signedIn = async (org = 'demo') =>
  String(claimsIn(tokenIn(await signIn(service, provider, { org }))).sub)

describe('A logout from the provider, back-channel', () => {
  for (const [what, claims, header] of [
    ['by session and subject', {}, { typ: 'logout+jwt' }],
    ['by session alone', { sub: undefined }, { typ: 'JWT' }],
    ['by subject alone', { sid: undefined }, {}],
    ['without an end, as older providers send it', { exp: undefined }, {}],
  ] as const)
    it(`ends every session of the person: ${what}`, async () => {
      const sub = await signedIn()
      service.clock.ahead += 10
      const { iat } = claimsIn(logoutToken(claims, header))
      const answer = await post(logoutToken(claims, header))
      deepEqual([answer.statusCode, answer.headers['cache-control']], [200, 'no-store'])
      ok((await notBefore('demo', sub)) >= Number(iat))
      equal(await notBefore('other', sub), 0)
    })

  for (const [what, claims, header, signature] of [
    ['the signature of a stranger', {}, {}, 'forged'],
    ['no signature', {}, {}, 'none'],
    ['a signature of another kind', {}, {}, 'RS512'],
    ['a shared secret for a signature', {}, {}, 'HS256'],
    ['another audience', { aud: 'another' }, {}, 'good'],
    ['another issuer', { iss: 'https://evil.test' }, {}, 'good'],
    ['no event', { events: {} }, {}, 'good'],
    ['an event that is no object', { events: { [event]: 'x' } }, {}, 'good'],
    ['a nonce: it is an ID token', { nonce: 'x' }, {}, 'good'],
    ['nobody it speaks of', { sid: undefined, sub: undefined }, {}, 'good'],
    ['an age of ten minutes', { iat: service.now() - 600 }, {}, 'good'],
    ['a time to come', { iat: service.now() + 300 }, {}, 'good'],
    ['a life that is over', { exp: service.now() - 120 }, {}, 'good'],
    ['no time', { iat: undefined }, {}, 'good'],
    ['no name of its own', { jti: undefined }, {}, 'good'],
    ['the type of an access token', {}, { typ: 'at+jwt' }, 'good'],
    ['an unknown key', {}, { kid: 'another' }, 'good'],
  ] as const)
    it(`is refused with ${what}, and ends nothing`, async () => {
      const sub = await signedIn()
      const before = await notBefore('demo', sub)
      service.clock.ahead += 20
      provider.wrong.signature = signature
      const answer = await post(logoutToken(claims, header))
      deepEqual([answer.statusCode, await notBefore('demo', sub)], [400, before])
    })

  it('ends no session of an organisation that its token was not sent to', async () => {
    const mine = await signedIn('demo')
    const sub = await signedIn('other')
    const stranger = await openService([organisation('demo', providerOf(provider.issuer, { clientId: 'x' }))])
    equal((await post(logoutToken(), 'demo', stranger.call)).statusCode, 400)
    service.clock.ahead += 30
    await post(logoutToken(), 'demo')
    ok((await notBefore('demo', mine)) >= service.now() - 5)
    equal(await notBefore('other', sub), 0)
  })

  it('is answered 200 for somebody who is not signed in, and never undoes a later end', async () => {
    equal((await post(logoutToken({ sid: 'nobody', sub: 'nobody' }))).statusCode, 200)
    const sub = await signedIn()
    service.clock.ahead += 100
    await post(logoutToken())
    const end = await notBefore('demo', sub)
    await post(logoutToken({ iat: service.now() - 50 }))
    equal(await notBefore('demo', sub), end)
  })

  it('of a provider whose clock is ahead keeps nobody from signing in again', async () => {
    const sub = await signedIn()
    service.clock.ahead += 200
    equal((await post(logoutToken({ iat: service.now() + 40 }))).statusCode, 200)
    ok((await notBefore('demo', sub)) <= service.now())
  })

  it('is judged with the keys in the table, when the provider is away and nothing is in memory', async () => {
    const sub = await signedIn()
    service.clock.ahead += 700
    const token = logoutToken()
    for (const path of ['/.well-known/openid-configuration', '/jwks'])
      provider.wrong.answers[path] = (response) => void response.destroy()
    const began = performance.now()
    equal((await post(token, 'demo', service.open())).statusCode, 200)
    ok(performance.now() - began < 1500)
    ok((await notBefore('demo', sub)) >= service.now() - 5)
  })

  it('fetches the keys of a provider once a minute, however many forged tokens name another', async () => {
    await signedIn()
    service.clock.ahead += 90
    const at = service.open()
    provider.requests.length = 0
    for (let forged = 0; forged < 5; forged++) await post(logoutToken({}, { kid: `k-${forged}` }), 'demo', at)
    equal(provider.requests.filter((path) => path === '/jwks').length, 1)
    service.clock.ahead += 90
    await post(logoutToken({ iss: 'https://evil.test' }, { kid: 'x' }), 'demo', service.open())
    equal(provider.requests.length, 2, 'another issuer is worth no question')
  })

  it('that cannot be stored is a 400, by our own fault', async () => {
    await signedIn()
    const broken: Table = {
      ...service.gatewayTable,
      change: () =>
        tableIn(null as never, 'x')
          .read(['x'])
          .then(() => true),
    }
    const at = service.open(service.instance({ gatewayTables: [broken] }))
    equal((await post(logoutToken(), 'demo', at)).statusCode, 400)
    equal(service.lines.at(-1)?.ProviderSignOutFailed, 1)
  })

  it('is refused as anything but one token in a form', async () => {
    for (const [body, headers] of [
      ['', {}],
      ['logout_token=', {}],
      ['logout_token=x', {}],
      [`logout_token=${logoutToken()}&logout_token=x`, {}],
      [`logout_token=${logoutToken()}`, { 'content-type': 'text/plain' }],
      [`logout_token=${'x'.repeat(40_000)}`, {}],
    ] as const)
      equal((await call('backchannel-logout', { body, headers })).statusCode, 400)
  })
})

describe('A logout from the provider, front-channel', () => {
  it('ends every session of the person by the session that nobody can guess', async () => {
    const sub = await signedIn()
    service.clock.ahead += 400
    const iss = encodeURIComponent(provider.issuer)
    const headers = {
      'sec-fetch-dest': 'iframe',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-site': 'cross-site',
    }
    const answer = await call('frontchannel-logout', { query: `sid=session-1&iss=${iss}`, headers })
    equal(answer.statusCode, 200)
    ok(!answer.headers['content-security-policy']?.includes('frame-ancestors'), 'the provider frames it')
    ok((await notBefore('demo', sub)) >= service.now() - 5)
  })

  it('ends nothing for a subject, another session or another issuer', async () => {
    const sub = await signedIn()
    const before = await notBefore('demo', sub)
    service.clock.ahead += 800
    for (const [query, status] of [
      ['sid=person-1', 200],
      ['sid=another', 200],
      ['sid=session-1&iss=https%3A%2F%2Fevil.test', 400],
      ['', 400],
    ] as const)
      equal((await call('frontchannel-logout', { query })).statusCode, status)
    equal(await notBefore('demo', sub), before)
  })
})

describe('A page', () => {
  it('is told in Swedish to whoever reads Swedish', async () => {
    const answer = await call('login', { path: { org: 'nobody' }, headers: { 'accept-language': 'sv' } })
    equal(codeIn(answer), 'organisation_unknown')
    match(answer.body ?? '', /Denna organisation är inte känd här/)
  })
})
