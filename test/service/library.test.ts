import { deepEqual, equal, rejects, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  AccessDenied,
  authorization,
  ConfigError,
  type Rule,
  Unauthorized,
  Unavailable,
} from '../../service/index.ts'

/** What needs no framework and no gateway: settings, rules, memory, and whom the library believes. */

const good = { 'x-imid-sub': 's', 'x-imid-org': 'demo' }

/** A library whose gateway is this function from question to answer. */
const asking = (answer: (url: URL) => Response, remember = 2) => {
  const urls: URL[] = []
  const ask = async (url: string) => {
    urls.push(new URL(url))
    return answer(new URL(url))
  }
  const auth = authorization({ gateway: 'https://id.example.com', remember, fetch: ask as typeof fetch })
  return { auth, urls }
}

const ok = (more: Record<string, string> = {}) => new Response(null, { headers: { ...good, ...more } })
const session = (value = 'x') => ({ cookie: `a=1; imidToken=${value}; __Host-imsg-seal=s` })
const demo = { org: 'demo' }

describe('the library', () => {
  for (const [what, settings] of [
    ['a gateway without TLS', { gateway: 'http://id.example.com' }],
    ['a gateway that is no address', { gateway: 'id.example.com' }],
    ['a service without TLS', { gateway: 'https://id.example.com', origin: 'http://editor.example.com' }],
    ['answers remembered for an hour', { gateway: 'https://id.example.com', remember: 3600 }],
    [
      'answers remembered for no number of seconds',
      { gateway: 'https://id.example.com', remember: Number.NaN },
    ],
  ] as const)
    it(`refuses ${what}`, () => throws(() => authorization(settings), { name: 'ConfigError' }))

  for (const rule of [
    {},
    { org: '' },
    { org: 'demo', role: 'x' },
    { org: 'demo', unit: 1 },
    { org: 'demo', required: 'no' },
  ])
    it(`refuses the rule ${JSON.stringify(rule)}, and asks nobody`, async () => {
      const { auth, urls } = asking(() => ok())
      await rejects(auth.authorize(session(), rule as unknown as Rule), { name: 'ConfigError' })
      equal(urls.length, 0)
    })

  it('sends the session, the seal and the rule, and nothing else of a request', async () => {
    let sent: unknown
    const ask = async (url: string, init: { headers: object; redirect: string }) => {
      sent = [url, init.headers, init.redirect]
      return ok()
    }
    const auth = authorization({ gateway: 'https://id.example.com/', fetch: ask as unknown as typeof fetch })
    await auth.authorize(
      { ...session(), host: 'x', authorization: 'Basic eDp5' },
      { org: 'demo', unit: 'a b&c' },
    )
    deepEqual(sent, [
      'https://id.example.com/imsg-service/v1/authorize?org=demo&unit=a%20b%26c',
      { cookie: 'imidToken=x; __Host-imsg-seal=s' },
      'manual',
    ])
  })

  it('remembers an answer for its credentials and its rule alone', async () => {
    const { auth, urls } = asking(({ searchParams }) =>
      searchParams.has('unit') ? new Response(null, { status: 403 }) : ok(),
    )
    const north = { org: 'demo', unit: 'north' }
    for (let round = 0; round < 2; round++) {
      equal((await auth.authorize(session(), demo)).sub, 's')
      await rejects(auth.authorize(session(), north), { name: 'AccessDenied' })
      equal((await auth.authorize(session('y'), demo)).sub, 's')
      equal((await auth.authorize({ authorization: 'Bearer x' }, demo)).sub, 's')
    }
    equal(urls.length, 4)
  })

  it('remembers ten thousand answers at most, and forgets the oldest', async () => {
    const { auth, urls } = asking(() => ok(), 60)
    for (let number = 0; number <= 10_000; number++) await auth.authorize(session(String(number)), demo)
    await auth.authorize(session('10000'), demo)
    equal(urls.length, 10_001)
    await auth.authorize(session('0'), demo)
    equal(urls.length, 10_002)
  })

  for (const [what, answer] of [
    ['a page that says 200', () => new Response('<h1>Welcome to the hotel</h1>')],
    ['a person of another organisation', () => ok({ 'x-imid-org': 'second' })],
    ['a person whose name cannot be read', () => ok({ 'x-imid-name': '%zz' })],
    ['a redirect', () => new Response(null, { status: 302, headers: { ...good, location: '/' } })],
    ['its throttle', () => new Response(null, { status: 429 })],
    ['its own failure', () => new Response(null, { status: 503 })],
  ] as const)
    it(`takes ${what} for no answer, and asks again`, async () => {
      const { auth, urls } = asking(answer)
      for (let round = 0; round < 2; round++)
        await rejects(auth.authorize(session(), { org: 'demo', required: false }), { name: 'Unavailable' })
      equal(urls.length, 2)
    })

  it('knows what holds where: in the organisation, in a unit, in the unit of the rule', async () => {
    const { auth } = asking(() => ok({ 'x-imid-permissions': 'a%3Ab,n%2Fo/c%3Ad' }))
    const { has } = await auth.authorize(session(), demo)
    deepEqual(
      [has('a:b'), has('a:b', 'n/o'), has('c:d'), has('c:d', 'n/o'), has('c:d', 'n')],
      [true, true, false, true, false],
    )
    const inUnit = (await auth.authorize(session(), { org: 'demo', unit: 'south' })).has
    deepEqual([inUnit('a:b'), inUnit('a:b', 'south')], [true, true])
    throws(() => inUnit('a:b', 'north'), { name: 'ConfigError' })
  })

  it('starts a login for want of one alone, and comes back to a page of the service', () => {
    const auth = authorization({ gateway: 'https://id.example.com', origin: 'https://editor.example.com' })
    const headers = { 'sec-fetch-mode': 'navigate' }
    const back = (url: string, error: Error = new Unauthorized(), rule: Rule = demo) => {
      const login = auth.loginFor(error, rule, { method: 'GET', url, headers })
      return login === undefined ? undefined : new URL(login).searchParams.get('callback')
    }
    equal(back('/x?y=1'), 'https://editor.example.com/x?y=1')
    equal(back('http://evil.test/'), 'https://editor.example.com/')
    for (const error of [new AccessDenied(), new Unavailable(), new ConfigError('x'), new Error('x')])
      equal(back('/', error), undefined)
    equal(back('/', undefined, { org: '*' }), undefined)
  })
})
