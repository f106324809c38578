import { deepEqual, equal, ok } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { Origin } from '../../lib/config.ts'
import { incoming } from '../../lib/http/messages.ts'
import { loginBindingIn } from '../../lib/login/login-binding.ts'
import type { Code } from '../../lib/problem.ts'
import { type Allowed, judgeReturnUrl, type ReturnUrl } from '../../lib/redirect/return-url.ts'
import { browser, eventOf, fromOurPage, openGateway, type Request, set } from '../support/gateway.ts'
import { refused, standing } from '../support/refused.ts'
import { encoded, unpacked } from '../support/spellings.ts'
import vectors from '../vectors/return-urls.json' with { type: 'json' }

const origins = ['https://editor.example.test:8443', 'http://localhost:3000'] as Origin[]
const gateway = await openGateway()
const still = standing(gateway, { ALLOWED_CALLBACK_ORIGINS: origins.join() })
const bindings = loginBindingIn(still.on.jar, still.on.random)
let token = ''
before(async () => {
  token = await gateway.token()
})

/** `{2048}` stands for as many letters as make the whole 2048 characters long. */
const filled = (input: string): string =>
  input.replace(/\{(\d+)\}/, (hole, length) => 'x'.repeat(Number(length) - (input.length - hole.length)))

const refusals = Object.entries(vectors.refused).map(([what, lines]) => [what, unpacked(lines)] as const)

/** The same path behind an origin that is allowed. */
const absolute = (inputs: readonly string[]): string[] =>
  inputs
    .filter((input) => input.startsWith('/') && !input.includes('{'))
    .flatMap((input) => [`https://app.example.test${input}`, `https://gw.example.test${input}`])

describe('A return URL', () => {
  const allowed: Allowed = {
    publicUrl: 'https://gw.example.test' as Origin,
    origins,
    domains: ['app.example.test'],
  }
  const judged = (input: string): string | undefined => {
    const verdict = judgeReturnUrl(filled(input), allowed)
    return 'url' in verdict ? verdict.url : undefined
  }

  for (const [what, inputs] of refusals)
    it(`is refused, as a path and behind an allowed origin: ${what}`, () => {
      const all = what === 'back into the login' ? inputs : [...inputs, ...absolute(inputs)]
      deepEqual(
        all.filter((input) => judged(input) !== undefined),
        [],
        'accepted',
      )
    })

  it('is allowed on the gateway, on a listed origin and below a return domain, and written out whole', () => {
    for (const input of unpacked(vectors['accepted as they are'])) equal(judged(input), filled(input))
    for (const path of unpacked(vectors['accepted below the gateway']))
      equal(judged(path), `${allowed.publicUrl}${path}`)
    for (const [from = '', to = ''] of vectors['accepted and written out']) equal(judged(from), filled(to))
  })
})

/** A callback whose login was begun in this very browser for this return URL, as though the login had let it pass. */
const bound = (input: string): Request => {
  const begun = bindings.begin(
    incoming(eventOf('login', {}), 'login', still.on.now()),
    'demo',
    input as ReturnUrl,
  )
  const cookies = begun.cookies.map((text) => text.split(';')[0] ?? '')
  return { query: `imid_token=${token}&login=${begun.proof}&serviceCallback=${encoded(input)}`, cookies }
}

describe('A place that takes a return URL', () => {
  for (const [what, name, request] of [
    ['a login', 'login', (input) => ({ query: `org=demo&callback=${encoded(input)}` })],
    [
      'a login by path',
      'org-login',
      (input) => ({ path: { org: 'demo' }, query: `callback=${encoded(input)}` }),
    ],
    ['a logout', 'logout', (input) => ({ query: `callback=${encoded(input)}`, headers: fromOurPage })],
    ['the callback of a login', 'callback', bound],
    [
      'a callback that is repeated',
      'callback',
      (input) => ({
        query: `imid_token=${token}&serviceCallback=${encoded(input)}`,
        cookies: [`imidToken=${token}`],
      }),
    ],
  ] as readonly [string, 'login' | 'org-login' | 'logout' | 'callback', (input: string) => Request][])
    it(`refuses one of each class: ${what}`, async () => {
      for (const [, [first = '']] of refusals)
        await refused(gateway, name, {
          request: request(filled(first)),
          codes: ['return_url_not_allowed'],
          token,
          call: (sent) => still.call(name, sent),
        })
    })

  it('decodes it once: what is harmless only when it is decoded again is refused', async () => {
    const query = `org=demo&callback=${encoded(encoded('https://app.example.test/'))}`
    await refused(gateway, 'login', { request: { query }, codes: ['return_url_not_allowed'] })
  })

  it('says why it refuses in the log, and nowhere else', async () => {
    const request = { query: `callback=${encoded('//evil.test')}`, headers: fromOurPage }
    const answer = await refused(gateway, 'logout', { request, codes: ['return_url_not_allowed'] })
    const cause = 'a path that other programs read as another address'
    equal(JSON.parse(gateway.lines.at(-1) ?? '').cause, cause)
    ok(!JSON.stringify(answer).includes(cause), 'the answer says why')
  })

  it('passes on what is allowed, letter for letter, from the login through the callback', async () => {
    const held = (location = 'about:blank') =>
      new URL(new URL(location).searchParams.get('callback') ?? 'about:blank')
    for (const [input, output] of [
      ['/a?b=c+d&login=z#/y', 'https://gw.example.test/a?b=c+d&login=z#/y'],
      ['https://app.example.test', 'https://app.example.test/'],
      ['http://localhost:3000/x', 'http://localhost:3000/x'],
      [filled('https://app.example.test/{2048}'), filled('https://app.example.test/{2048}')],
    ] as const) {
      const query = `callback=${encoded(input)}`
      const begun = await still.call('login', { query: `org=demo&${query}` })
      const other = await still.call('org-login', { path: { org: 'demo' }, query })
      for (const { headers } of [begun, other]) {
        const back = held(headers.location)
        equal(`${back.origin}${back.pathname}`, 'https://gw.example.test/imsg-service/v1/callback')
        deepEqual([...back.searchParams.keys()], ['serviceCallback', 'login'])
        equal(back.searchParams.get('serviceCallback'), output)
      }
      const person = browser()
      person.take(begun)
      const arrival = `${held(begun.headers.location).search.slice(1)}&imid_token=${token}`
      const done = await still.call('callback', { query: arrival, cookies: person.pairs() })
      deepEqual([done.statusCode, done.headers.location], [302, output])
      equal(set(done).find(({ name }) => name === 'imidToken')?.value, token)
    }
  })

  it('sends nobody from a logout without a session to where only an organisation allows', async () => {
    for (const [input, status] of [
      ['/a', 303],
      ['http://localhost:3000/x', 303],
      ['https://app.example.test/', 400],
    ] as const) {
      const { statusCode } = await still.call('logout', {
        query: `callback=${encoded(input)}`,
        headers: fromOurPage,
      })
      equal(statusCode, status, input)
    }
  })
})

describe('The return domains of an organisation', () => {
  const { begin, call, control } = gateway
  const listed = (whitelistCallbackUrls: string, org = 'demo') =>
    control({ do: 'organisation', org, set: { whitelistCallbackUrls } })
  const statusAt = async (callback: string, org = 'demo') =>
    (await call('login', { query: `org=${org}&callback=${encoded(callback)}` })).statusCode
  const codes: readonly Code[] = ['return_url_not_allowed']

  it('count at the callback too: one that is taken off the list while the login is open is none', async () => {
    const person = browser()
    const query = await begin(person, 'https://app.example.test/a')
    await listed('["other.example.test"]')
    await gateway.refreshEverywhere()
    query.set('imid_token', token)
    const request = { query: query.toString(), cookies: person.pairs() }
    await refused(gateway, 'callback', { request, codes, token })
  })

  it('open nothing beyond themselves, whatever a careless or captured administrator lists', async () => {
    const wild = [
      '',
      '.',
      '*',
      '.example.test',
      '*.example.test',
      'com',
      'github.io',
      '127.0.0.1',
      '.*\\.test',
    ]
    await listed(JSON.stringify([...wild, 'https://a.test', 'b.test:8443', 'c.test/', 'app.example.test']))
    await gateway.refreshEverywhere()
    const targets = [
      'evil.test',
      'evil.example.test',
      'evil.com',
      'evil.github.io',
      '127.0.0.1',
      'a.test',
      'b.test',
    ]
    const seen = []
    for (const host of [...targets, 'b.test:8443', 'c.test'])
      seen.push([host, await statusAt(`https://${host}/`)])
    deepEqual(
      seen,
      [...targets, 'b.test:8443', 'c.test'].map((host) => [host, 400]),
    )
    equal(await statusAt('https://app.example.test/'), 302)
  })

  it('are those of one organisation, and open nothing for another', async () => {
    await listed('["evil.test"]', 'second')
    await gateway.refreshEverywhere()
    deepEqual(
      [await statusAt('https://evil.test/'), await statusAt('https://evil.test/', 'second')],
      [400, 302],
    )
  })
})
