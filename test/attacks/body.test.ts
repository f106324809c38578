import { deepEqual, equal, ok } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { Code } from '../../lib/problem.ts'
import { cleared, fromOurPage, openGateway, type Request } from '../support/gateway.ts'
import { refused, standing } from '../support/refused.ts'
import { unpacked } from '../support/spellings.ts'
import vectors from '../vectors/bodies.json' with { type: 'json' }

const gateway = await openGateway()
const still = standing(gateway)
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
const deep = (open: string, close: string): string => `${open.repeat(10_000)}${close.repeat(10_000)}`
const most = 131_072
const long = (length: number): string => `{"unit":null}${' '.repeat(length - 13)}`

const unitRefused = async (request: Request, code: Code): Promise<void> => {
  const cookies = [`imidToken=${raw}`]
  await refused(gateway, 'unit', {
    request: { cookies, headers: json, ...request },
    codes: [code],
    token: raw,
    call: (sent) => still.call('unit', sent),
  })
}
/** As text and as base64, as API Gateway may hand it on. */
const bothRefused = async (body: string, code: Code): Promise<void> => {
  await unitRefused({ body }, code)
  if (body.isWellFormed()) await unitRefused({ body: base64(body), base64: true }, code)
}
const choose = (request: Request) =>
  call('unit', { headers: json, cookies: [`imidToken=${raw}`], ...request })

describe('A body', () => {
  it('is refused when it is not an object with a unit', async () => {
    for (const body of unpacked(vectors['not what is expected'])) await bothRefused(body, 'bad_body')
    for (const body of [deep('[', ']'), deep('[', ''), deep('{"unit":', '}'), `{"unit":${deep('[', ']')}}`])
      await bothRefused(body, 'bad_body')
    await unitRefused({}, 'bad_body')
  })

  it('is refused when its encoding is wrong', async () => {
    for (const body of [...unpacked(vectors['base64 that is none']), '{"unit":null}'])
      await unitRefused({ body, base64: true }, 'bad_body')
    for (const bytes of unpacked(vectors['bytes that are no UTF-8']))
      await unitRefused({ body: base64(Buffer.from(bytes, 'hex')), base64: true }, 'bad_body')
    for (const body of [
      base64('{"unit":null}'),
      // What was no UTF-8 arrives with something in its place.
      ...['{"unit":"\ud800"}', '{"\udc00":1,"unit":null}', '{"unit":null,"x":"\ufffd"}'],
    ])
      await unitRefused({ body }, 'bad_body')
    equal(
      (await choose({ body: '{"unit":null,"x":"\u{1f511}"}' })).statusCode,
      200,
      'a pair of surrogates is text',
    )
  })

  it('is refused unless its type is JSON', async () => {
    const as = (type: string) => ({
      body: '{"unit":null}',
      headers: { ...fromOurPage, 'content-type': type },
    })
    for (const type of unpacked(vectors['types that are not JSON'])) await unitRefused(as(type), 'not_json')
    await unitRefused({ body: '{"unit":null}', headers: fromOurPage }, 'not_json')
    for (const type of unpacked(vectors['types that are']))
      equal((await choose(as(type))).statusCode, 200, type)

    const began = performance.now()
    await unitRefused(as(`a${' '.repeat(100_000)}b`), 'not_json')
    ok(performance.now() - began < 1000, 'a run of spaces is read once')
  })

  it('is a 413 from the first byte too many, in text and in base64', async () => {
    for (const [body, flag] of [
      [long(most + 1), false],
      [base64(long(most + 1)), true],
      ['!'.repeat(1_000_000), true],
      [`{"unit":"${'\u20ac'.repeat(most / 3)}"}`, false],
      // However little that text encodes.
      [' '.repeat(2 * most + 1), true],
    ] as const)
      await unitRefused({ body, base64: flag }, 'body_too_large')
    await unitRefused({ body: ' '.repeat(2 * most), base64: true }, 'bad_body')
    equal((await choose({ body: long(most) })).statusCode, 200)
    equal((await choose({ body: base64(long(most)), base64: true })).statusCode, 200)
  })

  it('changes nothing where nobody asked for one, whatever its size', async () => {
    const cookies = [`imidToken=${raw}`]
    for (const name of ['token-is-set', 'units', 'health'] as const)
      deepEqual(await call(name, { cookies, body: long(most + 1) }), await call(name, { cookies }), name)
  })

  it('is judged after the origin and before the session, which is judged before the unit', async () => {
    await unitRefused({ headers: { ...json, origin: 'https://evil.test' }, body: '[' }, 'foreign_origin')
    await unitRefused({ cookies: [], body: '[' }, 'bad_body')
    await unitRefused({ cookies: ['imidToken=x'], body: '{"unit":"nowhere"}' }, 'token_malformed')
    await unitRefused({ cookies: [], body: '{"unit":"north"}' }, 'token_missing')
  })
})

describe('The unit in a body', () => {
  it('is refused when this person does not hold it', async () => {
    for (const body of unpacked(vectors['units that nobody holds']))
      await bothRefused(body.replace('{held}', held), 'unit_not_held')
    await bothRefused(JSON.stringify({ unit: 'x'.repeat(9000) }), 'unit_not_held')
  })

  it('is for the person of the session, whoever else the body names', async () => {
    const body = JSON.stringify({ unit: held, unit2: 'x', sub: 'chief', org: 'second', subject: 'chief' })
    const chosen = await choose({ body })
    deepEqual([chosen.statusCode, chosen.body], [200, '{"msg":"Unit set"}'])
    equal(JSON.parse((await call('units', { bearer: raw })).body ?? '').preferred, held)
  })

  it('is the last of two', async () => {
    equal((await choose({ body: `{"unit":"nowhere","unit":"${held}"}` })).statusCode, 200)
    equal((await choose({ body: `{"unit":"${held}","unit":null}` })).statusCode, 200)
    equal(JSON.parse((await call('units', { bearer: raw })).body ?? '').preferred, null)
  })
})

describe('A logout', () => {
  it('is done whatever body it carries', async () => {
    for (const [body, flag] of [
      ['{"callback":"https://evil.test","unit":"x"}', false],
      [base64(Buffer.from('ff00fe', 'hex')), true],
      ['*', true],
    ] as const) {
      const own = await token({ jti: `body ${body}` })
      const answer = await call('logout', { bearer: own, body, base64: flag })
      deepEqual([answer.statusCode, answer.body], [200, '{"msg":"You are logged out"}'], body)
      equal((await call('token-is-set', { bearer: own })).statusCode, 401, body)
    }
  })

  it('is done before a body that is too large is answered with 413', async () => {
    const leaving = await token({ jti: 'leaving with luggage' })
    const request = { body: long(most + 1), headers: fromOurPage, cookies: [`imidToken=${leaving}`] }
    const answer = await refused(gateway, 'logout', {
      request,
      codes: ['body_too_large'],
      token: leaving,
      mayWrite: true,
    })
    ok(cleared(answer).includes('imidToken'), 'the cookie stays')
    equal((await call('token-is-set', { bearer: leaving })).statusCode, 401)
  })
})
