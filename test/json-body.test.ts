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
  each('is refused when it is not an object with a unit, as text and in base64', [
    ...unpacked(vectors['not what is expected']),
    ...[deep('[', ']'), deep('[', ''), deep('{"unit":', '}'), `{"unit":${deep('[', ']')}}`],
  ])((body) => {
    refused({ body }, 'bad_body')
    refused({ body: base64(body), base64: true }, 'bad_body')
  })

  each<Request>('is refused when it is missing, or neither UTF-8 nor its base64', [
    {},
    { body: ' '.repeat(2 * most), base64: true },
    ...unpacked(vectors['base64 that is none']).map((body) => ({ body, base64: true })),
    ...unpacked(vectors['bytes that are no UTF-8']).map((bytes) => ({
      body: base64(Buffer.from(bytes, 'hex')),
      base64: true,
    })),
    // What was no UTF-8 arrives with something in its place.
    ...[base64(none), '{"unit":"\ud800"}', '{"\udc00":1,"unit":null}', '{"unit":null,"x":"\ufffd"}'].map(
      (body) => ({ body }),
    ),
  ])((request) => refused(request, 'bad_body'))

  const as = (type: string) => ({ body: none, headers: { 'content-type': type } })
  each('is refused unless its type is JSON', [
    { body: none, headers: {} },
    ...unpacked(vectors['types that are not JSON']).map(as),
  ])((request) => refused(request, 'not_json'))

  it('is refused for a type with a long run of spaces without reading the run twice', () => {
    const began = performance.now()
    refused(as(`a${' '.repeat(100_000)}b`), 'not_json')
    ok(performance.now() - began < 1000)
  })

  each('is too large from the first byte too many, in text and in base64', [
    { body: long(most + 1) },
    { body: base64(long(most + 1)), base64: true },
    { body: `{"unit":"${'\u20ac'.repeat(most / 3)}"}` },
    // However little that text encodes.
    { body: ' '.repeat(2 * most + 1), base64: true },
  ])((request) => refused(request, 'body_too_large'))

  each<[Request, string | null]>(
    'is taken when it is as long as it may be, in any type of JSON, with any text',
    [
      [{ body: long(most) }, null],
      [{ body: base64(long(most)), base64: true }, null],
      [{ body: '{"x":"\u{1f511}","unit":"\u{1f511}"}' }, '\u{1f511}'],
      // The last of two.
      [{ body: '{"unit":"a","unit":"b"}' }, 'b'],
      ...unpacked(vectors['types that are']).map((one): [Request, null] => [as(one), null]),
    ],
  )(([request, unit]) => equal(chosen(request), unit))

  each<Error>('lets errors pass that are not about it', [
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

  each<[number, Code, Request]>('judges the origin first, then the body, the session and the unit', [
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

  it('chooses for the person of the session, whoever else the body names', async () => {
    const body = JSON.stringify({ unit: 'north', unit2: 'x', sub: 'chief', org: 'second', subject: 'chief' })
    equal((await choose({ body })).statusCode, 200)
    equal(await preferred(), 'north')
  })

  it('is the only route on which a body counts', async () => {
    const request = { cookies: [`imidToken=${raw}`] }
    for (const name of ['token-is-set', 'health'] as const)
      deepEqual(await call(name, { ...request, body: long(most + 1) }), await call(name, request), name)
  })
})
