import { deepEqual, equal } from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { after, afterEach, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Answer } from '../../lib/http/messages.ts'
import { json, startFaultyProvider } from './support/faulty-provider.ts'
import { browser, callback, codeIn, openService, organisation, providerOf } from './support/service.ts'
import { begin, signIn } from './support/sign-in.ts'

const provider = await startFaultyProvider('imsg-demo')
after(provider.close)
const service = await openService([organisation('demo', providerOf(provider.issuer))])
afterEach(() => {
  provider.well()
  service.clock.ahead = 0
})

/** A fresh instance of every function, so that nothing is remembered from another test. */
const fresh = () => ({ call: service.open(), lines: service.lines })
const query = `callback=${encodeURIComponent(callback)}`

/** The status and code that people meet, and whether their page has a button to begin again. */
const pageIn = (answer: Answer) => [
  answer.statusCode,
  codeIn(answer),
  /class="action" href="http:\/\/localhost:4000\/v1\/org\/demo\/login\?/.test(answer.body ?? ''),
]
const away = [503, 'provider_unavailable', true]
const misconfigured = [503, 'provider_misconfigured', false]
const refused = [403, 'provider_answer_refused', true]

const down = (response: ServerResponse) => void response.destroy()
const broken = (response: ServerResponse) => json(response, 503, {})
const large = (response: ServerResponse) => json(response, 200, { x: 'x'.repeat(1_000_000) })
const page = (response: ServerResponse) =>
  void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Hello')
const redirecting = (response: ServerResponse) =>
  void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
const trickling = async (response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  while (!response.destroyed) {
    response.write(' ')
    await pause(200)
  }
}

describe('A provider whose discovery', () => {
  for (const [what, answer, met] of [
    ['is down', down, away],
    ['sends 1 MB', large, away],
    ['answers 503', broken, away],
    ['sends a page', page, misconfigured],
    ['redirects', redirecting, misconfigured],
  ] as const)
    it(`${what}: ${met[1]}`, async () => {
      provider.wrong.answers['/.well-known/openid-configuration'] = answer
      const answered = await fresh().call('login', { query })
      deepEqual([pageIn(answered), answered.cookies], [met, undefined])
    })

  for (const [what, metadata] of [
    ['lies about its issuer', { issuer: 'https://evil.test' }],
    ['names a token endpoint without TLS', { token_endpoint: 'http://example.test/token' }],
    ['names keys at an IP address', { jwks_uri: 'https://10.0.0.1/keys' }],
    ['names userinfo on an internal host', { userinfo_endpoint: 'https://db.internal/x' }],
    ['names no keys', { jwks_uri: undefined }],
  ] as const)
    it(`${what}: provider_misconfigured`, async () => {
      provider.wrong.metadata = metadata
      deepEqual(pageIn(await fresh().call('login', { query })), misconfigured)
    })

  it('was read goes on to be used for ten minutes while the provider is down', async () => {
    const { call } = fresh()
    await call('login', { query })
    provider.wrong.answers['/.well-known/openid-configuration'] = down
    equal((await call('login', { query })).statusCode, 303)
    service.clock.ahead = 601
    deepEqual(pageIn(await call('login', { query })), away)
  })
})

describe('A provider that', () => {
  for (const [what, path, answer, met] of [
    ['is down when the code is exchanged', '/token', down, away],
    ['sends 1 MB for the code', '/token', large, away],
    ['sends a page for the code', '/token', page, refused],
    ['redirects the exchange', '/token', redirecting, refused],
    ['is down when its keys are fetched', '/jwks', down, away],
    ['sends 1 MB of keys', '/jwks', large, away],
  ] as const)
    it(`${what}: ${met[1]}, and the sign-in is spent, because a code works once`, async () => {
      provider.wrong.answers[path] = answer
      const person = browser()
      deepEqual(pageIn(await signIn(fresh(), provider, { person })), met)
      equal(person.cookies.size, 0)
    })

  it('works is asked for metadata and keys once for several sign-ins', async () => {
    const at = fresh()
    await signIn(at, provider)
    await signIn(at, provider)
    const paths = ['/.well-known/openid-configuration', '/jwks', '/token']
    const times = paths.map((path) => provider.requests.filter((each) => each === path).length)
    deepEqual(times, [1, 1, 2])
  })

  it('trickles, or takes 9 s for each answer, is given 10 s for all its answers together', {
    timeout: 40_000,
  }, async () => {
    const slow = await startFaultyProvider('imsg-demo')
    after(slow.close)
    const { open, lines } = await openService([organisation('demo', providerOf(slow.issuer))])
    const timed = async (work: Promise<Answer>) => {
      const began = performance.now()
      return [pageIn(await work), Math.round((performance.now() - began) / 1000)]
    }
    const finishSlowly = async () => {
      const call = open()
      const { person, asked } = await begin({ call, lines })
      slow.asked.nonce = asked.get('nonce') ?? ''
      slow.wrong.delay = 9000
      const parameters = `code=c&state=${asked.get('state')}&iss=${encodeURIComponent(slow.issuer)}`
      return timed(call('login-callback', { query: parameters, cookies: person.pairs() }))
    }
    provider.wrong.answers['/token'] = trickling
    deepEqual(await Promise.all([timed(signIn(fresh(), provider)), finishSlowly()]), [
      [away, 10],
      [away, 10],
    ])
  })
})
