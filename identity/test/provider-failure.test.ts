import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Answer } from '../../lib/http/messages.ts'
import type { Item } from '../../lib/store/table.ts'
import { each } from '../../test/support/each.ts'
import { boundedFetch } from '../provider/discovery.ts'
import { json } from './support/faulty-provider.ts'
import { browser, callback, codeIn, openService } from './support/service.ts'

const on = await openService()
const { provider } = on
const query = `callback=${encodeURIComponent(callback)}`
const discovery = '/.well-known/openid-configuration'

/** Status and code of an error page, and whether it has a button to retry. */
const pageIn = (answer: Answer) => [
  answer.statusCode,
  codeIn(answer),
  /class="action" href="http:\/\/localhost:4000\/v1\/org\/demo\/login\?/.test(answer.body ?? ''),
]
const away = [503, 'provider_unavailable', true]
const misconfigured = [503, 'provider_misconfigured', false]
const refused = [403, 'provider_answer_refused', true]

const down = (response: ServerResponse) => void response.destroy()
const broken = (response: ServerResponse) => json(response, 500, {})
const large = (response: ServerResponse) => json(response, 200, { x: 'x'.repeat(1_000_000) })
const page = (response: ServerResponse) =>
  void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Hello')
const empty = (response: ServerResponse) => void response.writeHead(204).end()
const redirecting = (response: ServerResponse) =>
  void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
const trickling = async (response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  while (!response.destroyed) {
    response.write(' ')
    await pause(200)
  }
}

describe('Discovery', () => {
  each('that fails, is too large or malformed leads to an error page without a cookie', [
    [down, away, /^TypeError/],
    [large, away, /^answer too large$/],
    [broken, away, /^status 500$/],
    [page, misconfigured, /^discovery: not JSON$/],
    [redirecting, misconfigured, /^discovery: status 302$/],
    [empty, misconfigured, /^discovery: status 204$/],
  ])(async ([answer, expected, cause]) => {
    provider.wrong.answers[discovery] = answer
    const answered = await on.open()('login', { query })
    deepEqual([pageIn(answered), answered.cookies], [expected, undefined])
    match(String(on.lines.at(-1)?.cause), cause)
  })

  each<Record<string, unknown>>(
    'with a wrong issuer or an unsafe endpoint is refused as provider_misconfigured',
    [
      { issuer: 'https://evil.test' },
      { token_endpoint: 'http://example.test/token' },
      { jwks_uri: 'https://10.0.0.1/keys' },
      { jwks_uri: undefined },
      { authorization_endpoint: 'javascript:alert(1)' },
      { userinfo_endpoint: 'https://db.internal/x' },
      { end_session_endpoint: 'http://example.test/logout' },
    ],
  )(async (metadata) => {
    provider.wrong.metadata = metadata
    deepEqual(pageIn(await on.open()('login', { query })), misconfigured)
  })

  it('is cached for ten minutes while the provider is down', async () => {
    const call = on.open()
    await call('login', { query })
    provider.wrong.answers[discovery] = down
    on.clock.ahead = 598
    equal((await call('login', { query })).statusCode, 303)
    on.clock.ahead = 602
    deepEqual(pageIn(await call('login', { query })), away)
  })

  it('that does not end is answered 503 before Lambda ends the function', async () => {
    provider.wrong.answers[discovery] = () => {}
    const answer = await on.open()('login', { query, remaining: 300 })
    deepEqual([answer.statusCode, codeIn(answer)], [503, 'table_unavailable'])
  })

  it('never requests an address that is not public', () =>
    rejects(boundedFetch(AbortSignal.timeout(1000), false)('https://169.254.169.254/', {} as never), {
      code: 'provider_misconfigured',
    }))
})

describe('A provider', () => {
  each('that fails at /token or /jwks causes an error page, and ends the sign-in', [
    ['/token', down, away],
    ['/token', large, away],
    ['/token', page, refused],
    ['/token', redirecting, refused],
    ['/jwks', down, away],
    ['/jwks', large, away],
  ])(async ([path, answer, expected]) => {
    provider.well()
    provider.wrong.answers[path] = answer
    const person = browser()
    deepEqual(pageIn(await on.signIn({ call: on.open(), person })), expected)
    equal(person.cookies.size, 0)
  })

  it('is asked for metadata and keys once for several sign-ins, which stores them once', async () => {
    const { table } = on.instance()
    const stored: string[] = []
    const put = (key: string, item: Item) => {
      stored.push(key.replace(/#.*/, ''))
      return table.put(key, item)
    }
    const call = on.open(on.instance({ table: { ...table, put } }))
    await on.signIn({ call })
    await on.signIn({ call })
    const times = [discovery, '/jwks', '/token'].map(
      (path) => provider.requests.filter((each) => each === path).length,
    )
    deepEqual(times, [1, 1, 2])
    deepEqual(stored.sort(), ['PROVIDER', 'SID', 'SID', 'SUB', 'SUB'])
  })

  it('that responds slowly gets 10 s for all responses of a sign-in, and 4 s during a logout', {
    timeout: 40_000,
  }, async () => {
    const [slow, silent] = [await openService(), await openService()]
    silent.provider.wrong.answers[discovery] = () => {}
    const { person, query } = await slow.begin()
    slow.provider.wrong.delay = 9000
    provider.wrong.answers['/token'] = trickling
    const timed = async (work: Promise<Answer>) => {
      const began = performance.now()
      return [pageIn(await work), Math.round((performance.now() - began) / 1000)]
    }
    const finished = slow.open()('login-callback', { query, cookies: person.pairs() })
    const seen = await Promise.all([
      timed(on.signIn({ call: on.open() })),
      timed(finished),
      timed(silent.call('login', { query: `callback=${encodeURIComponent(callback)}` })),
      timed(silent.call('logout')),
    ])
    deepEqual(seen, [
      [away, 10],
      [away, 10],
      [away, 10],
      [[503, 'provider_unavailable', false], 4],
    ])
    deepEqual(
      [on, slow].map(({ lines }) => lines.at(-1)?.cause),
      ['no answer in time', 'no answer in time'],
    )
  })
})
