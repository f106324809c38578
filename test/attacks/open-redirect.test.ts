import { deepEqual, equal, ok } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { incoming } from '../../lib/http/messages.ts'
import { loginBindingIn } from '../../lib/login/login-binding.ts'
import type { Code } from '../../lib/problem.ts'
import type { ReturnUrl } from '../../lib/redirect/return-url.ts'
import { browser, cleared, eventOf, fromOurPage, openGateway, type Request, set } from '../support/gateway.ts'
import { refused, standing } from '../support/refused.ts'
import { encoded, spellings } from '../support/spellings.ts'
import vectors from '../vectors/return-urls.json' with { type: 'json' }

const gateway = await openGateway()
const listing = 'https://editor.example.test:8443,http://localhost:3000'
const still = standing(gateway, { ALLOWED_CALLBACK_ORIGINS: listing })
const bindings = loginBindingIn(still.on.jar, still.on.random, still.on.now)
let token = ''
before(async () => {
  token = await gateway.token()
})

/** `{2048}` stands for as many letters as make the whole 2048 characters long. */
const filled = (input: string): string =>
  input.replace(/\{(\d+)\}/, (hole, length) => 'x'.repeat(Number(length) - (input.length - hole.length)))

/** The same path behind an origin that is allowed. */
const absolute = (inputs: readonly string[]): string[] =>
  inputs
    .filter((input) => input.startsWith('/') && !input.includes('{'))
    .flatMap((input) => [`https://app.example.test${input}`, `https://gw.example.test${input}`])

/** A callback whose login was begun in this very browser for this return URL, as though the login had let it pass. */
const bound = (written: string, input: string): Request => {
  const begun = bindings.begin(incoming(eventOf('login', {}), 'login'), 'demo', input as ReturnUrl)
  const cookies = begun.cookies.map((text) => text.split(';')[0] ?? '')
  return { query: `imid_token=${token}&login=${begun.proof}&serviceCallback=${written}`, cookies }
}

const codes: readonly Code[] = ['return_url_not_allowed', 'bad_query']
const unbound: readonly Code[] = [...codes, 'login_not_from_this_browser']

/** Tries one input in one spelling at every place where a return URL is taken. */
const tryEverywhere = async (written: string, input: string): Promise<void> => {
  const callback = `callback=${written}`
  const call = still.call
  const session = [`imidToken=${token}`]
  const attempt = (
    name: Parameters<typeof call>[0],
    request: Request,
    expected: readonly Code[],
    more = {},
  ) =>
    refused(gateway, name, {
      request,
      codes: expected,
      token,
      call: (sent) => call(name, sent),
      ...more,
    })

  await attempt('login', { query: `org=demo&${callback}` }, codes)
  await attempt('org-login', { path: { org: 'demo' }, query: callback }, codes)
  await attempt('logout', { query: callback, headers: fromOurPage }, codes)
  await attempt('callback', bound(written, input), unbound)
  await attempt(
    'callback',
    { query: `imid_token=${token}&serviceCallback=${written}`, cookies: session },
    codes,
  )
}

for (const [what, inputs] of Object.entries(vectors.refused))
  describe(`an open redirect by ${what}`, () => {
    const all = what === 'back into the login' ? inputs : [...inputs, ...absolute(inputs)]
    for (const input of all)
      it(`is refused: ${JSON.stringify(input)}`, async () => {
        for (const [, written] of spellings(filled(input))) await tryEverywhere(written, filled(input))
      })
  })

describe('an open redirect by encoding once more', () => {
  for (const input of vectors['refused when encoded once'])
    it(`is refused: ${input}`, () => tryEverywhere(encoded(input), input))
})

describe('an open redirect beside an origin that is listed', () => {
  for (const input of vectors['beside what is listed'])
    it(`is refused: ${input}`, async () => {
      for (const [, written] of spellings(input)) await tryEverywhere(written, input)
    })
})

describe('an open redirect by leaving the return URL empty or out', () => {
  for (const written of ['', 'callback', 'callback=', 'callback=&callback=/', 'Callback=/', 'callback%00=/'])
    it(`is refused at a login: ${JSON.stringify(written)}`, async () => {
      await refused(gateway, 'login', { request: { query: `org=demo&${written}` }, codes: ['bad_query'] })
      await refused(gateway, 'org-login', {
        request: { path: { org: 'demo' }, query: written },
        codes: ['bad_query'],
      })
    })
  it('is refused at a logout', async () => {
    const codes: Code[] = ['return_url_not_allowed']
    await refused(gateway, 'logout', { request: { query: 'callback=', headers: fromOurPage }, codes })
  })
})

describe('a return URL that is refused', () => {
  for (const [input, cause] of [
    ['', 'empty or longer than 2048 characters'],
    [`\\${'x'.repeat(2048)}`, 'empty or longer than 2048 characters'],
    [`/${'x'.repeat(2047)}`, 'empty or longer than 2048 characters'],
    ['evil.test\\', 'characters outside printable ASCII, or a backslash'],
    ['//evil.test\u00e9', 'characters outside printable ASCII, or a backslash'],
    ['https://evil.test//', 'neither a path nor an allowed origin, spelled exactly'],
    ['//evil.test', 'a path that other programs read as another address'],
    ['/imsg-service/v1/login', 'leads back into the login'],
  ] as const)
    it(`says why in the log, and nowhere else: ${cause}`, async () => {
      const request = { query: `callback=${encoded(input)}`, headers: fromOurPage }
      const answer = await refused(gateway, 'logout', { request, codes: ['return_url_not_allowed'] })
      equal(JSON.parse(gateway.lines.at(-1) ?? '').cause, cause)
      ok(!JSON.stringify(answer).includes(cause))
    })
})

describe('a return URL that is allowed', () => {
  const held = (location = 'about:blank') =>
    new URL(new URL(location).searchParams.get('callback') ?? 'about:blank')

  for (const [from = '', to = ''] of [...vectors.accepted, ...vectors.listed])
    it(`leads through login, callback and logout: ${JSON.stringify(from)}`, async () => {
      const [input, output] = [filled(from), filled(to)]
      for (const [, written] of spellings(input).slice(1, 3)) {
        const begun = await still.call('login', { query: `org=demo&callback=${written}` })
        equal(begun.statusCode, 302)
        const other = await still.call('org-login', { path: { org: 'demo' }, query: `callback=${written}` })
        for (const { headers } of [begun, other]) {
          const back = held(headers.location)
          equal(`${back.origin}${back.pathname}`, 'https://gw.example.test/imsg-service/v1/callback')
          deepEqual([...back.searchParams.keys()], ['serviceCallback', 'login'])
          equal(back.searchParams.get('serviceCallback'), output)
          equal(back.hash, '')
        }

        const person = browser()
        person.take(begun)
        const arrival = `${held(begun.headers.location).search.slice(1)}&imid_token=${token}`
        const done = await still.call('callback', { query: arrival, cookies: person.pairs() })
        deepEqual([done.statusCode, done.headers.location], [302, output])
        equal(set(done).find(({ name }) => name === 'imidToken')?.value, token)
      }
    })

  for (const [input = '', output = ''] of [...vectors.accepted, ...vectors.listed].map((pair) =>
    pair.map(filled),
  ))
    it(`ends a logout of nobody with 303, where the organisation need not be known: ${input.slice(0, 60)}`, async () => {
      const answer = await still.call('logout', { query: `callback=${encoded(input)}`, headers: fromOurPage })
      const ours = !output.includes('app.example.test/')
      deepEqual([answer.statusCode, answer.headers.location], ours ? [303, output] : [400, undefined])
    })

  it('ends the logout of a person of the organisation with 303 and without the session', async () => {
    const own = await gateway.token({ jti: 'logout-of-a-person' })
    const answer = await gateway.call('logout', {
      query: `callback=${encoded('https://app.example.test/bye')}`,
      cookies: [`imidToken=${own}`],
      headers: fromOurPage,
    })
    deepEqual([answer.statusCode, answer.headers.location], [303, 'https://app.example.test/bye'])
    deepEqual([set(answer), cleared(answer)], [[], ['imidToken']])
  })
})
