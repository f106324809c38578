import { deepEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Origin } from '../lib/config.ts'
import { type Allowed, judgeReturnUrl } from '../lib/return-url.ts'

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
  ] as const
  for (const [input, url, rule] of table)
    it(`comes with the rule that allows it: ${input}`, () =>
      deepEqual(judgeReturnUrl(input, allowed), { url, rule }))
})
