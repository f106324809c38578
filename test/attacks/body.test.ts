import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Code } from '../../lib/problem.ts'
import { each } from '../support/each.ts'
import { cleared, fromOurPage, openGateway, type Request } from '../support/gateway.ts'
import { refused, standing } from '../support/refused.ts'
import { unpacked } from '../support/spellings.ts'
import vectors from '../vectors/bodies.json' with { type: 'json' }

const gateway = await openGateway()
const still = standing(gateway)
const { call, token } = gateway
const raw = await token()
/** A unit that this person belongs to. */
const held = 'north'

const json = { ...fromOurPage, 'content-type': 'application/json' }
const cookies = [`imidToken=${raw}`]
const base64 = (body: string | Buffer): string => Buffer.from(body).toString('base64')
const deep = (open: string, close: string): string => `${open.repeat(10_000)}${close.repeat(10_000)}`
const most = 131_072
const long = (length: number): string => `{"unit":null}${' '.repeat(length - 13)}`
const none = '{"unit":null}'

const unitRefused = (request: Request, code: Code) =>
  refused(gateway, 'unit', {
    request: { cookies, headers: json, ...request },
    codes: [code],
    token: raw,
    call: (sent) => still.call('unit', sent),
  })
/** As text and as base64, as API Gateway may hand it on. */
const bothRefused = async (body: string, code: Code): Promise<void> => {
  await unitRefused({ body }, code)
  if (body.isWellFormed()) await unitRefused({ body: base64(body), base64: true }, code)
}
const choose = (request: Request) => call('unit', { headers: json, cookies, ...request })
const preferred = async () => JSON.parse((await call('units', { bearer: raw })).body ?? '').preferred

describe('A body', () => {
  each('is refused when it is not an object with a unit', [
    ...unpacked(vectors['not what is expected']),
    ...[deep('[', ']'), deep('[', ''), deep('{"unit":', '}'), `{"unit":${deep('[', ']')}}`],
  ])((body) => bothRefused(body, 'bad_body'))

  each('is refused when there is none, or its encoding is wrong', [
    {},
    ...[...unpacked(vectors['base64 that is none']), none].map((body) => ({ body, base64: true })),
    ...unpacked(vectors['bytes that are no UTF-8']).map((bytes) => ({
      body: base64(Buffer.from(bytes, 'hex')),
      base64: true,
    })),
    // What was no UTF-8 arrives with something in its place.
    ...[base64(none), '{"unit":"\ud800"}', '{"\udc00":1,"unit":null}', '{"unit":null,"x":"\ufffd"}'].map(
      (body) => ({ body }),
    ),
  ])((request) => unitRefused(request, 'bad_body'))

  const as = (type: string) => ({ body: none, headers: { ...fromOurPage, 'content-type': type } })

  each('is refused unless its type is JSON', [
    { body: none, headers: fromOurPage },
    ...unpacked(vectors['types that are not JSON']).map(as),
  ])((request) => unitRefused(request, 'not_json'))

  it('is refused for a type with a long run of spaces without reading the run twice', async () => {
    const began = performance.now()
    await unitRefused(as(`a${' '.repeat(100_000)}b`), 'not_json')
    ok(performance.now() - began < 1000)
  })

  each('is a 413 from the first byte too many, in text and in base64', [
    { body: long(most + 1) },
    { body: base64(long(most + 1)), base64: true },
    { body: '!'.repeat(1_000_000), base64: true },
    { body: `{"unit":"${'\u20ac'.repeat(most / 3)}"}` },
    // However little that text encodes.
    { body: ' '.repeat(2 * most + 1), base64: true },
  ])((request) => unitRefused(request, 'body_too_large'))

  each<Request>('is taken when it is as long as it may be, in any type of JSON, with any text', [
    { body: long(most) },
    { body: base64(long(most)), base64: true },
    { body: '{"unit":null,"x":"\u{1f511}"}' },
    ...unpacked(vectors['types that are']).map(as),
  ])(async (request) => equal((await choose(request)).statusCode, 200))

  it('changes nothing where nobody asked for one, whatever its size', async () => {
    for (const name of ['token-is-set', 'health'] as const)
      deepEqual(await call(name, { cookies, body: long(most + 1) }), await call(name, { cookies }), name)
  })

  each<[Code, Request]>(
    'is judged after the origin and before the session, which is judged before the unit',
    [
      ['foreign_origin', { headers: { ...json, origin: 'https://evil.test' }, body: '[' }],
      ['bad_body', { cookies: [], body: '[' }],
      ['bad_body', { body: ' '.repeat(2 * most), base64: true }],
      ['token_malformed', { cookies: ['imidToken=x'], body: '{"unit":"nowhere"}' }],
      ['token_missing', { cookies: [], body: '{"unit":"north"}' }],
    ],
  )(([code, request]) => unitRefused(request, code))
})

describe('The unit in a body', () => {
  each('is refused when this person does not hold it', [
    ...unpacked(vectors['units that nobody holds']).map((body) => body.replace('{held}', held)),
    JSON.stringify({ unit: 'x'.repeat(9000) }),
  ])((body) => bothRefused(body, 'unit_not_held'))

  it('is for the person of the session, whoever else the body names, and the last of two', async () => {
    const others = { unit: held, unit2: 'x', sub: 'chief', org: 'second', subject: 'chief' }
    equal((await choose({ body: JSON.stringify(others) })).statusCode, 200)
    equal(await preferred(), held)
    equal((await choose({ body: `{"unit":"${held}","unit":null}` })).statusCode, 200)
    equal(await preferred(), null)
  })
})

describe('A logout', () => {
  each('is done whatever body it carries', [
    { body: '{"callback":"https://evil.test","unit":"x"}' },
    { body: base64(Buffer.from('ff00fe', 'hex')), base64: true },
    { body: '*', base64: true },
  ])(async (request) => {
    const bearer = await token()
    const answer = await call('logout', { bearer, ...request })
    deepEqual([answer.statusCode, answer.body], [200, '{"msg":"You are logged out"}'])
    equal((await call('token-is-set', { bearer })).statusCode, 401)
  })

  it('is done before a body that is too large is answered with 413', async () => {
    const own = await token()
    const request = { body: long(most + 1), headers: fromOurPage, cookies: [`imidToken=${own}`] }
    const codes = ['body_too_large'] as const
    const answer = await refused(gateway, 'logout', { request, codes, token: own, mayWrite: true })
    ok(cleared(answer).includes('imidToken'), 'the cookie stays')
    equal((await call('token-is-set', { bearer: own })).statusCode, 401)
  })
})
