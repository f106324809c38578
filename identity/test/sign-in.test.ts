import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { after, describe, it } from 'node:test'
import { startFaultyProvider } from './support/faulty-provider.ts'
import {
  type Asked,
  browser,
  callback,
  claimsIn,
  codeIn,
  gateway,
  identity,
  openService,
  organisation,
  providerOf,
} from './support/service.ts'
import { begin, signIn, tokenIn } from './support/sign-in.ts'

const provider = await startFaultyProvider('imsg-demo')
after(provider.close)
const document = [
  organisation('demo', providerOf(provider.issuer)),
  organisation('other', providerOf(provider.issuer, { forceLoginPrompt: true })),
  organisation('closed', providerOf(provider.issuer), { blocked: true }),
]
const service = await openService(document, { GATEWAYS: 'https://second.example.test' })
const { call } = service

describe('A sign-in', () => {
  it('asks the provider with PKCE, state, nonce and the address of this organisation', async () => {
    const { asked } = await begin(service)
    deepEqual(
      ['response_type', 'client_id', 'redirect_uri', 'scope', 'code_challenge_method'].map((name) =>
        asked.get(name),
      ),
      ['code', 'imsg-demo', `${identity}/v1/org/demo/login-callback`, 'openid profile email', 'S256'],
    )
    for (const name of ['state', 'nonce', 'code_challenge']) match(asked.get(name) ?? '', /^[\w-]{43}$/)
    equal(new Set(['state', 'nonce', 'code_challenge'].map((name) => asked.get(name))).size, 3)
    equal(asked.get('prompt'), null)
  })

  it('makes the provider ask for the password again where the organisation wants that', async () =>
    equal((await begin(service, browser(), { org: 'other' })).asked.get('prompt'), 'login'))

  it('is for the gateway that started it, if several use this service', async () => {
    const second = 'https://second.example.test'
    const to = callback.replace(gateway, second)
    const answer = await signIn(service, provider, { to })
    ok(answer.headers.location?.startsWith(`${second}/`))
    equal(claimsIn(tokenIn(answer)).aud, second)
  })

  it('gives the gateway a token of ours, which the published key verifies, and spends its cookie', async () => {
    const person = browser()
    const answer = await signIn(service, provider, { person })
    equal(answer.statusCode, 303)
    ok(answer.headers.location?.startsWith(`${callback}&imid_token=`))
    const token = tokenIn(answer)
    const now = service.now()
    const { jti, iat, exp, sub, ...claims } = claimsIn(token)
    deepEqual(claims, {
      ntt: 'id_token',
      iss: identity,
      aud: gateway,
      org: 'demo',
      groups: ['north-desk'],
      userinfo: { given_name: 'Edith' },
    })
    ok(Math.abs(Number(iat) - now) < 5 && Number(exp) === Number(iat) + 28_800)
    match(String(sub), /^demo_[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    match(String(jti), /^[0-9a-f-]{36}$/)

    const { keys } = JSON.parse((await call('jwks')).body ?? '')
    const [header = '', payload = '', signature = ''] = token.split('.')
    deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), {
      alg: 'RS512',
      kid: keys[0].kid,
      typ: 'JWT',
    })
    const key = createPublicKey({ key: keys[0], format: 'jwk' })
    ok(verify('sha512', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url')))
    deepEqual([...person.cookies.keys()], ['imsg-hint'])
  })

  it('waits in a cookie for this host alone, where the service is deployed', async () => {
    const on = service.instance()
    const deployed = service.open({ ...on, settings: { ...on.settings, loopback: false } })
    const { cookies = [] } = await deployed('login', { query: `callback=${encodeURIComponent(callback)}` })
    deepEqual(
      cookies.map((line) => line.replace(/-[\w-]{8}=[^;]+/, '')),
      ['__Host-imsg-sign-in; Max-Age=1800; Path=/; HttpOnly; Secure; SameSite=Lax'],
    )
  })

  it('goes on in two tabs at once, and drops the oldest when all cookies together pass 4 kB', async () => {
    const person = browser()
    const first = await begin(service, person)
    const second = await begin(service, person)
    for (const { asked } of [first, second]) {
      provider.asked.nonce = asked.get('nonce') ?? ''
      const query = `code=c&state=${asked.get('state')}&iss=${encodeURIComponent(provider.issuer)}`
      equal((await call('login-callback', { query, cookies: person.pairs() })).statusCode, 303)
    }
    for (let tab = 0; tab < 20; tab++) {
      service.clock.ahead = tab
      await begin(service, person)
    }
    service.clock.ahead = 0
    ok(person.pairs().join('').length <= 4096 + 10 * 3)
    ok(person.cookies.size > 3)
  })

  for (const [what, change] of [
    ['in another browser', () => ({ cookies: [] })],
    ['with another state', (state) => ({ query: `code=c&state=${state.slice(0, -1)}_` })],
    ['at another organisation', () => ({ path: { org: 'other' } })],
    ['where another cookie of its name was planted', (_, [own = '']) => ({ cookies: [own, own] })],
  ] satisfies [string, (state: string, cookies: string[]) => Asked][])
    it(`is refused when it is finished ${what}`, async () => {
      const { person, asked } = await begin(service)
      const state = asked.get('state') ?? ''
      const cookies = person.pairs()
      const told = { query: `code=c&state=${state}`, cookies, ...change(state, cookies) }
      const answer = await call('login-callback', told)
      deepEqual([answer.statusCode, codeIn(answer)], [403, 'login_not_from_this_browser'])
    })

  it('is refused after half an hour, and a second time', async () => {
    const late = await begin(service)
    service.clock.ahead = 1801
    const query = `code=c&state=${late.asked.get('state')}`
    const answer = await call('login-callback', { query, cookies: late.person.pairs() })
    service.clock.ahead = 0
    equal(codeIn(answer), 'login_not_from_this_browser')

    const { person, asked } = await begin(service)
    provider.asked.nonce = asked.get('nonce') ?? ''
    const told = `code=c&state=${asked.get('state')}&iss=${encodeURIComponent(provider.issuer)}`
    const twice = []
    for (let time = 0; time < 2; time++)
      twice.push(person.take(await call('login-callback', { query: told, cookies: person.pairs() })))
    deepEqual([twice[0]?.statusCode, codeIn(twice[1] ?? answer)], [303, 'login_not_from_this_browser'])
  })

  it('gives one person in two organisations two subjects, and the same one each time', async () => {
    const subject = async (org: string) => claimsIn(tokenIn(await signIn(service, provider, { org }))).sub
    const [demo, again, other] = [await subject('demo'), await subject('demo'), await subject('other')]
    equal(demo, again)
    ok(String(other).startsWith('other_') && other !== demo)
  })

  it('goes back to the gateway with the error of a provider that refuses', async () => {
    for (const [error, told] of [
      ['access_denied', 'access_denied'],
      ['<script>', 'other'],
    ]) {
      const { person, asked } = await begin(service)
      const query = `error=${encodeURIComponent(error ?? '')}&state=${asked.get('state')}&iss=${encodeURIComponent(provider.issuer)}`
      const answer = person.take(await call('login-callback', { query, cookies: person.pairs() }))
      deepEqual([answer.statusCode, answer.headers.location], [303, `${callback}&error=${told}`])
      equal(person.cookies.size, 0)
    }
  })

  for (const [org, code] of [
    ['nobody', 'organisation_unknown'],
    ['closed', 'organisation_blocked'],
  ] as const)
    it(`is refused at an organisation: ${code}`, async () => {
      const query = `callback=${encodeURIComponent(callback)}&state=s`
      for (const route of ['login', 'login-callback'] as const)
        equal(codeIn(await call(route, { path: { org }, query })), code)
    })

  it('does not start in a frame, by fetch or by prefetch', async () => {
    for (const headers of [
      { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
      { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
      { 'sec-purpose': 'prefetch' },
    ]) {
      const answer = await call('login', { query: `callback=${encodeURIComponent(callback)}`, headers })
      deepEqual([answer.statusCode, answer.cookies], [401, undefined])
    }
  })

  it('leaves two lines in the log with its metrics, and no code, token, secret or claim', async () => {
    service.lines.length = 0
    const token = tokenIn(await signIn(service, provider))
    const text = JSON.stringify(service.lines)
    const measured = service.lines.map(({ _aws, Org, ...line }) => {
      const { CloudWatchMetrics } = _aws as { CloudWatchMetrics: { Dimensions: string[][] }[] }
      return [
        CloudWatchMetrics.flatMap(({ Dimensions }) => Dimensions),
        Org,
        line.SignInStarted,
        line.SignInReturned,
        line.SignInFinished,
        // Zero, since CloudWatch cannot compare with a metric without data.
        line.SignInFailed,
      ]
    })
    deepEqual(measured, [
      [[[], ['Org']], 'demo', 1, undefined, undefined, undefined],
      [[[], ['Org']], 'demo', undefined, 1, 1, 0],
    ])
    // The log cuts long values.
    for (const secret of [
      token.slice(0, 60),
      'person-1',
      'Edith',
      'session-1',
      'client-secret',
      'the-code-of-it',
    ])
      ok(!text.includes(secret), secret)
  })
})

describe('A defect of ours', () => {
  it('is a 500, and its log line says where it happened', async () => {
    const random = () => {
      throw new TypeError('a defect')
    }
    const query = `callback=${encodeURIComponent(callback)}`
    const answer = await service.open(service.instance({ random }))('login', { query })
    deepEqual([answer.statusCode, codeIn(answer)], [500, 'internal'])
    const { frames, code } = service.lines.at(-1) ?? {}
    equal(code, 'internal')
    match(String(frames), /pending-sign-ins/)
  })
})

describe('The callback of a sign-in', () => {
  const base = `${gateway}/imsg-service/v1/callback`
  for (const [what, text] of [
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
    ['more than 2,000 bytes', callback + 'x'.repeat(2000)],
    ['a control character', `${callback}\t`],
    ['nothing', ''],
  ] as const)
    it(`is refused: ${what}`, async () => {
      const answer = await call('login', { query: `callback=${encodeURIComponent(text)}` })
      deepEqual([answer.statusCode, answer.cookies, answer.headers.location], [400, undefined, undefined])
    })
})
