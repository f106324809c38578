import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { each } from './support/each.ts'
import {
  asProblem,
  cleared,
  effect,
  fromOurPage,
  navigation,
  openGateway,
  publicUrl,
  type Request,
} from './support/gateway.ts'

const gateway = await openGateway()
const { call, open, token, front, later, whileTableFails } = gateway

/** Signs out with these session cookies, by default from a page of ours. */
const out = (raw: readonly string[], { headers = fromOurPage, ...request }: Request = {}) =>
  call('logout', {
    ...request,
    headers: { ...asProblem, ...headers },
    ...(raw.length > 0 && { cookies: raw.map((text) => `imidToken=${text}`) }),
  })
/** Which of these are still signed in. */
const areIn = (...tokens: readonly string[]): Promise<boolean[]> =>
  Promise.all(tokens.map(async (bearer) => (await call('token-is-set', { bearer })).statusCode === 200))
const signedOut = { status: 200, clears: 'imidToken' }
const unavailable = { status: 503, code: 'table_unavailable' }

describe('POST /logout', () => {
  it('ends only the session of the cookie, and clears the cookie', async () => {
    const [mine, other] = [await token(), await token()]
    deepEqual(await areIn(mine, other), [true, true])
    const answer = await out([mine])
    deepEqual([effect(answer), answer.body], [signedOut, '{"msg":"You are logged out"}'])
    const { org, subject } = gateway.logs.at(-1) ?? {}
    deepEqual([org, typeof subject], ['demo', 'string'])
    deepEqual(await areIn(mine, other), [false, true])
  })

  it('ends every session in cookies and bearer, each once', async () => {
    const [one, two] = [await token(), await token({ jti: null })]
    const bearer = await token({ ntt: 'access_token' })
    front.reset()
    deepEqual(effect(await out([one, one, two, one], { bearer })), signedOut)
    deepEqual([await areIn(one, two, bearer), front.calls.write], [[false, false, false], 3])
    const cookie = await token()
    deepEqual(effect(await out([cookie], { bearer: 'x' })), signedOut, 'beside what is no bearer')
    deepEqual(await areIn(cookie), [false])
  })

  each('succeeds without a session, and reads nothing from the table', [[], ['nonsense']])(async (raw) => {
    front.reset()
    gateway.asked.times = 0
    deepEqual(effect(await out(raw)), signedOut)
    deepEqual([front.calls, gateway.asked.times], [{ read: 0, write: 0 }, 0])
  })

  it('asks for new keys once and reads the state twice, however many forged cookies are sent', async () => {
    const [, ...rest] = (await token()).split('.')
    const header = (n: number) => Buffer.from(JSON.stringify({ alg: 'RS512', kid: `nobody-${n}` }))
    const forged = Array.from({ length: 50 }, (_, n) => [header(n).toString('base64url'), ...rest].join('.'))
    const fresh = await open('logout')
    front.reset()
    gateway.asked.times = 0
    const answer = await fresh({ cookies: forged.map((raw) => `imidToken=${raw}`), headers: fromOurPage })
    deepEqual([answer.statusCode, gateway.asked.times, front.calls], [200, 1, { read: 2, write: 0 }])
  })

  it('answers a form submission with a page in the language of the browser', async () => {
    const raw = await token()
    const headers = { ...fromOurPage, ...navigation, 'accept-language': 'sv' }
    const answer = await out([raw], { headers })
    deepEqual([effect(answer), answer.headers['content-type']], [signedOut, 'text/html; charset=utf-8'])
    match(answer.body ?? '', /<h1>Du är utloggad<\/h1>\n<p>[^<]{100,}<\/p>\n<\/main>\n<\/body>/)
    deepEqual(await areIn(raw), [false])
  })

  each('ignores the body, even if it is too large to be read', [
    [200, { body: '{"callback":"https://evil.test"}' }],
    [200, { body: '*', base64: true }],
    [413, { body: 'x'.repeat(131_073) }],
  ])(async ([status, request]) => {
    const raw = await token()
    const answer = await out([raw], request)
    deepEqual([answer.statusCode, cleared(answer)], [status, ['imidToken']])
    deepEqual(await areIn(raw), [false])
  })

  it('answers a script with the documented JSON, whatever its Accept header', async () => {
    const headers = { ...fromOurPage, accept: 'text/html', 'sec-fetch-mode': 'cors' }
    equal((await out([], { headers })).body, '{"msg":"You are logged out"}')
  })
})

describe('POST /logout with a callback', () => {
  const goesOn = (to: string) => ({ status: 303, to, clears: 'imidToken' })
  const app = 'https://app.example.test/goodbye'
  const refused = (code: string) => ({ status: 400, code, clears: 'imidToken' })

  each('ends the session first, then redirects to an allowed return URL or answers 400', [
    ['/goodbye', goesOn(`${publicUrl}/goodbye`)],
    [app, goesOn(app)],
    ['https://evil.test', refused('return_url_not_allowed')],
    ['/a&callback=/b', refused('bad_query')],
    ['/a&%zz', refused('bad_query')],
    ['', refused('return_url_not_allowed')],
  ])(async ([target, expected]) => {
    const raw = await token()
    deepEqual(effect(await out([raw], { query: `callback=${target}` })), expected)
    deepEqual(await areIn(raw), [false])
  })

  it('redirects when both sessions are of one organisation', async () => {
    const sessions = [await token(), await token()]
    deepEqual(effect(await out(sessions, { query: `callback=${app}` })), goesOn(app))
  })

  each('allows only return URLs of the settings when there is no session, and reads nothing from the table', [
    ['/bye', goesOn(`${publicUrl}/bye`)],
    [app, refused('return_url_not_allowed')],
  ])(async ([target, expected]) => {
    front.reset()
    deepEqual(effect(await out([], { query: `callback=${target}` })), expected)
    deepEqual(front.calls, { read: 0, write: 0 })
  })
})

describe('POST /logout from another site', () => {
  const headers = { origin: 'https://evil.test' }

  it('is refused before it ends the session of a cookie', async () => {
    const raw = await token()
    front.reset()
    deepEqual(effect(await out([raw], { headers })), { status: 403, code: 'foreign_origin' })
    deepEqual([front.calls.write, await areIn(raw)], [0, [true]])
  })

  it('ends the session of a bearer, and ignores the cookie', async () => {
    const [bearer, cookie] = [await token(), await token()]
    deepEqual(effect(await out([cookie], { bearer, headers })), { status: 200 })
    deepEqual(await areIn(bearer, cookie), [false, true])
  })
})

describe('POST /logout during a failure', () => {
  it('answers 503 and keeps the cookie for a retry when the end of a session cannot be stored', async () => {
    const raw = await token()
    deepEqual(effect(await whileTableFails(() => out([raw]), 'write')), unavailable)
    deepEqual(await areIn(raw), [true])
  })

  it('ends sessions even when the state is older than the grace period', async () => {
    const raw = await token()
    const fresh = await open('logout')
    const leave = () => fresh({ cookies: [`imidToken=${raw}`], headers: fromOurPage })
    equal((await later(3700, leave)).statusCode, 200)
    deepEqual(await areIn(raw), [false])
  })

  it('answers 503 when the table fails during the search for a key, or there is no state', async () => {
    await out([await token()])
    const strange = await token({}, { header: { kid: 'looked for' } })
    deepEqual(effect(await later(5, () => whileTableFails(() => out([strange])))), unavailable)
    const stateless = { ...gateway.table, read: async () => new Map() }
    const fresh = await open('logout', { ...gateway.instance(), table: stateless })
    const answer = await fresh({ bearer: await token(), headers: asProblem })
    deepEqual(effect(answer), { status: 503, code: 'state_missing' })
  })

  it('answers 503 for a token with a possibly newer key, unless another session is ended', async () => {
    const strange = await token({}, { header: { kid: 'still to come' } })
    // Somebody has the one fetch of this minute.
    await call('token-is-set', { bearer: strange })
    await later(2, async () => {
      deepEqual(effect(await out([strange])), { status: 503, code: 'token_key_pending' })
      const raw = await token()
      deepEqual(effect(await out([strange, raw])), signedOut)
      deepEqual(await areIn(raw), [false])
    })
  })
})

describe('POST /logout with IMAS_LOGOUT_PATH', async () => {
  const there = `${gateway.identity.url}/v1/org/demo/logout`
  const route = await open('logout', gateway.instance({ IMAS_LOGOUT_PATH: '/v1/org/{org}/logout' }))
  const end = async (query: string, headers: Record<string, string>, tokens: readonly string[]) => {
    const cookies = tokens.map((text) => `imidToken=${text}`)
    const answer = await route({ query, headers: { ...fromOurPage, ...headers }, cookies })
    ok(!(await areIn(...tokens)).includes(true))
    ok(tokens.length === 0 || cleared(answer).includes('imidToken'))
    return [answer.statusCode, answer.headers.location ?? answer.body]
  }
  const script = { 'sec-fetch-mode': 'cors' }
  const told = (logoutUrl: string) => [200, JSON.stringify({ msg: 'You are logged out', logoutUrl })]
  const bye = encodeURIComponent(`${publicUrl}/bye`)

  each(
    'ends the session first, then redirects to the logout of the identity service if the return URL is allowed',
    [
      ['callback=/bye', navigation, [303, `${there}?callback=${bye}`]],
      ['', navigation, [303, there]],
      ['', { accept: 'text/html,*/*;q=0.8' }, [303, there]],
      ['', script, told(there)],
      ['callback=/bye', script, told(`${there}?callback=${bye}`)],
      ['callback=https://evil.test/', script, [400, '"errors.api.BadRequestError"']],
    ],
  )(async ([query, headers, answer]) => deepEqual(await end(query, headers, [await token()]), answer))

  it('does not redirect to the identity service without a session or with those of two organisations', async () => {
    const two = [await token(), await token({ org: 'second' })]
    for (const tokens of [[], two])
      deepEqual(await end('callback=/bye', navigation, tokens), [303, `${publicUrl}/bye`])
  })
})
