import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import schema from '../identity/organisations.schema.json' with { type: 'json' }
import { organisationsFile, organisationsFileProblems } from '../lib/refresh/organisations-file.ts'
import { isPublicSuffix } from '../lib/refresh/public-suffix.ts'
import { refreshAll } from '../lib/refresh/refresh.ts'
import { stateWriter } from '../lib/refresh/state-writer.ts'
import { upstreamOf } from '../lib/refresh/upstream.ts'
import { each } from './support/each.ts'
import { openGateway } from './support/gateway.ts'

const demo = {
  name: 'demo',
  displayName: 'Demo News',
  whitelistCallbackUrls: ['App.example.test', 'example.org'],
  units: [{ name: 'south' }, { name: 'north', displayName: 'North' }, { name: 'South' }],
  mappings: [
    { group: 'north-desk', unit: 'north', permissions: ['writer:access', 'content:read', 'writer:access'] },
    { group: 'chiefs', unit: 'South' },
    { group: 'chiefs' },
  ],
  provider: { anything: true },
}
const fileOf = (...organisations: unknown[]) => ({ $schema: './organisations.schema.json', organisations })
const problemsOf = (more: object) => organisationsFileProblems(fileOf({ ...demo, ...more }), isPublicSuffix)

describe('The organisations file', () => {
  it('gives sorted content like the Admin API, with one role for each set of permissions', async () => {
    const source = organisationsFile(fileOf(demo, { name: 'closed', blocked: true }), isPublicSuffix)
    deepEqual(organisationsFileProblems(fileOf(demo), isPublicSuffix), [])
    deepEqual(await source.list(), [
      { name: 'closed', blocked: true, notBefore: 0 },
      { name: 'demo', blocked: false, notBefore: 0 },
    ])
    deepEqual(await source.ended('demo'), [])
    deepEqual(await source.content('demo'), {
      domains: ['app.example.test', 'example.org'],
      directory: {
        units: [
          { name: 'South', displayName: 'South' },
          { name: 'north', displayName: 'North' },
          { name: 'south', displayName: 'south' },
        ],
        mappings: [
          { group: 'chiefs', role: 'none' },
          { group: 'chiefs', role: 'none', unit: 'South' },
          { group: 'north-desk', role: 'content:read writer:access', unit: 'north' },
        ],
        roles: { 'content:read writer:access': ['content:read', 'writer:access'], none: [] },
      },
    })
  })

  const [domain, unit, grant] = [
    'is not a bare domain, or is a public suffix',
    'needs a name of its own',
    'needs a group, a listed unit, service:permission',
  ]
  each('rejects the data of a malformed organisation, names the problem, and keeps the others', [
    [{ whitelistCallbackUrls: ['example.test', 'co.uk'] }, `whitelistCallbackUrls: entry 2 ${domain}`],
    [{ whitelistCallbackUrls: ['*.example.test'] }, `whitelistCallbackUrls: entry 1 ${domain}`],
    [{ whitelistCallbackUrls: '["example.test"]' }, 'whitelistCallbackUrls has to be a list'],
    [
      { whitelistCallbackUrls: Array.from({ length: 201 }, (_, index) => `d${index}.example.test`) },
      'more than 200 domains',
    ],
    [{ mappings: [{ group: 'a', unit: 'west' }] }, `mappings: entry 1 ${grant}`],
    [{ mappings: [{ group: 'a' }, { group: 'a', unit: '' }] }, `mappings: entry 2 ${grant}`],
    [{ mappings: [{ unit: 'north' }] }, `mappings: entry 1 ${grant}`],
    [{ mappings: [{ group: '' }] }, `mappings: entry 1 ${grant}`],
    [{ mappings: [{ group: 'a', permissions: 'a:b' }] }, `mappings: entry 1 ${grant}`],
    ...['read', 'a b:c', 'a:b c', ['a:b']].map((permission) => {
      const mappings = [{ group: 'a', permissions: [permission] }]
      return [{ mappings }, `mappings: entry 1 ${grant}`] as const
    }),
    [{ mappings: 'none' }, 'mappings has to be a list of objects'],
    [{ mappings: [], units: [1] }, 'units has to be a list of objects'],
    [{ units: [...demo.units, { name: 'north' }] }, `units: entry 4 ${unit}`],
    [{ units: [...demo.units, { name: '' }] }, `units: entry 4 ${unit}`],
    [{ units: [...demo.units, { name: 'east', displayName: '' }] }, `units: entry 4 ${unit}`],
    [{ blocked: 'false' }, 'blocked has to be true or false'],
    [{ displayName: '' }, 'displayName has to be a text'],
    [{ whitelistCallbackUrl: [] }, 'whitelistCallbackUrl is not a member of this organisation'],
  ] as const)(async ([more, problem]) => {
    deepEqual(problemsOf(more), [`demo: ${problem}`])
    const source = organisationsFile(fileOf({ ...demo, ...more }, { name: 'other' }), isPublicSuffix)
    equal((await source.list())[0]?.blocked, 'blocked' in more, 'an unreadable block counts as blocked')
    for (const name of ['demo', 'nobody'])
      await rejects(source.content(name), {
        name: 'UnusableData',
        message: 'organisations file: the data of this organisation are invalid',
      })
    deepEqual(await source.content('other'), {
      domains: [],
      directory: { units: [], mappings: [], roles: {} },
    })
  })

  it('is rejected when it lists no valid organisation, or names are missing or repeated', async () => {
    const unnamed = 'needs a name of letters, digits, dots, hyphens, underscores'
    for (const [document, problems] of [
      ...[null, [], {}, fileOf(), fileOf(1), fileOf(demo, 'other')].map(
        (nothing) => [nothing, ['organisations has to be a list of objects']] as const,
      ),
      [fileOf({ name: 'a b' }, {}), [`organisation 1 ${unnamed}`, `organisation 2 ${unnamed}`]],
    ] as const) {
      deepEqual(organisationsFileProblems(document, isPublicSuffix), problems)
      await rejects(organisationsFile(document, isPublicSuffix).list(), {
        name: 'UpstreamError',
        message: 'organisations file: no organisation',
        transient: false,
      })
    }
    deepEqual(organisationsFileProblems(fileOf(demo, demo), isPublicSuffix), ['demo is listed twice'])
  })
})

it('The JSON schema of the organisations file has only members that the parser accepts', () => {
  const { properties } = schema.$defs.organisation
  const all = (row: object, value: unknown) =>
    Object.fromEntries(Object.keys(row).map((name) => [name, value]))
  const document = {
    ...all(properties, undefined),
    name: 'demo',
    units: [all(properties.units.items.properties, 'north')],
    mappings: [{ ...all(properties.mappings.items.properties, 'north'), permissions: [] }],
  }
  deepEqual(organisationsFileProblems(fileOf(document), isPublicSuffix), [])
})

it('A gateway applies an organisations file, and keeps its units and blocks when it is invalid', async () => {
  const gateway = await openGateway()
  const settings = { ADMIN_API_URL: '', ACCESS_TOKEN_URL: '', ORGANISATIONS: 'organisations.json' }
  const refresh = async (file: unknown) => {
    const on = gateway.instance(settings)
    const upstream = upstreamOf(on.config, async () => ({ id: '', secret: '' }), on.now)
    const writer = stateWriter(on.table)
    return (await refreshAll({ ...on, writer, upstream, readOrganisations: () => file })).outcome
  }
  const ask = async (name: 'units' | 'token-is-set', claims = {}) =>
    (await gateway.open(name, gateway.instance(settings)))({ bearer: await gateway.token(claims) })
  const polled = async () => (await ask('token-is-set')).statusCode

  equal(await refresh(fileOf(demo, { name: 'second' })), 'changed')
  equal(await refresh(fileOf(demo, { name: 'second' })), 'unchanged')
  const { units } = JSON.parse((await ask('units', { groups: ['north-desk'] })).body ?? '')
  deepEqual([units, await polled()], [[{ name: 'north', displayName: 'North', preferred: false }], 200])

  equal(await refresh(fileOf({ ...demo, blocked: true }, { name: 'second' })), 'changed')
  equal(await polled(), 401)
  equal(await refresh('nothing'), 'failed')
  equal(await polled(), 401)
})
