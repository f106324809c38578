import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Origin } from '../lib/config.ts'
import { checkCookieGrammar, cookies, jar, type SetCookie } from '../lib/http/cookies.ts'
import { withCookies } from '../lib/http/messages.ts'
import { each } from './support/each.ts'
import { asProblem, effect, fromOurPage, openGateway } from './support/gateway.ts'
import { unpacked } from './support/spellings.ts'
import vectors from './vectors/cookies.json' with { type: 'json' }

const values = (...header: string[]): readonly string[] => cookies(header).values('imidToken')

describe('A Cookie header', () => {
  each(
    'yields the session cookie beside any other cookie, even a malformed one',
    unpacked(vectors.foreign),
  )((pair) => {
    deepEqual(values(pair), [])
    const whole = [`${pair}; imidToken=x`, `${pair};imidToken=x`, `imidToken=x;${pair}`].map((text) => [text])
    for (const header of [[pair, 'imidToken=x'], ['imidToken=x', pair], ...whole])
      deepEqual(values(...header), ['x'], JSON.stringify(header))
  })

  each('does not yield a cookie whose name only resembles ours', [
    ...[...unpacked(vectors['not ours']), ' imidToken={token}', 'a=1;  imidToken={token}'],
  ])((pair) => deepEqual(values(pair), []))

  each(
    'yields the value as it was sent: not trimmed, unquoted or decoded',
    unpacked(vectors['not a token']),
  )((value) => deepEqual(values(`imidToken=${value}`), [value]))

  it('never throws, and yields the same cookies from one header as from several', () => {
    const pieces = ['; ', ' ', ...'sid __Host-sid = ; " , \t %65 \\ { } __proto__ sid=x'.split(' ')]
    const piece = fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 3 }))
    const pair = fc.array(piece, { maxLength: 6 }).map((parts) => parts.join('').replace(/^ +/, ''))
    const property = fc.property(fc.array(pair, { maxLength: 6 }), (sent) => {
      const whole = sent.join('; ')
      const all = cookies(sent).beginning('')
      for (const [name, value] of all) {
        ok(/^[^=;]+$/.test(name) && !value.includes(';'))
        ok(whole.includes(`${name}=${value}`))
      }
      deepEqual(cookies([whole]).beginning(''), all)
    })
    fc.assert(property, { numRuns: 2000 })
  })
})

describe('STRICT_COOKIE_MODE', async () => {
  each(
    'accepts cookies that follow the grammar of RFC 6265',
    unpacked(vectors.proper),
  )((header) => checkCookieGrammar(['b=1', header, `${header}; b=1`]))

  each(
    'refuses cookies that break this grammar',
    unpacked(vectors['breaks the grammar']),
  )((header) => throws(() => checkCookieGrammar(['b=1', header]), { code: 'bad_cookies' }))

  const gateway = await openGateway({ STRICT_COOKIE_MODE: 'true' })
  const { call, token } = gateway
  const foreign = 'theme={"a": 1}'

  it('answers 400 to malformed cookies, except at /health', async () => {
    const raw = await token()
    const refused = await call('token-is-set', { cookies: [foreign, `imidToken=${raw}`], headers: asProblem })
    deepEqual(effect(refused), { status: 400, code: 'bad_cookies' })
    for (const more of [{}, { cookies: [] }])
      equal((await call('token-is-set', { bearer: raw, ...more })).statusCode, 200)
    equal((await call('health', { cookies: [foreign] })).statusCode, 200)
  })

  it('still ends the session at a logout with malformed cookies', async () => {
    const raw = await token()
    const request = { cookies: [foreign, `imidToken=${raw}`], headers: { ...asProblem, ...fromOurPage } }
    deepEqual(effect(await call('logout', request)), {
      status: 400,
      code: 'bad_cookies',
      clears: 'imidToken',
    })
    equal((await call('token-is-set', { bearer: raw })).statusCode, 401)
  })
})

describe('A cookie of the gateway', () => {
  const made = (publicUrl: string, cookieName = 'sid', cookieDomain?: string) =>
    jar({
      cookieName,
      cookieDomain,
      publicUrl: publicUrl as Origin,
      loopback: publicUrl.startsWith('http:'),
    })

  each('is HttpOnly, SameSite=Lax, and Secure unless PUBLIC_URL is plain http on loopback', [
    ...['https://gw.example.test', 'http://localhost:1'].flatMap((url) => [
      [url, 'sid'] as const,
      [url, '__Host-sid'] as const,
    ]),
  ])(([publicUrl, name]) => {
    const our = made(publicUrl, name)
    const secure = publicUrl.startsWith('https:')
    const expected = ['HttpOnly', ...(secure ? ['Secure'] : []), 'SameSite=Lax']
    const set = [our.session('a.b.c', 9), our.seal('x', 9), our.login('__Host-a', 'b'), our.loop('c')]
    for (const text of [...set, ...our.clearSession('units', 'all')]) {
      deepEqual(text.split('; ').slice(-expected.length), expected, text)
      equal(text.includes('Secure'), secure)
    }
    for (const own of [our.sessionName, our.sealName, our.loginPrefix, our.loopName])
      ok(secure || !own.startsWith('__Host-'), own)
  })

  each('keeps a __Host- or __Secure- prefix only when PUBLIC_URL is https', [
    ['__Host-sid', 'sid'],
    ['__secure-sid', 'sid'],
    ['my__Host-sid', 'my__Host-sid'],
  ])(([name, plain]) => {
    const names = ['https://gw.example.test', 'http://localhost:1'].map((url) => made(url, name).sessionName)
    deepEqual(names, [name, plain])
  })

  it('has the Domain of COOKIE_DOMAIN only if it is the session cookie', () => {
    const our = made('https://gw.example.test', 'sid', 'example.test')
    const shared = [our.session('a', 1), our.seal('a', 1), our.login('a', 'b'), our.loop('c')].map((text) =>
      text.includes('; Path=/; Domain=example.test;'),
    )
    deepEqual(shared, [true, false, false, false])
    const slot = 'sid=; Max-Age=0; Path=/; Domain=example.test; HttpOnly; Secure; SameSite=Lax'
    deepEqual(
      [
        our.clearSession('units', 'all').includes(slot as SetCookie),
        our.clearSession('units', 'others').includes(slot as SetCookie),
      ],
      [true, false],
    )
  })

  it('is 4,096 characters long at most', () => {
    const our = made('https://gw.example.test')
    ok(our.session('x'.repeat(4092), 1).startsWith('sid=xxx'))
    throws(() => our.session('x'.repeat(4093), 1), { code: 'token_too_large' })
  })

  const clearedAt = (publicUrl: string, attribute: RegExp, where: (text: string) => boolean, name = 'sid') =>
    made(publicUrl, name)
      .clearSession('units', 'all')
      .filter(where)
      .map((text) => attribute.exec(text)?.[1])

  each('is cleared for its host and parent domains, but not for top-level domains or IP addresses', [
    ['https://a.b.example.test', ['a.b.example.test', 'b.example.test', 'example.test']],
    ['https://gw.b1', ['gw.b1']],
    ['https://a.1.test', ['a.1.test', '1.test']],
    ['https://a.1x', ['a.1x']],
    ...['http://localhost:3000', 'http://127.0.0.10:3000', 'http://[::1]:3000'].map(
      (address) => [address, []] as const,
    ),
  ])(([publicUrl, domains]) => {
    const domainsAt = clearedAt(publicUrl, /Domain=([^;]+)/, (text) => text.includes('; Path=/;'))
    deepEqual(domainsAt, [undefined, ...domains])
  })

  it('is cleared at every path of the route table, first at the route that answers', () => {
    const paths = clearedAt('https://gw.b1', /Path=([^;]+)/, (text) => !text.includes('Domain='))
    const v1 = '/imsg-service/v1'
    const first = ['/', v1, `${v1}/`, '/imsg-service', '/imsg-service/', `${v1}/units`, `${v1}/units/`]
    deepEqual(paths.slice(0, first.length), first)
    for (const route of ['token-is-set', 'unit', 'logout', 'callback', 'login-failed', 'health'])
      for (const path of [`${v1}/${route}`, `${v1}/${route}/`]) ok(paths.includes(path), path)
    equal(new Set(paths).size, paths.length)
    ok(paths.every((path) => /^\/[a-z0-9/-]*$/.test(path ?? '')))
    deepEqual(made('https://gw.b1').clearSession('of no route', 'all').length, 2 * paths.length)
    deepEqual(
      clearedAt('https://gw.b1', /Path=([^;]+)/, () => true, '__Host-sid'),
      ['/'],
    )
  })

  it('is added to a response once, and only while the headers have at most 8,000 bytes', () => {
    const answer = { statusCode: 200, headers: { a: 'b' } }
    const cookie = (length: number, letter = 'x') => letter.repeat(length) as SetCookie
    // `a: b` and `set-cookie: `, each with its line break, are 6 and 14 bytes.
    deepEqual(withCookies(answer, [cookie(9), cookie(9)]).cookies, [cookie(9)])
    deepEqual(withCookies(answer, [cookie(7980)]).cookies, [cookie(7980)])
    deepEqual(withCookies(answer, [cookie(7981)]), answer)
    deepEqual(withCookies(answer, [cookie(4000), cookie(3967, 'y')]).cookies?.length, 1)
    deepEqual(withCookies(answer, [cookie(4000), cookie(3966, 'y')]).cookies?.length, 2)
  })
})
