import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import schema from '../identity/organisations.schema.json' with { type: 'json' }
import { organisationsFile, organisationsFileProblems } from '../lib/refresh/organisations-file.ts'
import { isPublicSuffix } from '../lib/refresh/public-suffix.ts'
import type { RefreshDeps } from '../lib/refresh/refresh.ts'
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
  it('gives the same content as the Admin API would: sorted, with a role for each set of permissions', async () => {
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
  each('keeps back an organisation that makes no sense, and that one alone, and says what is wrong', [
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
    ...['read', 'a b:c', 'a:b c', ['a:b']].map(
      (permission) =>
        [{ mappings: [{ group: 'a', permissions: [permission] }] }, `mappings: entry 1 ${grant}`] as const,
    ),
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

  it('is refused whole when it lists nothing, and by name when names are missing or twice there', async () => {
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

  it('blocks an organisation whose block cannot be read', async () => {
    const [listed] = await organisationsFile(fileOf({ ...demo, blocked: 'yes' }), isPublicSuffix).list()
    equal(listed?.blocked, true)
  })
})

describe('The schema of the file', () => {
  it('has the members that the parser knows', () => {
    const { organisation } = schema.$defs
    const all = (row: object, value: unknown) =>
      Object.fromEntries(Object.keys(row).map((name) => [name, value]))
    const document = {
      ...all(organisation.properties, undefined),
      name: 'demo',
      units: [{ ...all(organisation.properties.units.items.properties, 'north') }],
      mappings: [{ ...all(organisation.properties.mappings.items.properties, 'north'), permissions: [] }],
    }
    deepEqual(organisationsFileProblems(fileOf(document), isPublicSuffix), [])
  })
})

describe('A gateway with an organisations file', async () => {
  const gateway = await openGateway()
  const settings = { ADMIN_API_URL: '', ACCESS_TOKEN_URL: '', ORGANISATIONS: 'organisations.json' }
  let file: unknown = fileOf(demo, { name: 'second' })
  const refresh = () => {
    const on = gateway.instance(settings)
    const upstream = upstreamOf(on.config, async () => ({ id: '', secret: '' }), on.now)
    const deps: RefreshDeps = {
      ...on,
      writer: stateWriter(on.table),
      upstream,
      readOrganisations: () => file,
    }
    return refreshAll(deps)
  }
  const ask = async (name: 'units' | 'token-is-set', claims = {}) =>
    (await gateway.open(name, gateway.instance(settings)))({ bearer: await gateway.token(claims) })

  it('knows units, return domains and organisations from it, and asks no Admin API', async () => {
    equal((await refresh()).outcome, 'changed')
    equal((await refresh()).outcome, 'unchanged')
    const units = async (groups: string[]) =>
      JSON.parse((await ask('units', { groups })).body ?? '').units.map(({ name }: { name: string }) => name)
    deepEqual(await units(['north-desk']), ['north'])
    deepEqual(await units(['chiefs']), ['South', 'north', 'south'])
    equal((await ask('token-is-set', { org: 'nobody' })).statusCode, 401)
  })

  it('refuses whoever belongs to an organisation that is blocked there, at the next refresh', async () => {
    equal((await ask('token-is-set')).statusCode, 200)
    file = fileOf({ ...demo, blocked: true }, { name: 'second' })
    await refresh()
    equal((await ask('token-is-set')).statusCode, 401)
  })

  it('goes on with what it knew when the file makes no sense', async () => {
    file = 'nothing'
    equal((await refresh()).outcome, 'failed')
    equal((await ask('token-is-set', { org: 'second' })).statusCode, 200)
  })
})
