import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Problem } from '../lib/problem.ts'
import { each } from './support/each.ts'
import {
  asProblem,
  cleared,
  codeOf,
  fromOurPage,
  navigation,
  openGateway,
  publicUrl,
} from './support/gateway.ts'

const gateway = await openGateway()
const { call, open, token, front, clock } = gateway

const out = (raw: string | undefined, query = '', headers: Record<string, string> = fromOurPage) =>
  call('logout', {
    query,
    headers: { ...asProblem, ...headers },
    ...(raw === undefined ? {} : { cookies: [`imidToken=${raw}`] }),
  })
const isIn = async (raw: string) => (await call('token-is-set', { bearer: raw })).statusCode === 200
const everyVariant = ['imidToken']

describe('POST /logout', () => {
  it('ends the session and takes the cookie away', async () => {
    const raw = await token()
    equal(await isIn(raw), true)
    const answer = await out(raw)
    deepEqual(
      [answer.statusCode, answer.body, cleared(answer)],
      [200, '{"msg":"You are logged out"}', everyVariant],
    )
    equal(await isIn(raw), false)
  })

  it('sends whoever is not signed in on to a path of ours, and reads nothing for it', async () => {
    front.reset()
    const answer = await out(undefined, 'callback=/bye')
    deepEqual(
      [answer.statusCode, answer.headers.location, front.calls],
      [303, `${publicUrl}/bye`, { read: 0, write: 0 }],
    )
  })

  it('clears the cookie with the attributes it was set with, for the host and for its domains first', async () => {
    const { cookies } = await out(await token())
    deepEqual(cookies?.slice(0, 3), [
      'imidToken=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax',
      'imidToken=; Max-Age=0; Path=/; Domain=gw.example.test; HttpOnly; Secure; SameSite=Lax',
      'imidToken=; Max-Age=0; Path=/; Domain=example.test; HttpOnly; Secure; SameSite=Lax',
    ])
  })

  each('tells whoever signs out by a form so on a page, in their language', [
    ['en', 'You are signed out'],
    ['sv', 'Du är utloggad'],
  ])(async ([language, title]) => {
    const raw = await token()
    const answer = await out(raw, '', { ...fromOurPage, ...navigation, 'accept-language': language })
    deepEqual(
      [
        answer.statusCode,
        answer.headers['content-type'],
        answer.headers['content-language'],
        cleared(answer),
      ],
      [200, 'text/html; charset=utf-8', language, everyVariant],
    )
    ok(answer.body?.includes(`<h1>${title}</h1>`))
    match(answer.body ?? '', /<p>[^<]{100,}<\/p>/)
    ok(!/<footer|<script|class="action"/.test(answer.body ?? ''))
    match(answer.body ?? '', /<\/p>\n<\/main>\n<\/body>/)
    match(answer.headers['content-security-policy'] ?? '', /^default-src 'none'; style-src 'sha256-/)
    equal(await isIn(raw), false)
  })

  it('tells a script so in the documented words, whatever it accepts', async () => {
    const answer = await out(undefined, '', { ...fromOurPage, accept: 'text/html', 'sec-fetch-mode': 'cors' })
    deepEqual([answer.statusCode, answer.body], [200, '{"msg":"You are logged out"}'])
  })

  it('ends one session and leaves the others', async () => {
    const [mine, other] = [await token(), await token()]
    await out(mine)
    deepEqual([await isIn(mine), await isIn(other)], [false, true])
  })

  it('ends the session by what it is, not by how its token is spelled', async () => {
    const raw = await token({ jti: null })
    await out(raw)
    equal(await isIn(raw), false)
  })

  it('costs nothing when the cookie cannot even be read', async () => {
    front.reset()
    gateway.asked.times = 0
    deepEqual(
      [(await out('garbage')).statusCode, front.calls, gateway.asked.times],
      [200, { read: 0, write: 0 }, 0],
    )
  })

  it('asks for keys once and reads the state twice, however many forged cookies come', async () => {
    const [, payload = '', signature = ''] = (await token()).split('.')
    const header = (n: number) => Buffer.from(JSON.stringify({ alg: 'RS512', kid: `nobody-${n}` }))
    const cookies = Array.from(
      { length: 50 },
      (_, n) => `imidToken=${header(n).toString('base64url')}.${payload}.${signature}`,
    )
    const fresh = await open('logout')
    front.reset()
    gateway.asked.times = 0
    const answer = await fresh({ cookies, headers: fromOurPage })
    deepEqual([answer.statusCode, gateway.asked.times, front.calls], [200, 1, { read: 2, write: 0 }])
  })

  it('ends one session once, however often its cookie comes', async () => {
    const raw = await token()
    front.reset()
    await call('logout', { cookies: Array(5).fill(`imidToken=${raw}`), headers: fromOurPage })
    deepEqual([await isIn(raw), front.calls.write], [false, 1])
  })

  it('ends both sessions of a browser that sends two', async () => {
    const [one, two] = [await token(), await token()]
    const answer = await call('logout', {
      cookies: [`imidToken=${one}`, `imidToken=${two}`],
      headers: fromOurPage,
    })
    deepEqual([answer.statusCode, await isIn(one), await isIn(two)], [200, false, false])
  })

  it('ends the session of a bearer', async () => {
    const raw = await token()
    equal((await call('logout', { bearer: raw })).statusCode, 200)
    equal(await isIn(raw), false)
  })

  it('ends a bearer and the cookie beside it, when a page of ours sent them', async () => {
    const [bearer, cookie] = [await token({ ntt: 'access_token' }), await token()]
    const answer = await call('logout', { bearer, cookies: [`imidToken=${cookie}`], headers: fromOurPage })
    deepEqual([answer.statusCode, cleared(answer)], [200, everyVariant])
    deepEqual([await isIn(bearer), await isIn(cookie)], [false, false])
  })

  it('ends the cookie beside what is no bearer, when a page of ours sent them', async () => {
    const cookie = await token()
    const answer = await call('logout', {
      bearer: 'x',
      cookies: [`imidToken=${cookie}`],
      headers: fromOurPage,
    })
    deepEqual([answer.statusCode, cleared(answer), await isIn(cookie)], [200, everyVariant, false])
  })

  each('ends a bearer from another site, and leaves the cookie beside it where it is', [
    ['another origin', { origin: 'https://evil.test' }],
    ['a sibling site', { 'sec-fetch-site': 'same-site' }],
    ['an unknown place', {}],
  ])(async ([, headers]) => {
    const [bearer, cookie] = [await token(), await token()]
    const answer = await call('logout', { bearer, cookies: [`imidToken=${cookie}`], headers })
    deepEqual([answer.statusCode, answer.cookies], [200, undefined])
    deepEqual([await isIn(bearer), await isIn(cookie)], [false, true])
  })

  it('goes on to where both of two sessions may go', async () => {
    const [one, two] = [await token(), await token()]
    const answer = await call('logout', {
      query: 'callback=https%3A%2F%2Fapp.example.test%2F',
      cookies: [`imidToken=${one}`, `imidToken=${two}`],
      headers: fromOurPage,
    })
    deepEqual([answer.statusCode, answer.headers.location], [303, 'https://app.example.test/'])
  })

  each('goes on to a path of its own or a return domain with 303', [
    ['a path on the gateway', '/goodbye'],
    ['a return domain of the organisation', 'https://app.example.test/goodbye'],
  ])(async ([, target]) => {
    const answer = await out(await token(), `callback=${encodeURIComponent(target)}`)
    deepEqual(
      [answer.statusCode, answer.headers.location, cleared(answer)],
      [303, new URL(target, publicUrl).href, everyVariant],
    )
  })

  each('ends the session first, and then answers 400 to a bad callback', [
    ['return_url_not_allowed', 'a foreign callback', 'callback=https%3A%2F%2Fevil.test'],
    ['bad_query', 'two callbacks', 'callback=/a&callback=/b'],
  ])(async ([code, , query]) => {
    const raw = await token()
    const answer = await out(raw, query)
    deepEqual(
      [answer.statusCode, codeOf(answer), answer.headers.location, cleared(answer)],
      [400, code, undefined, everyVariant],
    )
    equal(await isIn(raw), false)
  })

  each('succeeds for whoever has no session, and writes nothing', [
    ['nobody', undefined],
    ['what is no token', 'nonsense'],
  ])(async ([, raw]) => {
    front.reset()
    const answer = await out(raw)
    deepEqual([answer.statusCode, cleared(answer), front.calls.write], [200, everyVariant, 0])
  })

  each('refuses a cookie from another site, before anything is ended', [
    ['another origin', { origin: 'https://evil.test' }],
    ['another port', { origin: `${publicUrl}:8443` }],
    ['a look-alike', { origin: `${publicUrl}.evil.test` }],
    ['a sibling site', { 'sec-fetch-site': 'same-site' }],
    ['an unknown place', {}],
  ])(async ([, headers]) => {
    const raw = await token()
    front.reset()
    const answer = await out(raw, '', headers)
    deepEqual(
      [answer.statusCode, codeOf(answer), answer.cookies, front.calls.write],
      [403, 'foreign_origin', undefined, 0],
    )
    equal(await isIn(raw), true)
  })

  it('refuses a foreign form even when the browser kept the cookie back: its answer would clear it', async () => {
    const answer = await out(undefined, '', { origin: 'https://evil.test' })
    deepEqual([answer.statusCode, answer.cookies], [403, undefined])
  })

  it('answers 503 and leaves the cookie, so that it can be tried again, when the end cannot be stored', async () => {
    const raw = await token()
    front.fault.next = (kind) => (kind === 'write' ? new Problem('table_unavailable') : undefined)
    const answer = await out(raw)
    delete front.fault.next
    deepEqual([answer.statusCode, codeOf(answer), answer.cookies], [503, 'table_unavailable', undefined])
    equal(await isIn(raw), true)
  })

  it('still ends sessions when the state is too old to start any', async () => {
    const raw = await token()
    clock.ahead = 3700
    equal(
      (await (await open('logout'))({ cookies: [`imidToken=${raw}`], headers: fromOurPage })).statusCode,
      200,
    )
    clock.ahead = 0
    equal(await isIn(raw), false)
  })

  it('answers 503 when the table fails while a key is looked for', async (test) => {
    test.after(() => {
      clock.ahead = 0
    })
    await out(await token())
    clock.ahead = 5
    front.fault.next = () => new Problem('table_unavailable')
    const answer = await out(await token({}, { header: { kid: 'looked for' } }))
    delete front.fault.next
    deepEqual([answer.statusCode, codeOf(answer), answer.cookies], [503, 'table_unavailable', undefined])
  })

  it('cannot say that a session is ended whose key may still come, unless it ends another', async (test) => {
    test.after(() => {
      clock.ahead = 0
    })
    const strange = await token({}, { header: { kid: 'still to come' } })
    // Somebody has the one fetch of this minute.
    await call('token-is-set', { bearer: strange })
    clock.ahead = 2
    const alone = await out(strange)
    deepEqual([alone.statusCode, codeOf(alone)], [503, 'token_key_pending'])

    const raw = await token()
    const both = await call('logout', {
      cookies: [`imidToken=${strange}`, `imidToken=${raw}`],
      headers: { ...asProblem, ...fromOurPage },
    })
    deepEqual([both.statusCode, await isIn(raw)], [200, false])
  })
})

describe('POST /logout with IMAS_LOGOUT_PATH', async () => {
  const there = `${gateway.identity.url}/v1/org/demo/logout`
  const route = await open('logout', gateway.instance({ IMAS_LOGOUT_PATH: '/v1/org/{org}/logout' }))
  const end = async (
    query: string,
    headers: Record<string, string>,
    tokens?: readonly string[],
  ): Promise<[number, unknown]> => {
    const raw = tokens ?? [await token()]
    const answer = await route({
      query,
      headers: { ...fromOurPage, ...headers },
      cookies: raw.map((text) => `imidToken=${text}`),
    })
    for (const text of raw) equal(await isIn(text), false)
    return [answer.statusCode, answer.headers.location ?? answer.body]
  }

  each('ends the session here first, and then at the identity service', [
    [
      'a navigation on to it with the return URL',
      'callback=https://app.example.test/bye',
      navigation,
      [303, `${there}?callback=https%3A%2F%2Fapp.example.test%2Fbye`],
    ],
    ['a navigation on to it without one', '', navigation, [303, there]],
    ['a form of an older browser too', '', { accept: 'text/html,*/*;q=0.8' }, [303, there]],
    [
      'a script its address',
      '',
      { 'sec-fetch-mode': 'cors' },
      [200, JSON.stringify({ msg: 'You are logged out', logoutUrl: there })],
    ],
    [
      'a script its address with the return URL',
      'callback=/bye',
      { 'sec-fetch-mode': 'cors' },
      [
        200,
        JSON.stringify({
          msg: 'You are logged out',
          logoutUrl: `${there}?callback=${encodeURIComponent(`${publicUrl}/bye`)}`,
        }),
      ],
    ],
  ])(async ([, query, headers, answer]) => deepEqual(await end(query, headers), answer))

  it('takes nobody there with a return URL that is not allowed, and has ended the session all the same', async () => {
    const [status] = await end('callback=https://evil.test/', navigation)
    equal(status, 400)
  })

  it('goes nowhere but here for whoever is not signed in, or may be at one of two organisations', async () => {
    deepEqual(await end('callback=/bye', navigation, []), [303, `${publicUrl}/bye`])
    const two = [await token(), await token({ org: 'second' })]
    deepEqual(await end('callback=/bye', navigation, two), [303, `${publicUrl}/bye`])
  })
})
