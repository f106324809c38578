import { deepEqual, equal } from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { each } from './support/each.ts'
import { asProblem, effect, fromOurPage, openGateway } from './support/gateway.ts'

const { call, open, control, refreshEverywhere, token, front } = await openGateway()

const choose = (raw: string, unit: unknown) =>
  call('unit', {
    cookies: [`imidToken=${raw}`],
    body: JSON.stringify({ unit }),
    headers: { 'content-type': 'application/json', ...fromOurPage, ...asProblem },
  })
const listed = async (raw: string) => JSON.parse((await call('units', { bearer: raw })).body ?? '')
const held = async (raw: string) => (await listed(raw)).units.map(({ name }: { name: string }) => name)
const preferred = async (raw: string) => (await listed(raw)).preferred

beforeEach(async () => {
  await control({ do: 'reset' })
  await refreshEverywhere()
})

describe('GET /units', () => {
  const all = ['north', 'south', 'west']

  it('answers an ID token with exactly this list of the units of its groups', async () => {
    const answer = await call('units', { cookies: [`imidToken=${await token()}`] })
    deepEqual([answer.statusCode, answer.headers['content-type']], [200, 'application/json; charset=utf-8'])
    equal(
      answer.body,
      '{"msg":"Unit set","units":[{"name":"north","displayName":"North","preferred":false},{"name":"south","displayName":"South","preferred":false}],"preferred":null}',
    )
  })

  each('lists the units to which the groups of an ID token are mapped', [
    [{}, { user: 'chief' }, all],
    [{}, { user: 'guest' }, ['east']],
    ...['chiefs', { 0: 'chiefs', length: 1 }, ['chiefs', 7], null, ['constructor', '__proto__']].map(
      (groups) => [{ groups }, {}, []] as const,
    ),
    // Only an access token carries permissions.
    [{ groups: [], permissions: { org: ['content:read'], units: { north: [] } } }, {}, []],
  ])(async ([claims, who, units]) => deepEqual(await held(await token(claims, who)), units))

  each('lists the units in the permissions of an access token, whatever its groups', [
    [{ org: [], units: { south: ['svc:perm'] } }, ['south']],
    [{ org: ['svc:perm'], units: {} }, all],
    [{ org: [], units: JSON.parse('{"constructor":[],"__proto__":[]}') }, ['__proto__', 'constructor']],
    ...['all of them', ['north'], null, { units: ['north'] }, { org: 'content:read', units: 'north' }].map(
      (none) => [none, []] as const,
    ),
    [{ org: ['content:read', 7] }, []],
  ])(async ([permissions, units]) =>
    deepEqual(await held(await token({ ntt: 'access_token', permissions, groups: ['chiefs'] })), units),
  )

  it('takes display names from the directory, also for an access token', async () => {
    const permissions = { org: [], units: { gone: [], south: [] } }
    deepEqual((await listed(await token({ ntt: 'access_token', permissions }))).units, [
      { name: 'gone', displayName: 'gone', preferred: false },
      { name: 'south', displayName: 'South', preferred: false },
    ])
  })
})

describe('POST /unit', () => {
  it('stores the preferred unit for all instances and sessions, until it is cleared', async () => {
    const raw = await token()
    const answer = await choose(raw, 'south')
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
    for (const other of [await token({}, { user: 'chief' }), await token({ org: 'second' })])
      equal(await preferred(other), null)
    equal((await choose(raw, null)).statusCode, 200)
    equal(await preferred(raw), null)
  })

  it('stores a preference that is ignored once the person no longer holds the unit', async () => {
    const raw = await token()
    await choose(raw, 'south')
    await control({ do: 'mapping', remove: { org: 'demo', group: 'south-desk', unit: 'south' } })
    await refreshEverywhere()
    const units = [{ name: 'north', displayName: 'North', preferred: false }]
    deepEqual(await listed(raw), { msg: 'Unit set', units, preferred: null })
  })

  each('refuses a unit that is not held or not a string, and writes nothing', [
    [403, 'unit_not_held', 'west'],
    [403, 'unit_not_held', 'moon'],
    [400, 'bad_body', ['south']],
  ])(async ([status, code, unit]) => {
    const raw = await token()
    front.reset()
    deepEqual(effect(await choose(raw, unit)), { status, code })
    equal(front.calls.write, 0)
  })
})
