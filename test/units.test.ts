import { deepEqual, equal } from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { each } from './support/each.ts'
import { asProblem, effect, fromOurPage, openGateway, publicUrl } from './support/gateway.ts'

const gateway = await openGateway({ CORS_ALLOWED_ORIGINS: 'https://editor.example.test' })
const { call, open, control, refreshEverywhere, token, front, whileTableFails } = gateway

const json = { 'content-type': 'application/json' }
const choose = (raw: string, body: unknown, headers: Record<string, string> = {}) =>
  call('unit', {
    cookies: [`imidToken=${raw}`],
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { ...json, ...fromOurPage, ...asProblem, ...headers },
  })
const listed = async (raw: string) => JSON.parse((await call('units', { bearer: raw })).body ?? '')
const held = async (raw: string) => (await listed(raw)).units.map(({ name }: { name: string }) => name)
const preferred = async (raw: string) => (await listed(raw)).preferred

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

  each(
    'lists the units that the groups of an ID token are mapped to, and none for what is no list of groups',
    [
      [{}, { user: 'chief' }, ['north', 'south', 'west']],
      [{}, { user: 'visitor' }, []],
      [{}, { user: 'guest', org: 'second' }, ['east']],
      ...['chiefs', { 0: 'chiefs', length: 1 }, ['chiefs', 7], [['chiefs']], null].map(
        (groups) => [{ groups }, {}, []] as const,
      ),
      [{ groups: ['constructor', '__proto__', 'toString'] }, {}, []],
      // Only an access token carries permissions.
      [{ groups: [], permissions: { org: ['content:read'], units: { north: [] } } }, {}, []],
    ],
  )(async ([claims, who, units]) => deepEqual(await held(await token(claims, who)), units))

  const all = ['north', 'south', 'west']
  each('lists the units of an access token, whatever its groups', [
    [{ org: [], units: { south: ['svc:perm'] } }, ['south']],
    [{ org: ['svc:perm'], units: {} }, all],
    [{ org: [], units: JSON.parse('{"constructor":[],"__proto__":[]}') }, ['__proto__', 'constructor']],
    ...[{ org: [], units: {} }, 'all of them', ['north'], null, { units: ['north'] }, { units: 'north' }].map(
      (none) => [none, []] as const,
    ),
    [{ org: 'content:read' }, []],
    [{ org: ['content:read', 7] }, []],
  ])(async ([permissions, units]) =>
    deepEqual(await held(await token({ ntt: 'access_token', permissions, groups: ['chiefs'] })), units),
  )

  it('follows a mapping that is added', async () => {
    const raw = await token()
    await control({ do: 'mapping', add: { org: 'demo', group: 'north-desk', unit: 'west' } })
    await refreshEverywhere()
    deepEqual(await held(raw), all)
  })

  it('answers 403, the one documented refusal, to nobody, and 503 while the table cannot be read', async () => {
    const { statusCode, body } = await call('units')
    deepEqual([statusCode, body], [403, '"errors.auth.Forbidden"'])
    const problem = await call('units', { headers: asProblem })
    deepEqual(effect(problem), { status: 403, code: 'token_missing' })
    const bearer = await token()
    equal((await whileTableFails(() => call('units', { bearer }))).statusCode, 503)
  })
})

describe('POST /unit', () => {
  it('remembers the unit for the person, in every instance and session, until it is cleared', async () => {
    const raw = await token()
    const answer = await choose(raw, { unit: 'south' })
    deepEqual([answer.statusCode, answer.body], [200, '{"msg":"Unit set"}'])
    const elsewhere = await (await open('units'))({ bearer: await token() })
    deepEqual(JSON.parse(elsewhere.body ?? ''), {
      msg: 'Unit set',
      units: [
        { name: 'north', displayName: 'North', preferred: false },
        { name: 'south', displayName: 'South', preferred: true },
      ],
      preferred: 'south',
    })
    equal(await preferred(await token({}, { user: 'chief' })), null)
    equal((await choose(raw, { unit: null })).statusCode, 200)
    equal(await preferred(raw), null)
  })

  it('reads a unit that is no longer held as none', async () => {
    const raw = await token()
    await choose(raw, { unit: 'south' })
    await control({ do: 'mapping', remove: { org: 'demo', group: 'south-desk', unit: 'south' } })
    await refreshEverywhere()
    const units = [{ name: 'north', displayName: 'North', preferred: false }]
    deepEqual(await listed(raw), { msg: 'Unit set', units, preferred: null })
  })

  each('refuses what cannot be set, and writes nothing', [
    [403, 'unit_not_held', { unit: 'west' }, {}],
    [403, 'unit_not_held', { unit: 'moon' }, {}],
    [400, 'bad_body', ['south'], {}],
    [415, 'not_json', 'unit=south', { 'content-type': 'application/x-www-form-urlencoded' }],
    [413, 'body_too_large', `{"unit":"${'x'.repeat(200_000)}"}`, {}],
    [403, 'foreign_origin', { unit: 'south' }, { origin: 'https://evil.test' }],
  ])(async ([status, code, body, headers]) => {
    const raw = await token()
    front.reset()
    deepEqual(effect(await choose(raw, body, headers)), { status, code })
    equal(front.calls.write, 0)
  })

  it('takes its Origin from our pages, listed ones, or Fetch Metadata, and asks none of a bearer', async () => {
    const bearer = await token()
    const cookies = [`imidToken=${bearer}`]
    for (const [status, headers, by] of [
      [200, { origin: publicUrl }, { cookies }],
      [200, { origin: 'https://editor.example.test' }, { cookies }],
      [200, { 'sec-fetch-site': 'same-origin' }, { cookies }],
      [403, { 'sec-fetch-site': 'none' }, { cookies }],
      [200, {}, { bearer }],
    ] as const)
      equal(
        (await call('unit', { body: '{"unit":"south"}', headers: { ...json, ...headers }, ...by }))
          .statusCode,
        status,
      )
  })

  it('answers 403 when nobody is signed in', async () => {
    const answer = await call('unit', { body: '{"unit":"south"}', headers: { ...json, ...fromOurPage } })
    deepEqual([answer.statusCode, answer.body], [403, '"errors.auth.Forbidden"'])
  })

  it('says 200 only when the choice is stored', async () => {
    const raw = await token()
    await choose(raw, { unit: 'north' })
    equal((await whileTableFails(() => choose(raw, { unit: 'south' }), 'write')).statusCode, 503)
    equal(await preferred(raw), 'north')
  })
})
