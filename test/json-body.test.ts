import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkSize, jsonBody } from '../lib/lambda/json-body.ts'
import { type Code, Problem } from '../lib/problem.ts'
import { unitChoice } from '../lib/session/units.ts'
import { each } from './support/each.ts'
import { asProblem, effect, eventOf, fromOurPage, openGateway, type Request } from './support/gateway.ts'
import { unpacked } from './support/spellings.ts'
import vectors from './vectors/bodies.json' with { type: 'json' }

const base64 = (body: string | Buffer): string => Buffer.from(body).toString('base64')
const deep = (open: string, close: string): string => `${open.repeat(10_000)}${close.repeat(10_000)}`
const most = 131_072
const long = (length: number): string => `{"unit":null}${' '.repeat(length - 13)}`
const none = '{"unit":null}'
const type = { 'content-type': 'application/json' }

/** The unit that a body chooses. */
const chosen = (request: Request): string | null => {
  const event = eventOf('unit', { headers: type, ...request })
  checkSize(event)
  jsonBody().before?.({ event } as never)
  return unitChoice(event.body)
}
const refused = (request: Request, code: Code): void => throws(() => chosen(request), { code })

describe('A body', () => {
  each('is refused when it is not a JSON object with a unit, as text and as base64', [
    ...unpacked(vectors['not what is expected']),
    ...[deep('[', ']'), deep('[', ''), deep('{"unit":', '}'), `{"unit":${deep('[', ']')}}`],
  ])((body) => {
    refused({ body }, 'bad_body')
    refused({ body: base64(body), base64: true }, 'bad_body')
  })

  each<Request>('is refused when it is missing, not UTF-8, or not valid base64', [
    {},
    { body: ' '.repeat(2 * most), base64: true },
    ...unpacked(vectors['base64 that is none']).map((body) => ({ body, base64: true })),
    ...unpacked(vectors['bytes that are no UTF-8']).map((bytes) => ({
      body: base64(Buffer.from(bytes, 'hex')),
      base64: true,
    })),
    // Base64 without its flag, lone surrogates, and the replacement character of invalid UTF-8.
    ...[base64(none), '{"unit":"\ud800"}', '{"\udc00":1,"unit":null}', '{"unit":null,"x":"\ufffd"}'].map(
      (body) => ({ body }),
    ),
  ])((request) => refused(request, 'bad_body'))

  const as = (type: string) => ({ body: none, headers: { 'content-type': type } })
  each('is refused unless its Content-Type is JSON', [
    { body: none, headers: {} },
    ...unpacked(vectors['types that are not JSON']).map(as),
  ])((request) => refused(request, 'not_json'))

  it('is refused in linear time for a Content-Type with a long run of spaces', () => {
    const began = performance.now()
    refused(as(`a${' '.repeat(100_000)}b`), 'not_json')
    ok(performance.now() - began < 1000)
  })

  each('is refused when it is one byte longer than the limit, as text and as base64', [
    { body: long(most + 1) },
    { body: base64(long(most + 1)), base64: true },
    { body: `{"unit":"${'\u20ac'.repeat(most / 3)}"}` },
    // Base64 of this length, whatever it decodes to.
    { body: ' '.repeat(2 * most + 1), base64: true },
  ])((request) => refused(request, 'body_too_large'))

  each<[Request, string | null]>(
    'is accepted at the maximum length, with any JSON media type and any Unicode text',
    [
      [{ body: long(most) }, null],
      [{ body: base64(long(most)), base64: true }, null],
      [{ body: '{"x":"\u{1f511}","unit":"\u{1f511}"}' }, '\u{1f511}'],
      // Of a repeated member the last one counts.
      [{ body: '{"unit":"a","unit":"b"}' }, 'b'],
      ...unpacked(vectors['types that are']).map((one): [Request, null] => [as(one), null]),
    ],
  )(([request, unit]) => equal(chosen(request), unit))

  each<Error>('leaves unrelated errors unchanged', [
    new Problem('table_unavailable'),
    new TypeError('a mistake'),
    Object.assign(new Error('a status'), { statusCode: 500 }),
  ])((error) => {
    let reads = 0
    const event = {
      body: none,
      isBase64Encoded: false,
      get headers() {
        if (++reads > 1) throw error
        return {}
      },
    }
    throws(() => jsonBody().before?.({ event } as never), error)
  })
})

describe('POST /unit', async () => {
  const gateway = await openGateway()
  const { call, token, front } = gateway
  const raw = await token()
  const headers = { ...type, ...fromOurPage, ...asProblem }
  const choose = (request: Request) => call('unit', { headers, cookies: [`imidToken=${raw}`], ...request })
  const preferred = async () => JSON.parse((await call('units', { bearer: raw })).body ?? '').preferred

  each<[number, Code, Request]>('checks the origin first, then the body, the session and the unit', [
    [403, 'foreign_origin', { headers: { ...headers, origin: 'https://evil.test' }, body: '[' }],
    [
      413,
      'body_too_large',
      { cookies: [], body: ' '.repeat(2 * most + 1), headers: { ...headers, ...type } },
    ],
    [415, 'not_json', { cookies: [], body: '[', headers: { ...headers, 'content-type': 'text/plain' } }],
    [400, 'bad_body', { cookies: [], body: '[' }],
    [403, 'token_malformed', { cookies: ['imidToken=x'], body: '{"unit":"nowhere"}' }],
  ])(async ([status, code, request]) => {
    front.reset()
    deepEqual(effect(await choose(request)), { status, code })
    equal(front.calls.write, 0)
  })

  each('refuses a unit that this person does not hold', [
    ...unpacked(vectors['units that nobody holds']).map((body) => body.replace('{held}', 'north')),
  ])(async (body) => deepEqual(effect(await choose({ body })), { status: 403, code: 'unit_not_held' }))

  it('stores the choice for the person of the session, even if the body names another', async () => {
    const body = JSON.stringify({ unit: 'north', unit2: 'x', sub: 'chief', org: 'second', subject: 'chief' })
    equal((await choose({ body })).statusCode, 200)
    equal(await preferred(), 'north')
  })

  it('is the only route that reads a body; others ignore it', async () => {
    const request = { cookies: [`imidToken=${raw}`] }
    for (const name of ['token-is-set', 'health'] as const)
      deepEqual(await call(name, { ...request, body: long(most + 1) }), await call(name, request), name)
  })
})
