import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { describe } from 'node:test'
import type { Origin } from '../lib/config.ts'
import { type Allowed, judgeReturnUrl, plausibleReturnUrl } from '../lib/redirect/return-url.ts'
import { each } from './support/each.ts'

const allowed: Allowed = {
  publicUrl: 'https://gw.example.test' as Origin,
  origins: ['http://localhost:8080' as Origin],
  domains: ['app.example.test', 'news.x'],
}

describe('A return URL that is allowed', () => {
  const table = [
    ['/next?a=b', 'https://gw.example.test/next?a=b', 'a path on PUBLIC_URL'],
    ['https://gw.example.test', 'https://gw.example.test/', 'PUBLIC_URL itself'],
    ['http://localhost:8080/a', 'http://localhost:8080/a', 'listed in ALLOWED_CALLBACK_ORIGINS'],
    ['https://app.example.test/', 'https://app.example.test/', 'under a return domain of the organisation'],
    ['https://a.news.x/b', 'https://a.news.x/b', 'under a return domain of the organisation'],
    ['https://app.example.test', 'https://app.example.test/', 'under a return domain of the organisation'],
    [
      'https://app.example.test?a',
      'https://app.example.test/?a',
      'under a return domain of the organisation',
    ],
    ['/%C3%A5r', 'https://gw.example.test/%C3%A5r', 'a path on PUBLIC_URL'],
    ['/a.b/..c/d..', 'https://gw.example.test/a.b/..c/d..', 'a path on PUBLIC_URL'],
    [
      'https://app.example.test/imsg-service/v1/login',
      'https://app.example.test/imsg-service/v1/login',
      'under a return domain of the organisation',
    ],
    [`/${'a'.repeat(2024)}`, `https://gw.example.test/${'a'.repeat(2024)}`, 'a path on PUBLIC_URL'],
    [
      `https://gw.example.test/${'a'.repeat(2024)}`,
      `https://gw.example.test/${'a'.repeat(2024)}`,
      'PUBLIC_URL itself',
    ],
  ] as const
  each(
    'comes with the rule that allows it',
    table,
  )(([input, url, rule]) => deepEqual(judgeReturnUrl(input, allowed), { url, rule }))
})

describe('A return URL in any language', () => {
  each('keeps its title in any script', [
    'می\u200cخواهم',
    'क्\u200dष',
    'Donau\u00addampf',
    '👩\u200d👩\u200d👧',
    '❤\ufe0f\u200d🔥',
    '1\ufe0f\u20e3',
    '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
    '文書',
  ])((title) => {
    const path = `/${encodeURIComponent(title)}`
    for (const input of [path, `/a?b=${path}`, `https://app.example.test${path}/x`, encodeURI(path)])
      equal('url' in judgeReturnUrl(input, allowed), true, input)
  })
})

describe('A return URL that is refused', () => {
  const length = 'empty or longer than 2048 characters'
  const origin = 'neither a path nor an allowed origin, spelled exactly'
  const path = 'a path that other programs read as another address'
  each('is refused with the reason', [
    ['', length],
    [`https://gw.example.test/${'a'.repeat(2025)}`, length],
    // It would be too long once its origin stands in front.
    [`/${'a'.repeat(2025)}`, length],
    // Length is the first thing that is looked at.
    [`\\${'a'.repeat(2048)}`, length],
    ['/\u00e5', 'characters outside printable ASCII, or a backslash'],
    ['/\\', 'characters outside printable ASCII, or a backslash'],
    ['https://evil.test/', origin],
    ['xhttps://app.example.test/', origin],
    ['/%EF%BC%8Fevil.test', path],
    ['/%E2%80%8B', path],
    // A reader that drops what cannot be seen.
    ['/%E2%80%8D/evil.test', path],
    ['/%C2%AD%E2%80%8C/evil.test', path],
    ['/%EF%B8%8F/evil.test', path],
    ['/%E1%A0%8B/evil.test', path],
    ['/.%E2%80%8D./x', path],
    ['/a/%C2%AD..', path],
    ['/%25E2%2580%258D/evil.test', path],
    ['/%2%C2%ADf%2fevil.test', path],
    ['/a%E2%80%8D%5cb', path],
    // Invisible, and no part of any text.
    ['/a%E2%80%AEb', path],
    ['/a%E2%81%A6b', path],
    ['/a%E2%80%8Eb', path],
    ['/a%EF%BB%BFb', path],
    ['/a%F3%A0%81%A7%F3%A0%81%BF', path],
    ['/%F0%9F%8F%B4%F3%A0%81%A7', path],
    ['/%252525252e', path],
    ['/./a', path],
    ['/a/..', path],
    ['/imsg-service/v1/callback', 'leads back into the login'],
    ['/IMSG-service/v1/Login?x', 'leads back into the login'],
    ['/imsg-service/v1/%63allback', 'leads back into the login'],
    ['/imsg-service/v1/call%E2%80%8Dback', 'leads back into the login'],
    ['https://gw.example.test/imsg-service/v1/org/a/login', 'leads back into the login'],
    ['/imsg-service/v1/login-failed?code=x', 'leads back into the login'],
    ['/imsg-service/v1/authorize?org=demo', 'leads back into the login'],
  ])(([input, refused]) => deepEqual(judgeReturnUrl(input, allowed), { refused }))
})

describe('A return URL that no organisation could allow', () => {
  const { domains: _, ...settings } = allowed
  each('is refused before anybody is asked', [
    '',
    'javascript:alert(1)',
    '//evil.test',
    'http://evil.test/',
    'https://evil.test:8443/',
    'https://EVIL.test/',
    'https://a_b.test/',
    'xhttps://evil.test/',
    'https://user@evil.test/',
    'https://evil.test/..',
  ])((input) => throws(() => plausibleReturnUrl(input, settings), { code: 'return_url_not_allowed' }))

  each('is none of these', [
    '/',
    'https://elsewhere.test',
    'https://a.b.elsewhere.test/x?y#z',
    'http://localhost:8080/',
  ])((input) => ok(plausibleReturnUrl(input, settings)))
})
