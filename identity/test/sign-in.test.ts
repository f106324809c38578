import { deepEqual, equal, match, ok, throws } from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { describe, it } from 'node:test'
import { each } from '../../test/support/each.ts'
import { gatewayCallback } from '../addresses.ts'
import {
  type Asked,
  browser,
  callback,
  claimsIn,
  codeIn,
  gateway,
  headerIn,
  identity,
  openService,
  settingsOf,
  tokenIn,
} from './support/service.ts'

const second = 'https://second.example.test'
const on = await openService(
  { demo: {}, other: { forceLoginPrompt: true }, closed: { blocked: true } },
  { GATEWAYS: second, ERRORS_URL: 'https://docs.example.test/errors.html' },
)
const { call, clock } = on
const query = `callback=${encodeURIComponent(callback)}`

describe('A sign-in', () => {
  it('sends PKCE, state, nonce and the redirect URI of this organisation to the provider', async () => {
    const { asked } = await on.begin()
    const { state = '', nonce = '', code_challenge = '', ...others } = Object.fromEntries(asked)
    deepEqual(others, {
      response_type: 'code',
      client_id: 'imsg-demo',
      redirect_uri: `${identity}/v1/org/demo/login-callback`,
      scope: 'openid profile email',
      code_challenge_method: 'S256',
    })
    for (const secret of [state, nonce, code_challenge]) match(secret, /^[\w-]{43}$/)
    equal(new Set([state, nonce, code_challenge]).size, 3)
  })

  it('sends prompt=login when the organisation sets forceLoginPrompt', async () =>
    equal((await on.begin({ org: 'other' })).asked.get('prompt'), 'login'))

  it('gives the gateway a token signed with a published key, and clears its own cookie', async () => {
    const person = browser()
    const answer = await on.signIn({ person })
    equal(answer.statusCode, 303)
    ok(answer.headers.location?.startsWith(`${callback}&imid_token=`))
    const token = tokenIn(answer)
    const { jti, iat, exp, sub, ...claims } = claimsIn(token)
    deepEqual(claims, {
      ntt: 'id_token',
      iss: identity,
      aud: gateway,
      org: 'demo',
      groups: ['north-desk'],
      userinfo: { given_name: 'Edith' },
    })
    ok(Math.abs(Number(iat) - on.now()) < 5 && Number(exp) === Number(iat) + 28_800)
    match(String(sub), /^demo_[0-9a-f-]{36}$/)
    match(String(jti), /^[0-9a-f-]{36}$/)

    const { keys } = JSON.parse((await call('jwks')).body ?? '')
    deepEqual(headerIn(token), { alg: 'RS512', kid: keys[0].kid, typ: 'JWT' })
    const [input = '', signature = ''] = token.split(/\.(?=[^.]*$)/)
    const key = createPublicKey({ key: keys[0], format: 'jwk' })
    ok(verify('sha512', Buffer.from(input), key, Buffer.from(signature, 'base64url')))
    deepEqual([...person.cookies.keys()], ['imsg-hint'])
  })

  it('issues the token for the gateway that started it when several use this service', async () => {
    const answer = await on.signIn({ to: callback.replace(gateway, second) })
    ok(answer.headers.location?.startsWith(`${second}/`))
    equal(claimsIn(tokenIn(answer)).aud, second)
  })

  it('gives a person a stable subject, which differs between organisations', async () => {
    const subject = async (org: string) => claimsIn(tokenIn(await on.signIn({ org }))).sub
    const [demo, again, other] = [await subject('demo'), await subject('demo'), await subject('other')]
    equal(demo, again)
    ok(String(other).startsWith('other_') && other !== demo)
  })

  it('is stored in a __Host- cookie on a deployed service', async () => {
    const deployed = on.instance()
    const settings = { ...deployed.settings, loopback: false }
    const { cookies = [] } = await on.open({ ...deployed, settings })('login', { query })
    deepEqual(
      cookies.map((line) => line.replace(/-[\w-]{8}=[^;]+/, '')),
      ['__Host-imsg-sign-in; Max-Age=1800; Path=/; HttpOnly; Secure; SameSite=Lax'],
    )
  })

  it('works in two tabs at once; the oldest are dropped when the cookies exceed 4 kB', async () => {
    const person = browser()
    const tabs = [await on.begin({ person }), await on.begin({ person })]
    for (const { query } of tabs)
      equal((await call('login-callback', { query, cookies: person.pairs() })).statusCode, 303)
    const newest = []
    for (let tab = 0; tab < 20; tab++) {
      clock.ahead = tab
      newest.push((await on.begin({ person })).asked.get('state')?.slice(0, 8))
    }
    ok(person.pairs().join('').length <= 4096 + 10 * 3)
    ok(person.cookies.size > 3)
    const kept = [...person.cookies.keys()].map((name) => name.slice(-8)).sort()
    deepEqual(kept, newest.slice(-kept.length).sort())
  })

  it('clears no cookie whose name it could not have set itself', async () => {
    const cookies = ['<b>', 'x'.repeat(41)].map((name) => `imsg-sign-in-${name}=${'v'.repeat(4096)}`)
    equal((await call('login', { query, cookies })).cookies?.length, 1)
  })

  each<readonly [string, (state: string, cookies: string[]) => Asked, ahead?: number]>(
    'is refused in another browser, with a wrong state or organisation, or after half an hour',
    [
      ['in another browser', () => ({ cookies: [] })],
      ['with another state', (state) => ({ query: `code=c&state=${state.slice(0, -1)}_` })],
      ['at another organisation', () => ({ path: { org: 'other' } })],
      ['where another cookie of its name was planted', (_, [own = '']) => ({ cookies: [own, own] })],
      ['after half an hour', () => ({}), 1801],
    ],
  )(async ([, change, ahead = 0]) => {
    clock.ahead = 0
    const { person, asked, query } = await on.begin()
    clock.ahead = ahead
    const cookies = person.pairs()
    const told = { query, cookies, ...change(asked.get('state') ?? '', cookies) }
    const answer = await call('login-callback', told)
    deepEqual([answer.statusCode, codeIn(answer)], [403, 'login_not_from_this_browser'])
  })

  it('is refused when its callback is repeated', async () => {
    const { person, query } = await on.begin()
    const finish = async () => person.take(await call('login-callback', { query, cookies: person.pairs() }))
    equal((await finish()).statusCode, 303)
    equal(codeIn(await finish()), 'login_not_from_this_browser')
  })

  each('returns the error of the provider to the gateway, or "other" if it is malformed', [
    ['access_denied', 'access_denied'],
    ['<script', 'other'],
    ['script>', 'other'],
    ['a'.repeat(41), 'other'],
  ])(async ([error, told]) => {
    const { person, query } = await on.begin()
    const refused = query.replace(/^code=[^&]*/, `error=${encodeURIComponent(error)}`)
    const answer = person.take(await call('login-callback', { query: refused, cookies: person.pairs() }))
    deepEqual([answer.statusCode, answer.headers.location], [303, `${callback}&error=${told}`])
    equal(person.cookies.size, 0)
    equal(on.lines.at(-1)?.SignInDeclined, 1)
  })

  each('is refused when the organisation is unknown or blocked', [
    ['nobody', 'organisation_unknown'],
    ['closed', 'organisation_blocked'],
  ])(async ([org, code]) => {
    for (const route of ['login', 'login-callback'] as const)
      equal(codeIn(await call(route, { path: { org }, query: `${query}&state=s` })), code)
  })

  each<Record<string, string>>('does not start in a frame, by fetch or by prefetch', [
    { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
    { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    { 'sec-purpose': 'prefetch' },
  ])(async (headers) => {
    const answer = await call('login', { query, headers })
    deepEqual([answer.statusCode, answer.cookies], [401, undefined])
  })

  it('logs two lines with metrics, but no code, token, secret or claim', async () => {
    on.lines.length = 0
    const token = tokenIn(await on.signIn())
    const text = JSON.stringify(on.lines)
    const [begun, finished] = on.lines
    deepEqual([on.lines.length, begun?.SignInStarted, finished?.SignInFinished], [2, 1, 1])
    // The log cuts long values.
    const secrets = [token.slice(0, 60), 'person-1', 'Edith', 'session-1', 'client-secret', 'the-code-of-it']
    for (const secret of secrets) ok(!text.includes(secret), secret)
  })
})

describe('A page', () => {
  it('explains how to configure Entra when a person has too many groups', async () => {
    const answer = await on.signIn({ claims: { groups: undefined, _claim_names: { groups: 'src1' } } })
    deepEqual([answer.statusCode, codeIn(answer)], [403, 'groups_overage'])
    match(answer.body ?? '', /only the groups that are assigned to this application/)
  })

  each('links to the error documentation only for codes that the gateway shares', [
    ['nobody', 'organisation_unknown', true],
    ['demo', 'callback_not_allowed', false],
  ])(async ([org, code, explained]) => {
    const { body = '' } = await call('login', { path: { org }, query: 'callback=x' })
    ok(body.includes(code))
    equal(body.includes(`href="https://docs.example.test/errors.html#${code}"`), explained)
  })

  each('describes the service at / in a browser; other unmatched requests are answered 404', [
    ['/', 'text/html', 200, /You sign in here when a service asks you to/],
    ['/nothing', 'text/html', 404, /There is nothing at this address/],
    ['/', 'application/json', 404, /^"errors.api.NotFound"$/],
    ['/', 'text/html', 404, /There is nothing at this address/, 'POST'],
  ])(async ([raw, accept, status, says, method = 'GET']) => {
    const answer = await call('not-found', { method, path: { raw }, headers: { accept } })
    equal(answer.statusCode, status)
    match(answer.body ?? '', says)
    equal(answer.headers['x-content-type-options'], 'nosniff')
  })
})

describe('An unexpected exception', () => {
  it('is answered 500, and its stack frames are logged', async () => {
    const random = () => {
      throw new TypeError('a defect')
    }
    const answer = await on.open(on.instance({ random }))('login', { query })
    deepEqual([answer.statusCode, codeIn(answer)], [500, 'internal'])
    const { frames, code } = on.lines.at(-1) ?? {}
    equal(code, 'internal')
    match(String(frames), /pending-sign-ins/)
  })
})

describe('The callback parameter of a login', () => {
  const base = `${gateway}/imsg-service/v1/callback`
  const { gateways } = settingsOf()

  it('is refused without a redirect or a cookie when it is not at a gateway', async () => {
    const evil = `callback=${encodeURIComponent(callback.replace('gw.', 'evil.'))}`
    const answer = await call('login', { query: evil })
    deepEqual([answer.statusCode, answer.cookies, answer.headers.location], [400, undefined, undefined])
  })

  each('is refused unless it is exactly the callback of a gateway with its two parameters', [
    ['another host', callback.replace('gw.', 'evil.')],
    ['a host that begins like ours', callback.replace('example.test', 'example.test.evil.test')],
    ['another path', callback.replace('/callback?', '/callback/x?')],
    ['a path that climbs', callback.replace('/callback?', '/../callback?')],
    ['no binding', `${base}?serviceCallback=%2F`],
    ['one parameter more', `${callback}&imid_token=x`],
    ['a parameter twice', `${callback}&login=x`],
    ['an encoded name', `${base}?serviceCallback=%2F&%6Cogin=x`],
    ['an empty binding', `${base}?serviceCallback=%2F&login=`],
    ['a fragment', `${callback}#x`],
    ['plain http', callback.replace('https:', 'http:')],
    ['credentials', callback.replace('https://', 'https://u@')],
    ['more than 2,000 bytes', callback + 'x'.repeat(2001 - callback.length)],
    ['a control character', `${callback}\t`],
    ['nothing', ''],
  ])(([, text]) => throws(() => gatewayCallback(text, gateways), /callback_not_allowed|bad_query/))

  it('may be up to 2,000 bytes long', () => {
    const longest = callback + 'x'.repeat(2000 - callback.length)
    deepEqual(gatewayCallback(longest, gateways), { callback: longest, gateway })
  })
})
