import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { describe } from 'node:test'
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
  each('comes with the rule that allows it', [
    ['/next?a=b', `${publicUrl}/next?a=b`, 'a path on PUBLIC_URL'],
    [publicUrl, `${publicUrl}/`, 'PUBLIC_URL itself'],
    ['http://localhost:3000/a', 'http://localhost:3000/a', 'listed in ALLOWED_CALLBACK_ORIGINS'],
    ['https://a.news.x/b', 'https://a.news.x/b', 'under a return domain of the organisation'],
  ])(([input, url, rule]) => deepEqual(judgeReturnUrl(input, allowed), { url, rule }))

  each('is written out whole', [
    ...unpacked(vectors['accepted as they are']).map((input) => [input, input] as const),
    ...unpacked(vectors['accepted below the gateway']).map((path) => [path, `${publicUrl}${path}`] as const),
    ...vectors['accepted and written out'].map(([from = '', to = '']) => [from, to] as const),
    ['/a.b/..c/d..', `${publicUrl}/a.b/..c/d..`],
    [`${publicUrl}/{2048}`, `${publicUrl}/{2048}`],
  ])(([from, to]) => equal(judged(filled(from)), filled(to)))

  each('keeps its title in any script', [
    ...[
      'می\u200cخواهم',
      'क्\u200dष',
      'Donau\u00addampf',
      '👩\u200d👩\u200d👧',
      '❤\ufe0f\u200d🔥',
      '1\ufe0f\u20e3',
      '文書',
    ],
    '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
  ])((title) => {
    const path = `/${encodeURIComponent(title)}`
    for (const input of [path, `/a?b=${path}`, `https://app.example.test${path}/x`, encodeURI(path)])
      equal('url' in judgeReturnUrl(input, allowed), true, input)
  })
})

describe('A return URL that is refused', () => {
  /** The same path behind an origin that is allowed. */
  const absolute = (inputs: readonly string[]): string[] =>
    inputs
      .filter((input) => input.startsWith('/') && !input.includes('{'))
      .flatMap((input) => [`https://app.example.test${input}`, `${publicUrl}${input}`])

  each('is one of these classes, as a path and behind an allowed origin', [
    ...Object.entries(vectors.refused).flatMap(([what, lines]) => {
      const inputs = unpacked(lines)
      return what === 'back into the login' ? inputs : [...inputs, ...absolute(inputs)]
    }),
  ])((input) => equal(judged(filled(input)), undefined))

  const reasons: Readonly<Record<string, readonly string[]>> = {
    'empty or longer than 2048 characters': [
      ...['', `${publicUrl}/${'a'.repeat(2025)}`],
      // It would be too long once its origin stands in front. Length is the first thing that is looked at.
      ...[`/${'a'.repeat(2025)}`, `\\${'a'.repeat(2048)}`],
    ],
    'characters outside printable ASCII, or a backslash': ['/\u00e5', '/\\'],
    'neither a path nor an allowed origin, spelled exactly': [
      'https://evil.test/',
      'xhttps://app.example.test/',
    ],
    'a path that other programs read as another address': [
      ...['/%EF%BC%8Fevil.test', '/%E2%80%8B', '/%252525252e', '/./a', '/a/..'],
      // A reader that drops what cannot be seen.
      ...[
        '/%E2%80%8D/evil.test',
        '/%C2%AD%E2%80%8C/evil.test',
        '/%EF%B8%8F/evil.test',
        '/%E1%A0%8B/evil.test',
      ],
      ...['/.%E2%80%8D./x', '/a/%C2%AD..', '/%25E2%2580%258D/evil.test', '/%2%C2%ADf%2fevil.test'],
      // Invisible, and no part of any text.
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
    'is refused with the reason',
    Object.entries(reasons).flatMap(([reason, inputs]) => inputs.map((input) => [input, reason] as const)),
  )(([input, refused]) => deepEqual(judgeReturnUrl(input, allowed), { refused }))
})

describe('A return URL that no organisation could allow', () => {
  const { domains: _, ...settings } = allowed
  each('is refused before anybody is asked', [
    ...['', 'javascript:alert(1)', '//evil.test', 'http://evil.test/', 'https://evil.test:8443/'],
    ...['https://EVIL.test/', 'https://a_b.test/', 'xhttps://evil.test/', 'https://user@evil.test/'],
    'https://evil.test/..',
  ])((input) => throws(() => plausibleReturnUrl(input, settings), { code: 'return_url_not_allowed' }))

  each('is none of these', [
    ...['/', 'https://elsewhere.test', 'https://a.b.elsewhere.test/x?y#z', 'http://localhost:3000/'],
  ])((input) => ok(plausibleReturnUrl(input, settings)))
})
