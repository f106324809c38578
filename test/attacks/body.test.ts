import { deepEqual, equal, ok } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { Code } from '../../lib/problem.ts'
import { cleared, fromOurPage, openGateway, type Request } from '../support/gateway.ts'
import { refused } from '../support/refused.ts'
import vectors from '../vectors/bodies.json' with { type: 'json' }

const gateway = await openGateway()
const { call, token } = gateway
let raw = ''
/** A unit that this person belongs to. */
let held = ''
before(async () => {
  raw = await token()
  const answer = await call('units', { bearer: raw })
  held = JSON.parse(answer.body ?? '').units[0].name
})

const json = { ...fromOurPage, 'content-type': 'application/json' }
const base64 = (body: string | Buffer): string => Buffer.from(body).toString('base64')

const unitRefused = async (request: Request, codes: readonly Code[]): Promise<void> => {
  const cookies = [`imidToken=${raw}`]
  await refused(gateway, 'unit', { request: { cookies, headers: json, ...request }, codes, token: raw })
}

/** As text and as base64, as API Gateway may hand it on. */
const bothWays = async (body: string, codes: readonly Code[]): Promise<void> => {
  await unitRefused({ body }, codes)
  if (body.isWellFormed()) await unitRefused({ body: base64(body), base64: true }, codes)
}

describe('a body that is not an object with a unit', () => {
  for (const body of vectors['not what is expected'])
    it(`is refused: ${JSON.stringify(body)}`, () => bothWays(body, ['bad_body']))
  it('is refused when there is none', () => unitRefused({}, ['bad_body']))
  for (const [what, body] of [
    ['lists', `${'['.repeat(10_000)}${']'.repeat(10_000)}`],
    ['lists that do not end', '['.repeat(10_000)],
    ['objects', `${'{"unit":'.repeat(10_000)}null${'}'.repeat(10_000)}`],
    ['lists in the unit', `{"unit":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
  ] as const)
    it(`is refused, 10,000 levels deep: ${what}`, () => bothWays(body, ['bad_body']))
})

describe('a unit that this person does not hold', () => {
  for (const body of vectors['units that nobody holds'])
    it(`is refused: ${body}`, () => bothWays(body.replace('{held}', held), ['unit_not_held']))
  it('is refused when its name is very long', () =>
    bothWays(JSON.stringify({ unit: 'x'.repeat(9000) }), ['unit_not_held']))
})

describe('a body whose encoding is wrong', () => {
  for (const body of vectors['base64 that is none'])
    it(`is refused as base64: ${JSON.stringify(body)}`, () =>
      unitRefused({ body, base64: true }, ['bad_body']))
  for (const bytes of vectors['bytes that are no UTF-8'])
    it(`is refused as UTF-8: ${bytes}`, () =>
      unitRefused({ body: base64(Buffer.from(bytes, 'hex')), base64: true }, ['bad_body']))
  it('is too large beyond 256 kB of text, however little that text encodes', async () => {
    await unitRefused({ body: ' '.repeat(262_144), base64: true }, ['bad_body'])
    await unitRefused({ body: ' '.repeat(262_145), base64: true }, ['body_too_large'])
  })
  it('is refused where base64 is taken for text', () =>
    unitRefused({ body: base64('{"unit":null}'), base64: false }, ['bad_body']))
  for (const body of ['{"unit":"\ud800"}', '{"\udc00":1,"unit":null}', '{"unit":null,"x":"\ufffd"}'])
    it(`is refused where something stands for what was no UTF-8: ${JSON.stringify(body)}`, () =>
      unitRefused({ body }, ['bad_body']))
  it('is none with a pair of surrogates', async () => {
    const request = { headers: json, cookies: [`imidToken=${raw}`] }
    equal((await call('unit', { ...request, body: '{"unit":null,"x":"\u{1f511}"}' })).statusCode, 200)
  })
  it('is refused where text is taken for base64', () =>
    unitRefused({ body: '{"unit":null}', base64: true }, ['bad_body']))
})

describe('a body of another type', () => {
  for (const type of vectors['types that are not JSON'])
    it(`is refused: ${JSON.stringify(type)}`, () =>
      unitRefused({ body: '{"unit":null}', headers: { ...fromOurPage, 'content-type': type } }, ['not_json']))
  it('is refused without a type', () =>
    unitRefused({ body: '{"unit":null}', headers: fromOurPage }, ['not_json']))

  for (const type of vectors['types that are'])
    it(`is taken as JSON: ${type}`, async () => {
      const headers = { ...fromOurPage, 'content-type': type }
      const request = { body: '{"unit":null}', headers, cookies: [`imidToken=${raw}`] }
      equal((await call('unit', request)).statusCode, 200)
    })
})

const most = 131_072
const long = (length: number): string => `{"unit":null}${' '.repeat(length - 13)}`

describe('a body that is too large', () => {
  for (const [what, body, flag] of [
    ['one byte', long(most + 1), false],
    ['one byte in base64', base64(long(most + 1)), true],
    ['1 MB', long(1_000_000), false],
    ['1 MB in base64', base64(long(1_000_000)), true],
    ['1 MB of no base64', '!'.repeat(1_000_000), true],
    ['characters of three bytes', `{"unit":"${'\u20ac'.repeat(most / 3)}"}`, false],
  ] as const)
    it(`is a 413: ${what}`, () => unitRefused({ body, base64: flag }, ['body_too_large']))

  it('is a 413 at a logout too, once the session is ended', async () => {
    const leaving = await token({ jti: 'leaving with luggage' })
    const request = { body: long(most + 1), headers: fromOurPage, cookies: [`imidToken=${leaving}`] }
    const answer = await refused(gateway, 'logout', {
      request,
      codes: ['body_too_large'],
      token: leaving,
      mayWrite: true,
    })
    ok(cleared(answer).includes('imidToken'))
    equal((await call('token-is-set', { bearer: leaving })).statusCode, 401)
  })

  it('is none with the last byte that fits', async () => {
    const request = { headers: json, cookies: [`imidToken=${raw}`] }
    equal((await call('unit', { ...request, body: long(most) })).statusCode, 200)
    equal((await call('unit', { ...request, body: base64(long(most)), base64: true })).statusCode, 200)
  })
})

describe('a body that nobody asked for', () => {
  for (const name of ['token-is-set', 'units', 'health'] as const)
    it(`changes nothing at ${name}, whatever its size`, async () => {
      const cookies = [`imidToken=${raw}`]
      const [bare, laden] = [
        await call(name, { cookies }),
        await call(name, { cookies, body: long(most + 1) }),
      ]
      deepEqual(laden, bare)
    })
})

describe('a type with a run of spaces', () => {
  it('is refused at once', async () => {
    const began = performance.now()
    const headers = { ...fromOurPage, 'content-type': `a${' '.repeat(100_000)}b` }
    await unitRefused({ body: '{"unit":null}', headers }, ['not_json'])
    ok(performance.now() - began < 1000)
  })
})

describe('the order of refusals', () => {
  for (const [what, request, code] of [
    [
      'a foreign origin before the body',
      { headers: { ...json, origin: 'https://evil.test' }, body: '[' },
      'foreign_origin',
    ],
    ['the body before the session', { cookies: [], body: '[' }, 'bad_body'],
    [
      'the session before the unit',
      { cookies: ['imidToken=x'], body: '{"unit":"nowhere"}' },
      'token_malformed',
    ],
    ['nobody is not told which units there are', { cookies: [], body: '{"unit":"north"}' }, 'token_missing'],
  ] as const)
    it(`is ${what}`, () => unitRefused(request, [code]))
})

describe('members beside the unit', () => {
  it('name nobody else', async () => {
    const body = JSON.stringify({ unit: held, unit2: 'x', sub: 'chief', org: 'second', subject: 'chief' })
    const chosen = await call('unit', { body, headers: json, cookies: [`imidToken=${raw}`] })
    deepEqual([chosen.statusCode, chosen.body], [200, '{"msg":"Unit set"}'])
    equal(JSON.parse((await call('units', { bearer: raw })).body ?? '').preferred, held)
  })
  it('count last when they are the unit again', async () => {
    const request = { headers: json, cookies: [`imidToken=${raw}`] }
    equal((await call('unit', { ...request, body: `{"unit":"nowhere","unit":"${held}"}` })).statusCode, 200)
    equal((await call('unit', { ...request, body: `{"unit":"${held}","unit":null}` })).statusCode, 200)
    equal(JSON.parse((await call('units', { bearer: raw })).body ?? '').preferred, null)
  })
})

describe('a logout', () => {
  for (const [what, body, flag] of [
    ['text', 'anything', false],
    ['JSON', '{"callback":"https://evil.test","unit":"x"}', false],
    ['bytes', base64(Buffer.from('ff00fe', 'hex')), true],
    ['wrong base64', '*', true],
  ] as const)
    it(`is done whatever body it carries: ${what}`, async () => {
      const own = await token({ jti: `body ${what}` })
      const answer = await call('logout', { bearer: own, body, base64: flag })
      deepEqual([answer.statusCode, answer.body], [200, '{"msg":"You are logged out"}'])
      equal((await call('token-is-set', { bearer: own })).statusCode, 401)
    })
})
