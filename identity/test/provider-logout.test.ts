import { deepEqual, equal, notDeepEqual, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Problem } from '../../lib/problem.ts'
import { subjectKey } from '../../lib/store/keys.ts'
import type { Table } from '../../lib/store/table.ts'
import { each } from '../../test/support/each.ts'
import { sessionKeys } from '../sign-out/sessions.ts'
import { claimsIn, openService, providerOf, tokenIn } from './support/service.ts'

const on = await openService({
  demo: {},
  other: {},
  unused: {},
  changing: {},
  brief: { sessionLifetime: 60 },
  client: { clientId: 'x' },
})
const { provider, call, clock } = on

type Json = Readonly<Record<string, unknown>>
type Signature = typeof provider.wrong.signature
const event = 'http://schemas.openid.net/event/backchannel-logout'

/** A logout token as a good provider makes it, with these claims instead of its own. */
const logoutToken = (claims: Json = {}, header: Json = {}) =>
  provider.token(
    {
      iss: provider.issuer,
      aud: 'imsg-demo',
      iat: on.now(),
      exp: on.now() + 120,
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

/** Signs a person of this name in, with a `sid` of the same name. Resolves to our subject. */
const signedIn = async (name: string, org = 'demo') =>
  String(claimsIn(tokenIn(await on.signIn({ org, claims: { sub: name, sid: `sid-${name}` } }))).sub)
const claimsOf = (name: string) => ({ sub: name, sid: `sid-${name}` })
/** `notBefore` of this subject in the table of the gateway: sessions issued earlier have ended. */
const notBefore = async (sub: string, org = 'demo') => {
  const key = subjectKey(org, sub)
  return Number((await on.gatewayTable.read([key])).get(key)?.notBefore?.N ?? 0)
}

describe('Back-channel logout', () => {
  each<readonly [string, claims: Json, header: Json]>(
    'ends every session of the person named by sub, sid or both',
    [
      ['both', {}, { typ: 'logout+jwt' }],
      ['sid', { sub: undefined }, { typ: 'JWT' }],
      ['sub', { sid: undefined }, {}],
      ['no exp, as older providers send it', { exp: undefined }, {}],
      ['older than a minute', { iat: on.now() - 300 }, {}],
    ],
  )(async ([name, claims, header]) => {
    const sub = await signedIn(name)
    const token = logoutToken({ ...claimsOf(name), ...claims }, header)
    const answer = await post(token)
    deepEqual([answer.statusCode, answer.headers['cache-control']], [200, 'no-store'])
    equal(await notBefore(sub), claimsIn(token).iat)
    const { code, ProviderSignOut } = on.lines.at(-1) ?? {}
    deepEqual([code, ProviderSignOut], ['signed_out_by_provider', 1])
  })

  each<readonly [string, claims: Json, header?: Json, signature?: Signature]>(
    'is refused and ends no session when the logout token is invalid',
    [
      ['the signature of a stranger', {}, {}, 'forged'],
      ['no signature', {}, {}, 'none'],
      ['an algorithm outside idTokenAlg', {}, {}, 'RS512'],
      ['a shared secret instead of a key', {}, {}, 'HS256'],
      ['another audience', { aud: 'another' }],
      ['another issuer', { iss: 'https://evil.test' }],
      ['no event', { events: {} }],
      ['an event that is no object', { events: { [event]: 'x' } }],
      ['a nonce: it is an ID token', { nonce: 'x' }],
      ['neither sid nor sub', { sid: undefined, sub: undefined }],
      ['iat ten minutes ago', { iat: on.now() - 600 }],
      ['iat in five minutes', { iat: on.now() + 300 }],
      ['an exp that has passed', { exp: on.now() - 120 }],
      ['no iat', { iat: undefined }],
      ['no jti', { jti: undefined }],
      ['the type of an access token', {}, { typ: 'at+jwt' }],
      ['a type that begins as it should', {}, { typ: 'logout+jwt+x' }],
      ['an unknown key', {}, { kid: 'another' }],
    ],
  )(async ([name, claims, header, signature = 'good']) => {
    provider.wrong.signature = 'good'
    const sub = await signedIn(name)
    provider.wrong.signature = signature
    const answer = await post(logoutToken({ ...claimsOf(name), ...claims }, header))
    deepEqual([answer.statusCode, await notBefore(sub)], [400, 0])
  })

  it('ends sessions only at the organisation that the token was sent to', async () => {
    const [mine, theirs] = [await signedIn('twice'), await signedIn('twice', 'other')]
    equal((await post(logoutToken(claimsOf('twice')), 'client')).statusCode, 400)
    equal((await post(logoutToken(claimsOf('twice')))).statusCode, 200)
    ok((await notBefore(mine)) > 0)
    equal(await notBefore(theirs, 'other'), 0)
  })

  it('does not find the sessions of an earlier provider of the organisation', () => {
    const demo = on.instance().organisations.get('demo')
    ok(demo !== undefined)
    const provider = { ...demo.provider, ...providerOf('https://moved.example.test') }
    for (const claims of [{ sid: 'a' }, { sub: 'a' }])
      notDeepEqual(sessionKeys({ ...demo, provider }, claims), sessionKeys(demo, claims))
  })

  it('is answered 200 for a person without a session', async () => {
    // Nobody has signed in there, so its keys are not in the table.
    equal((await post(logoutToken(claimsOf('nobody')), 'unused')).statusCode, 200)
    equal(on.lines.at(-1)?.code, 'nobody_signed_in')
  })

  it('never moves notBefore backwards, nor into the future when iat is ahead of our clock', async () => {
    const sub = await signedIn('again')
    const now = on.now()
    await post(logoutToken({ ...claimsOf('again'), iat: now + 40 }))
    const end = await notBefore(sub)
    ok(end >= now && end <= on.now())
    equal((await post(logoutToken({ ...claimsOf('again'), iat: now - 50 }))).statusCode, 200)
    equal(await notBefore(sub), end)
  })

  it('changes nothing when our own session token has expired', async () => {
    const sub = await signedIn('expired', 'brief')
    clock.ahead = 61
    equal((await post(logoutToken(claimsOf('expired')), 'brief')).statusCode, 200)
    equal(await notBefore(sub, 'brief'), 0)
  })

  it('is verified with the stored key set for up to a day while the provider does not answer', async () => {
    const sub = await signedIn('down')
    for (const path of ['/.well-known/openid-configuration', '/jwks']) provider.wrong.answers[path] = () => {}
    clock.ahead = 86_460
    equal((await post(logoutToken(claimsOf('down')), 'demo', on.open())).statusCode, 400)
    clock.ahead = 700
    const began = performance.now()
    equal((await post(logoutToken(claimsOf('down')), 'demo', on.open())).statusCode, 200)
    ok(performance.now() - began < 2400, 'within the time that providers wait')
    ok((await notBefore(sub)) > 0)
  })

  it('requests the key set at most once a minute for tokens with unknown keys', async () => {
    await signedIn('busy')
    const at = on.open()
    const flood = async () => {
      provider.requests.length = 0
      for (let forged = 0; forged < 5; forged++)
        await post(logoutToken({}, { kid: `k-${forged}` }), 'demo', at)
      return provider.requests.filter((path) => path === '/jwks').length
    }
    equal(await flood(), 0)
    clock.ahead = 90
    provider.wrong.signature = 'forged'
    await post(logoutToken(), 'demo', at)
    equal(provider.requests.length, 0, 'a wrong signature causes no fetch')
    provider.wrong.signature = 'good'
    equal(await flood(), 1)
    await post(logoutToken({ iss: 'https://evil.test' }, { kid: 'x' }), 'demo', on.open())
    equal(provider.requests.length, 2, 'another issuer causes no fetch')
  })

  it('accepts a token signed with a new key of the provider, and refuses a withdrawn key', async () => {
    const sub = await signedIn('newer', 'changing')
    clock.ahead = 1000
    const old = logoutToken(claimsOf('newer'))
    provider.wrong.keys = new Map([['k2', provider.newKey()]])
    equal((await post(old, 'changing')).statusCode, 400)
    equal((await post(logoutToken(claimsOf('newer')), 'changing')).statusCode, 200)
    ok((await notBefore(sub, 'changing')) > 0)
  })

  it('is answered 400 and counted as ProviderSignOutFailed when the table cannot be written', async () => {
    await signedIn('unlucky')
    const change = () => Promise.reject(new Problem('table_unavailable'))
    const broken: Table = { ...on.gatewayTable, change }
    const at = on.open(on.instance({ gatewayTables: [broken] }))
    equal((await post(logoutToken(claimsOf('unlucky')), 'demo', at)).statusCode, 400)
    equal(on.lines.at(-1)?.ProviderSignOutFailed, 1)
  })

  each<readonly [body: string, type?: string]>(
    'is refused unless the body is a form with exactly one valid logout_token',
    [
      [''],
      ['logout_token='],
      ['logout_token=x'],
      [`logout_token=${logoutToken()}&logout_token=x`],
      [`logout_token=${logoutToken()}`, 'text/plain'],
      [`logout_token=${logoutToken()}`, 'application/x-www-form-urlencoded-not'],
      [`logout_token=${logoutToken({ padding: 'x'.repeat(8192) })}`],
      [`x=${'x'.repeat(40_000)}&logout_token=${logoutToken()}`],
    ],
  )(async ([body, type]) => {
    const headers = type === undefined ? {} : { 'content-type': type }
    equal((await call('backchannel-logout', { body, headers })).statusCode, 400)
  })
})

describe('Front-channel logout', () => {
  it('ends every session of the person whose sid it names', async () => {
    const sub = await signedIn('framed')
    const query = `sid=sid-framed&iss=${encodeURIComponent(provider.issuer)}`
    const dest = { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' }
    const answer = await call('frontchannel-logout', { query, headers: dest })
    equal(answer.statusCode, 200)
    equal(answer.headers['content-security-policy'], "default-src 'none'", 'the provider shows it in a frame')
    ok((await notBefore(sub)) >= on.now() - 5)
  })

  each('ends no session when sid is missing, empty or unknown, or when iss is wrong', [
    ['sid=person', 200],
    ['sid=another', 200],
    ['sid=sid-person&iss=https%3A%2F%2Fevil.test', 400],
    ['sid=', 400],
    ['', 400],
  ])(async ([query, status]) => {
    const sub = await signedIn('person')
    equal((await call('frontchannel-logout', { query })).statusCode, status)
    equal(await notBefore(sub), 0)
  })
})
