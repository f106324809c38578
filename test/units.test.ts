import { deepEqual, equal } from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { Problem } from '../lib/problem.ts'
import { each } from './support/each.ts'
import { asProblem, codeOf, fromOurPage, openGateway, publicUrl } from './support/gateway.ts'

const gateway = await openGateway({ CORS_ALLOWED_ORIGINS: 'https://editor.example.test' })
const { call, open, control, refreshEverywhere, token, front } = gateway

const json = { 'content-type': 'application/json' }
const choose = (raw: string, body: unknown, headers: Record<string, string> = {}) =>
  call('unit', {
    cookies: [`imidToken=${raw}`],
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { ...json, ...fromOurPage, ...asProblem, ...headers },
  })
const listed = async (raw: string) => JSON.parse((await call('units', { bearer: raw })).body ?? '')
const held = async (raw: string) => (await listed(raw)).units.map(({ name }: { name: string }) => name)

beforeEach(async () => {
  await control({ do: 'reset' })
  await refreshEverywhere()
})

describe('GET /units', () => {
  it('lists the units of an ID token by its groups, whole and to the letter', async () => {
    const answer = await call('units', { cookies: [`imidToken=${await token()}`] })
    deepEqual([answer.statusCode, answer.headers['content-type']], [200, 'application/json; charset=utf-8'])
    equal(
      answer.body,
      '{"msg":"Unit set","units":[{"name":"north","displayName":"North","preferred":false},{"name":"south","displayName":"South","preferred":false}],"preferred":null}',
    )
  })

  each('lists the units that the groups of an ID token are mapped to', [
    [{ user: 'chief' }, ['north', 'south', 'west']],
    [{ user: 'visitor' }, []],
    [{ user: 'guest', org: 'second' }, ['east']],
  ])(async ([who, units]) => deepEqual(await held(await token({}, who)), units))

  each('lists the units of an access token', [
    ['its own units', { org: [], units: { south: ['svc:perm'] } }, ['south']],
    [
      'every unit when it holds a permission in the organisation',
      { org: ['svc:perm'], units: {} },
      ['north', 'south', 'west'],
    ],
    ['none, when it names none', { org: [], units: {} }, []],
    ['none, when its permissions make no sense', 'all of them', []],
  ])(async ([, permissions, units]) => {
    deepEqual(await held(await token({ ntt: 'access_token', permissions, groups: ['chiefs'] })), units)
  })

  it('follows a mapping that is added and taken away', async () => {
    const raw = await token()
    await control({ do: 'mapping', add: { org: 'demo', group: 'north-desk', unit: 'west' } })
    await refreshEverywhere()
    deepEqual(await held(raw), ['north', 'south', 'west'])
    await control({ do: 'mapping', remove: { org: 'demo', group: 'north-desk', unit: 'west' } })
    await refreshEverywhere()
    deepEqual(await held(raw), ['north', 'south'])
  })

  it('answers 403, the one documented refusal, when nobody is signed in', async () => {
    const answer = await call('units')
    deepEqual([answer.statusCode, answer.body], [403, '"errors.auth.Forbidden"'])
    equal(codeOf(await call('units', { headers: asProblem })), 'token_missing')
  })

  it('answers 503 while the table cannot be read', async () => {
    const raw = await token()
    front.fault.next = () => new Problem('table_unavailable')
    equal((await call('units', { bearer: raw })).statusCode, 503)
    delete front.fault.next
  })
})

describe('POST /unit', () => {
  it('remembers the unit, in every instance', async () => {
    const raw = await token()
    const answer = await choose(raw, { unit: 'south' })
    deepEqual([answer.statusCode, answer.body], [200, '{"msg":"Unit set"}'])
    const elsewhere = await (await open('units'))({ bearer: raw })
    deepEqual(JSON.parse(elsewhere.body ?? '').preferred, 'south')
    deepEqual((await listed(raw)).units, [
      { name: 'north', displayName: 'North', preferred: false },
      { name: 'south', displayName: 'South', preferred: true },
    ])
  })

  it('forgets it again', async () => {
    const raw = await token()
    await choose(raw, { unit: 'south' })
    equal((await choose(raw, { unit: null })).statusCode, 200)
    equal((await listed(raw)).preferred, null)
  })

  it('reads a unit that is no longer held as none', async () => {
    const raw = await token()
    await choose(raw, { unit: 'south' })
    await control({ do: 'mapping', remove: { org: 'demo', group: 'south-desk', unit: 'south' } })
    await refreshEverywhere()
    deepEqual(await listed(raw), {
      msg: 'Unit set',
      units: [{ name: 'north', displayName: 'North', preferred: false }],
      preferred: null,
    })
  })

  it('belongs to the person, not to their session', async () => {
    await choose(await token(), { unit: 'north' })
    equal((await listed(await token())).preferred, 'north')
    equal((await listed(await token({}, { user: 'chief' }))).preferred, null)
  })

  each('answers 400 or 403 to what cannot be set, and writes nothing', [
    [403, 'unit_not_held', 'a unit not held', { unit: 'west' }, {}],
    [403, 'unit_not_held', 'an unknown unit', { unit: 'moon' }, {}],
    [400, 'bad_body', 'a body without a unit', {}, {}],
    [400, 'bad_body', 'a unit that is a list', { unit: ['south'] }, {}],
    [400, 'bad_body', 'a list', ['south'], {}],
    [400, 'bad_body', 'no JSON', '{"unit":', {}],
    [400, 'bad_body', 'an empty body', '', {}],
    [415, 'not_json', 'a form', 'unit=south', { 'content-type': 'application/x-www-form-urlencoded' }],
    [413, 'body_too_large', 'a body without end', `{"unit":"${'x'.repeat(200_000)}"}`, {}],
    [403, 'foreign_origin', 'another origin', { unit: 'south' }, { origin: 'https://evil.test' }],
  ])(async ([status, code, , body, headers]) => {
    const raw = await token()
    front.reset()
    const answer = await choose(raw, body, headers)
    deepEqual([answer.statusCode, codeOf(answer), front.calls.write], [status, code, 0])
  })

  it('takes its Origin from our pages, listed ones, or Fetch Metadata, and asks none of a bearer', async () => {
    const raw = await token()
    const body = '{"unit":"south"}'
    const from = async (headers: Record<string, string>, more: object = { cookies: [`imidToken=${raw}`] }) =>
      (await call('unit', { body, headers: { ...json, ...headers }, ...more })).statusCode
    equal(await from({ origin: publicUrl }), 200)
    equal(await from({ origin: 'https://editor.example.test' }), 200)
    equal(await from({ 'sec-fetch-site': 'same-origin' }), 200)
    equal(await from({ 'sec-fetch-site': 'none' }), 403)
    equal(await from({}), 403)
    equal(await from({}, { bearer: raw }), 200)
  })

  it('reads a body that API Gateway encoded, and refuses one that is not what it says', async () => {
    const raw = await token()
    const encoded = async (body: string) =>
      codeOf(await call('unit', { bearer: raw, body, base64: true, headers: { ...json, ...asProblem } }))
    equal(await encoded(Buffer.from('{"unit":"south"}').toString('base64')), '')
    equal(await encoded('{"unit":"south"}'), 'bad_body')
    equal(await encoded(Buffer.from('{"unit":"s\xff"}', 'latin1').toString('base64')), 'bad_body')
  })

  it('answers 403 when nobody is signed in', async () => {
    const answer = await call('unit', { body: '{"unit":"south"}', headers: { ...json, ...fromOurPage } })
    deepEqual([answer.statusCode, answer.body], [403, '"errors.auth.Forbidden"'])
  })

  it('says 200 only when the choice is stored', async () => {
    const raw = await token()
    await choose(raw, { unit: 'north' })
    front.fault.next = (kind) => (kind === 'write' ? new Problem('table_unavailable') : undefined)
    equal((await choose(raw, { unit: 'south' })).statusCode, 503)
    delete front.fault.next
    equal((await listed(raw)).preferred, 'north')
  })
})
