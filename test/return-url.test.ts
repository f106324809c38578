import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Origin } from '../lib/config.ts'
import { type Allowed, judgeReturnUrl, plausibleReturnUrl } from '../lib/redirect/return-url.ts'
import { each } from './support/each.ts'
import { unpacked } from './support/spellings.ts'
import vectors from './vectors/return-urls.json' with { type: 'json' }

const publicUrl = 'https://gw.example.test' as Origin
const allowed: Allowed = {
  publicUrl,
  origins: ['https://editor.example.test:8443', 'http://localhost:3000'] as Origin[],
  domains: ['app.example.test', 'news.x'],
}
const judged = (input: string): string | undefined => {
  const verdict = judgeReturnUrl(input, allowed)
  return 'url' in verdict ? verdict.url : undefined
}
/** `{2048}` stands for as many letters as make the whole 2048 characters long. */
const filled = (input: string): string =>
  input.replace(/\{(\d+)\}/, (hole, length) => 'x'.repeat(Number(length) - (input.length - hole.length)))

describe('A return URL that is allowed', () => {
  each('is returned with the rule that allows it', [
    ['/next?a=b', `${publicUrl}/next?a=b`, 'a path on PUBLIC_URL'],
    [publicUrl, `${publicUrl}/`, 'PUBLIC_URL itself'],
    ['http://localhost:3000/a', 'http://localhost:3000/a', 'listed in ALLOWED_CALLBACK_ORIGINS'],
    ['https://a.news.x/b', 'https://a.news.x/b', 'under a return domain of the organisation'],
  ])(([input, url, rule]) => deepEqual(judgeReturnUrl(input, allowed), { url, rule }))

  each('is returned as an absolute URL', [
    ...unpacked(vectors['accepted as they are']).map((input) => [input, input] as const),
    ...unpacked(vectors['accepted below the gateway']).map((path) => [path, `${publicUrl}${path}`] as const),
    ...vectors['accepted and written out'].map(([from = '', to = '']) => [from, to] as const),
    ['/a.b/..c/d..', `${publicUrl}/a.b/..c/d..`],
    [`${publicUrl}/{2048}`, `${publicUrl}/{2048}`],
  ])(([from, to]) => equal(judged(filled(from)), filled(to)))

  const titles =
    'می\u200cخواهم क्\u200dष Donau\u00addampf 👩\u200d👩\u200d👧 ❤\ufe0f\u200d🔥 1\ufe0f\u20e3 文書'
  const england = '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}'
  each('may contain a percent-encoded title in any script', [...titles.split(' '), england])((title) => {
    const path = `/${encodeURIComponent(title)}`
    for (const input of [path, `/a?b=${path}`, `https://app.example.test${path}/x`, encodeURI(path)])
      ok(judged(input), input)
  })
})

describe('A return URL that is refused', () => {
  /** The same path behind an origin that is allowed. */
  const absolute = (inputs: readonly string[]): string[] =>
    inputs
      .filter((input) => input.startsWith('/') && !input.includes('{'))
      .flatMap((input) => [`https://app.example.test${input}`, `${publicUrl}${input}`])

  each('contains one of the attack vectors, as a path or behind an allowed origin', [
    ...Object.entries(vectors.refused).flatMap(([what, lines]) => {
      const inputs = unpacked(lines)
      return what === 'back into the login' ? inputs : [...inputs, ...absolute(inputs)]
    }),
  ])((input) => equal(judged(filled(input)), undefined))

  const reasons: Readonly<Record<string, readonly string[]>> = {
    'empty or longer than 2048 characters': [
      ...['', `${publicUrl}/${'a'.repeat(2025)}`],
      // Too long once its origin stands in front. Length is checked first.
      ...[`/${'a'.repeat(2025)}`, `\\${'a'.repeat(2048)}`],
    ],
    'characters outside printable ASCII, or a backslash': ['/\u00e5', '/\\'],
    'neither a path nor an allowed origin, spelled exactly': [
      'https://evil.test/',
      'xhttps://app.example.test/',
    ],
    'a path that other programs read as another address': [
      ...['/%EF%BC%8Fevil.test', '/%E2%80%8B', '/%252525252e', '/./a', '/a/..'],
      // Attacks on a reader that drops invisible characters.
      ...[
        '/%E2%80%8D/evil.test',
        '/%C2%AD%E2%80%8C/evil.test',
        '/%EF%B8%8F/evil.test',
        '/%E1%A0%8B/evil.test',
      ],
      ...['/.%E2%80%8D./x', '/a/%C2%AD..', '/%25E2%2580%258D/evil.test', '/%2%C2%ADf%2fevil.test'],
      // Still encoded after four rounds in a reader that drops invisible characters.
      '/%2%C2%AD52525252541',
      // Invisible characters that are not part of any text.
      ...['/a%E2%80%8D%5cb', '/a%E2%80%AEb', '/a%E2%81%A6b', '/a%E2%80%8Eb', '/a%EF%BB%BFb'],
      ...['/a%F3%A0%81%A7%F3%A0%81%BF', '/%F0%9F%8F%B4%F3%A0%81%A7'],
    ],
    'leads back into the login': [
      ...['/imsg-service/v1/callback', '/IMSG-service/v1/Login?x', '/imsg-service/v1/%63allback'],
      ...['/imsg-service/v1/call%E2%80%8Dback', `${publicUrl}/imsg-service/v1/org/a/login`],
      ...['/imsg-service/v1/login-failed?code=x', '/imsg-service/v1/authorize?org=demo'],
    ],
  }
  each(
    'is reported with the reason',
    Object.entries(reasons).flatMap(([reason, inputs]) => inputs.map((input) => [input, reason] as const)),
  )(([input, refused]) => deepEqual(judgeReturnUrl(input, allowed), { refused }))
})

describe('A return URL that no organisation could allow', () => {
  const { domains: _, ...settings } = allowed
  each('is refused before the organisation is looked up', [
    ...['', 'javascript:alert(1)', 'https://evil.test:8443/', 'https://a_b.test/', 'https://evil.test/..'],
  ])((input) => throws(() => plausibleReturnUrl(input, settings), { code: 'return_url_not_allowed' }))

  it('is neither a path, nor on a listed origin, nor an https page of any host', () => {
    for (const input of ['/', 'http://localhost:3000/', 'https://a.b.elsewhere.test/x?y#z'])
      ok(plausibleReturnUrl(input, settings))
  })
})

describe('Any return URL', () => {
  /** Whether a URL leads to an allowed place: an independent implementation of the rule. */
  const isHome = ({ protocol, hostname, host, origin, username, password }: URL): boolean => {
    if (username !== '' || password !== '') return false
    if (origin === publicUrl || allowed.origins.some((listed) => listed === origin)) return true
    const labels = `${hostname.split('.').reverse().join('.')}.`
    const isListed = ['test.example.app.', 'x.news.'].some((domain) => labels.startsWith(domain))
    return protocol === 'https:' && host === hostname && isListed
  }

  /** Base URLs against which a client may resolve the answer. */
  const bases = [undefined, `${publicUrl}/a/b`, 'http://gw.example.test/', 'https://elsewhere.test/x/y']

  const staysHome = (input: string): boolean => {
    const url = judged(input)
    if (url === undefined) return false
    for (const base of bases) ok(isHome(new URL(url, base)), `${input} -> ${url}`)
    // What a browser or proxy would do with the input itself.
    for (const base of [publicUrl, 'http://gw.example.test'])
      ok(isHome(new URL(new URL(input, base).href.replace(/^http:\/\/gw/, 'https://gw'))), input)
    const path = new URL(url).pathname
    ok(!path.startsWith('//') && !/[\\\p{Cc}]/u.test(path), url)
    ok(url.length <= 2048 && /^[!-~]+$/.test(url))
    equal(judged(url), url, 'is not accepted as itself')
    return true
  }

  const pieces = [
    '/ // \\ \\\\ /\\ . .. ./ ../ /. /.. ; : @ ? # & = % %% %2 %2f %2F %5c %2e %2E %252f %252e %25 %00 %09 %0a %0d %20',
    '%c2%a0 %e2%80%8b %ef%bc%8f %ef%bc%bc %ef%bc%8e %c0%af %ff %3f %23 %40 %3a %61 + * \' " < > ` { } | ^ [ ] $',
    'https:// https:/ https: HTTPS:// http:// javascript: data: //evil.test evil.test .evil.test @evil.test',
    `${publicUrl} https://app.example.test https://news.x http://localhost:3000 gw.example.test app.example.test`,
    'evilapp.example.test xn-- :443 :8443 :0 [::1] 127.0.0.1 0x7f.1 localhost user:pw@ /imsg-service/v1/login',
    '%2f%2f %255c ..%2f ..%5c %2e%2e/ ;/ ..;/ ?x=1 #/y /article a A 0',
  ].flatMap((line) => line.split(' '))
  const odd = [...'\t\n\r \0\u007f\u00a0\u200b\u3002\uff0f\uff0e\u24d4', '\ud800']
  const piece = fc.constantFrom(...pieces)
  const part = fc.oneof(
    { weight: 6, arbitrary: piece },
    fc.constantFrom(...odd),
    fc.string({ unit: 'binary', maxLength: 3 }),
  )
  const anything = fc.array(part, { maxLength: 7 }).map((parts) => parts.join(''))
  const starts = [
    '/',
    '/a',
    publicUrl,
    'https://app.example.test',
    'https://a.news.x/',
    'http://localhost:3000',
  ]

  it('leads to an allowed origin from any base when it is accepted, and is then accepted unchanged', () => {
    let accepted = 0
    const promising = fc.tuple(fc.constantFrom(...starts), anything).map(([start, rest]) => start + rest)
    const property = fc.property(fc.oneof({ weight: 3, arbitrary: promising }, anything), (text) => {
      if (staysHome(text)) accepted++
    })
    fc.assert(property, { numRuns: 15_000 })
    ok(accepted > 750, `only ${accepted} were accepted: the property says little`)
  })

  it('leads only to allowed origins after being cut and joined with attack vectors', () => {
    const inputs = [...Object.values(vectors.refused), vectors['accepted as they are']].flat()
    const known = fc.constantFrom(...unpacked(inputs))
    const cut = fc
      .tuple(known, known, fc.nat(12), fc.nat(12))
      .map(([a, b, i, j]) => a.slice(0, i + 1) + b.slice(j))
    const spliced = fc.tuple(known, piece, fc.nat(30)).map(([a, b, i]) => a.slice(0, i) + b + a.slice(i))
    const property = fc.property(fc.oneof(cut, spliced), (input) => void staysHome(input))
    fc.assert(property, { numRuns: 6_000 })
  })
})
