import { deepEqual, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Answer } from '../../lib/http/messages.ts'
import { type EndpointName, routes } from '../../lib/routes.ts'
import type { Items, Table } from '../../lib/store/table.ts'
import {
  browser,
  context,
  crumb,
  fromOurPage,
  navigation,
  openGateway,
  publicUrl,
} from '../support/gateway.ts'

const gateway = await openGateway()
const raw = await gateway.token()
const person = browser()
const begun = `${await gateway.begin(person)}`
const pending = person.pairs().join('; ')

/** Caches reads, and accepts writes without storing them: nothing changes during the run. */
const frozen = (table: Table): Table => {
  const seen = new Map<string, Promise<Items>>()
  const read = (keys: readonly string[]): Promise<Items> => {
    const name = JSON.stringify(keys)
    const items = seen.get(name) ?? table.read(keys)
    seen.set(name, items)
    return items
  }
  return { read, change: async () => true, put: async () => {}, remove: async () => {} }
}
const table = frozen(gateway.table)
const strict = { STRICT_COOKIE_MODE: 'true', LOGIN_BINDING: 'off', COOKIE_DOMAIN: 'example.test' }
const instances = [{}, strict].map((settings) => ({ ...gateway.instance(settings), table }))

/** Fails when payload or signature of the token stands in this text. */
const withoutToken = (text: string): void => {
  for (const part of raw.split('.').slice(1)) ok(!text.includes(part), 'a part of the token')
}

/** Replaces placeholders by values that exist only at run time. */
const filled = (text: string): string =>
  text.replaceAll('TOKEN', raw).replaceAll('BEGUN', begun).replaceAll('PENDING', pending)

const junk = fc.string({ unit: 'binary', maxLength: 6 })
const words = (...list: string[]) =>
  fc
    .array(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...list) }, junk), { maxLength: 6 })
    .map((parts) => parts.join(''))
const spaced = (text: string) => words(...text.split(' '))
const query = fc.oneof(
  spaced('org=demo & callback= / %2F //evil.test https://app.example.test imid_token= TOKEN % %zz'),
  spaced('BEGUN & imid_token=TOKEN login= serviceCallback=/ x=\ud800 %ED%A0%80 + # ='),
  fc.constantFrom('BEGUN&imid_token=TOKEN', 'org=demo&callback=/', 'callback=/', 'org=demo'),
)
const cookie = fc.oneof(
  words('; ', ...'imidToken= TOKEN PENDING ; " = __Host-imsg-rounds= zzz!demo! a=1'.split(' ')),
  fc.constantFrom('imidToken=TOKEN', 'PENDING', '__Host-imsg-login-AAAAAAAA=zzz!demo!'),
)
const names = [
  ...'authorization Authorization cookie COOKIE accept origin content-type sec-fetch-site sec-fetch-mode'.split(
    ' ',
  ),
  ...'sec-fetch-dest sec-purpose host forwarded x-forwarded-host accept-language __proto__'.split(' '),
]
const said = `${publicUrl} bearer TOKEN ;q= 1e999 text/html application/json null */* navigate iframe sv , -`
/** Valid headers let more of the random requests get past the first checks. */
const ours = Object.entries({ ...fromOurPage, ...navigation, 'content-type': 'application/json' })
const types = ['application/problem+json', 'text/html', 'application/health+json']
const header = fc.oneof(
  fc.tuple(fc.constantFrom(...names), words('Bearer ', ', ', ...said.split(' '))),
  fc.constantFrom(...ours, ...types.map((type) => ['accept', type] as const)),
)
const headers = fc.oneof(
  { weight: 3, arbitrary: fc.array(header, { maxLength: 5 }) },
  fc.constantFrom(ours, undefined),
)
const cookies = fc.oneof(
  { weight: 3, arbitrary: fc.array(cookie, { maxLength: 4 }) },
  fc.constantFrom(['imidToken=TOKEN'], ['PENDING'], undefined),
)
const organisation = fc.oneof(fc.constantFrom('demo', '..', 'a/b', '__proto__', '\ud800', ''), junk)
const json = fc.oneof(words(...'{ } "unit" : null "north" [ e30='.split(' ')), fc.constant('{"unit":null}'))
const perhaps = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

/** Any event that API Gateway could send, and many that it never would. */
const event = fc.record({
  rawQueryString: query,
  headers,
  cookies,
  org: perhaps(organisation),
  body: perhaps(json),
  isBase64Encoded: fc.boolean(),
  method: perhaps(fc.constantFrom('GET', 'POST', 'HEAD', 'TRACE', 'x')),
})
type Sent = typeof event extends fc.Arbitrary<infer T> ? T : never

let requests = 0
const built = ({ rawQueryString, headers, cookies, org, body, isBase64Encoded, method }: Sent) => ({
  version: '2.0',
  rawQueryString: filled(rawQueryString),
  ...(headers && { headers: Object.fromEntries(headers.map(([name, value]) => [name, filled(value)])) }),
  ...(cookies && { cookies: cookies.map(filled) }),
  ...(org !== undefined && { pathParameters: { org } }),
  ...(body !== undefined && { body }),
  isBase64Encoded,
  requestContext: {
    requestId: `random-${++requests}`,
    ...(method && { http: { method, path: '/', sourceIp: '' } }),
  },
})

/** A header value without line breaks and non-ASCII characters. */
const header7 = /^[\t !-~]*$/

const judged = (name: EndpointName, answer: Answer, sent: Sent): void => {
  ok(answer.statusCode < 500, `${name}: ${answer.statusCode} ${answer.body}`)
  ok([200, 302, 303, 400, 401, 403, 404, 413, 415].includes(answer.statusCode))
  for (const [key, value] of Object.entries(answer.headers))
    ok(/^[a-z-]+$/.test(key) && header7.test(value), key)
  for (const text of answer.cookies ?? []) ok(header7.test(text), text)
  const { cookies = [], headers, body } = answer
  // A token in the return URL of a request is sent back in that URL, but nowhere else.
  const { location = '', ...others } = headers
  const ownReturnUrl = /callback=[^&]*TOKEN/i.test(sent.rawQueryString ?? '')
  withoutToken(JSON.stringify({ others, body, location: ownReturnUrl ? '' : location }))
  for (const { name: which, value } of cookies.map(crumb))
    if (value.includes(raw))
      deepEqual([name, which, value, answer.statusCode], ['callback', 'imidToken', raw, 302])
  const to = answer.headers.location
  if (to !== undefined)
    ok([publicUrl, 'https://app.example.test', gateway.identity.url].includes(new URL(to).origin), to)
}

/** Endpoints that answer only with refusals. */
const refusesAlways: ReadonlySet<string> = new Set(['login-failed', 'not-found'])

describe('Random requests', () => {
  for (const name of Object.keys(routes).filter((name): name is EndpointName => name !== 'refresh-state'))
    it(`get no 5xx, foreign redirect or leaked token from ${name}`, async () => {
      const { wire } = (await import(`../../functions/${name}/index.ts`)) as {
        wire: (on: (typeof instances)[number]) => (event: unknown, context: unknown) => Promise<Answer>
      }
      const endpoints = instances.map(wire)
      const seen = new Set<number>()
      const property = fc.asyncProperty(event, fc.nat(1), async (sent, which) => {
        gateway.lines.length = 0
        const answer = await endpoints[which]?.(built(sent), context)
        ok(answer)
        judged(name, answer, sent)
        seen.add(answer.statusCode)
        withoutToken(gateway.lines.join())
      })
      await fc.assert(property, { numRuns: 600 })
      ok(
        refusesAlways.has(name) || [...seen].some((status) => status < 400),
        `only ${[...seen]}: none came through, which says little`,
      )
    })
})
