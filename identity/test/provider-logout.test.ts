import { deepEqual, equal, ok } from 'node:assert/strict'
import { after, afterEach, describe, it } from 'node:test'
import { Problem } from '../../lib/problem.ts'
import { subjectKey } from '../../lib/store/keys.ts'
import type { Table } from '../../lib/store/table.ts'
import { startFaultyProvider } from './support/faulty-provider.ts'
import { claimsIn, openService, organisation, providerOf } from './support/service.ts'
import { signIn, tokenIn } from './support/sign-in.ts'

const provider = await startFaultyProvider('imsg-demo')
after(provider.close)
const service = await openService([
  organisation('demo', providerOf(provider.issuer)),
  organisation('other', providerOf(provider.issuer)),
  organisation('brief', providerOf(provider.issuer, { sessionLifetime: 60 })),
])
afterEach(() => {
  provider.well()
  service.clock.ahead = 0
})
service.secrets.brief = 'client-secret'
const { call } = service

const event = 'http://schemas.openid.net/event/backchannel-logout'
/** From when on sessions of this subject count, as the gateway's table has it. */
const notBefore = async (org: string, sub: string) => {
  const key = subjectKey(org, sub)
  return Number((await service.gatewayTable.read([key])).get(key)?.notBefore?.N ?? 0)
}

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
    ['without exp, as older providers send it', { exp: undefined }, {}],
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
    ['an algorithm outside idTokenAlg', {}, {}, 'RS512'],
    ['a shared secret instead of a key', {}, {}, 'HS256'],
    ['another audience', { aud: 'another' }, {}, 'good'],
    ['another issuer', { iss: 'https://evil.test' }, {}, 'good'],
    ['no event', { events: {} }, {}, 'good'],
    ['an event that is no object', { events: { [event]: 'x' } }, {}, 'good'],
    ['a nonce: it is an ID token', { nonce: 'x' }, {}, 'good'],
    ['neither sid nor sub', { sid: undefined, sub: undefined }, {}, 'good'],
    ['iat ten minutes ago', { iat: service.now() - 600 }, {}, 'good'],
    ['iat in five minutes', { iat: service.now() + 300 }, {}, 'good'],
    ['an exp that has passed', { exp: service.now() - 120 }, {}, 'good'],
    ['no iat', { iat: undefined }, {}, 'good'],
    ['no jti', { jti: undefined }, {}, 'good'],
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

  it('is answered 200 for somebody who is not signed in, and never moves an end backwards', async () => {
    equal((await post(logoutToken({ sid: 'nobody', sub: 'nobody' }))).statusCode, 200)
    const sub = await signedIn()
    service.clock.ahead += 100
    await post(logoutToken())
    const end = await notBefore('demo', sub)
    await post(logoutToken({ iat: service.now() - 50 }))
    equal(await notBefore('demo', sub), end)
  })

  it('ends nothing once our token has expired', async () => {
    const sub = await signedIn('brief')
    service.clock.ahead += 61
    equal((await post(logoutToken(), 'brief')).statusCode, 200)
    equal(await notBefore('brief', sub), 0)
  })

  it('does not keep people from signing in again when the clock of the provider is ahead', async () => {
    const sub = await signedIn()
    service.clock.ahead += 200
    equal((await post(logoutToken({ iat: service.now() + 40 }))).statusCode, 200)
    ok((await notBefore('demo', sub)) <= service.now())
  })

  it('is verified with the keys in the table while the provider is down', async () => {
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

  it('causes one fetch of keys a minute, however many forged tokens name unknown keys', async () => {
    await signedIn()
    service.clock.ahead += 90
    const at = service.open()
    provider.requests.length = 0
    for (let forged = 0; forged < 5; forged++) await post(logoutToken({}, { kid: `k-${forged}` }), 'demo', at)
    equal(provider.requests.filter((path) => path === '/jwks').length, 1)
    service.clock.ahead += 90
    await post(logoutToken({ iss: 'https://evil.test' }, { kid: 'x' }), 'demo', service.open())
    equal(provider.requests.length, 2, 'another issuer causes no fetch')
  })

  it('is answered 400 and counted as our failure when it cannot be stored', async () => {
    await signedIn()
    const broken: Table = {
      ...service.gatewayTable,
      change: () => Promise.reject(new Problem('table_unavailable')),
    }
    const at = service.open(service.instance({ gatewayTables: [broken] }))
    equal((await post(logoutToken(), 'demo', at)).statusCode, 400)
    equal(service.lines.at(-1)?.ProviderSignOutFailed, 1)
  })

  it('is refused unless it is one token in a form', async () => {
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
  it('ends every session of the person, by a session id that cannot be guessed', async () => {
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
    ok(
      !answer.headers['content-security-policy']?.includes('frame-ancestors'),
      'the provider shows it in a frame',
    )
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
