import { deepEqual, equal, rejects, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { limitedContent, limits } from '../lib/refresh/limits.ts'
import type { OrganisationContent } from '../lib/refresh/organisation-source.ts'
import { directoriesIn, oncePerToken } from '../lib/session/directory.ts'
import { permissionsIn } from '../lib/session/permissions.ts'
import { unitsIn } from '../lib/session/units.ts'
import { directoryKey } from '../lib/store/keys.ts'
import { writeLargeItem } from '../lib/store/large-item.ts'
import { claims } from './contract/given.ts'
import { lists, mapping, mappings, one } from './support/admin-lists.ts'
import { each } from './support/each.ts'
import { memoryTable } from './support/memory-table.ts'

const directoryOf = async (...given: Parameters<typeof one>) => (await one(...given)).directory

describe('A mapping', () => {
  const everywhere = [{ group: 'desk', role: 'r1' }]
  each(
    'grants a role in the unit that it names, in all of them without one, and nothing when it cannot be read',
    [
      [{}, [{ group: 'desk', role: 'r1', unit: 'north' }]],
      ...[undefined, null, ''].map((unitId) => [{ unitId }, everywhere] as const),
      ...['u9', 17, false, { id: 'u1' }, ['u1']].map((unitId) => [{ unitId }, []] as const),
      ...[{ roleId: 'r9' }, { group: '' }, { group: ['desk'] }].map((odd) => [odd, []] as const),
    ],
  )(async ([more, held]) => deepEqual((await directoryOf(mappings({ ...mapping, ...more }))).mappings, held))

  each('grants no unit that has no id', [
    [undefined, everywhere],
    [17, []],
  ])(async ([unitId, held]) => {
    const units = [{ name: 'stray', displayName: 'Stray' }]
    const given = { 'units.list': units, ...mappings({ ...mapping, unitId }) }
    deepEqual((await directoryOf(given)).mappings, held)
  })

  it('is the same in whatever order it comes', async () => {
    const rows = [
      { ...mapping, group: 'b' },
      { ...mapping, group: 'a', unitId: 'u2' },
      { ...mapping, group: 'a' },
      { ...mapping, group: 'a', unitId: null },
      { ...mapping, group: 'a', roleId: 'r0' },
    ]
    const given = {
      'roles.list': [...(lists['roles.list'] as object[]), { id: 'r0', permissions: [] }],
      'units.list': [
        { id: 'u1', name: 'A' },
        { id: 'u2', name: 'south' },
      ],
    }
    for (const order of [rows, rows.toReversed()]) {
      const directory = await directoryOf({ ...given, ...mappings(...order) })
      deepEqual(directory.mappings, [
        { group: 'a', role: 'r1' },
        { group: 'a', role: 'r0', unit: 'A' },
        { group: 'a', role: 'r1', unit: 'A' },
        { group: 'a', role: 'r1', unit: 'south' },
        { group: 'b', role: 'r1', unit: 'A' },
      ])
      deepEqual(Object.keys(directory.roles), ['r0', 'r1'])
    }
  })
})

it('a unit without a name is none, and one without a name to show shows its own', async () => {
  const units = [{ id: 'u1', name: '' }, { id: 'u2' }, { id: 'u3', name: 'west' }, { id: 'u4', name: 5 }]
  const { units: read } = await directoryOf({ 'units.list': units, ...mappings() })
  deepEqual(read, [{ name: 'west', displayName: 'west' }])
})

describe('A role', () => {
  const permissions = [
    { id: 'p1', serviceId: 's1', name: 'read' },
    { id: 'p2', serviceId: 's1', name: 'write' },
    { id: 'p3', serviceId: 's9', name: 'stray' },
  ]
  const role = (id: string, permissions: unknown, parentRoleId?: string) => ({
    id,
    permissions,
    parentRoleId,
  })
  const both = ['svc:read', 'svc:write']
  each('has the permissions that its services define and its parents have', [
    [[role('r1', ['p2', 'p1', 'p2'])], both],
    [[role('r1', ['p2'], 'r2'), role('r2', [], 'r3'), role('r3', ['p1', 'p2'])], both],
    // It ends where a circle of parents began.
    [[role('r1', ['p1'], 'r2'), role('r2', ['p2'], 'r1')], both],
    [[role('r1', ['p9', 5], 'r9')], []],
    [[role('r1', 'p1')], []],
    // A service that is gone has no name.
    [[role('r1', ['p3'])], [':stray']],
  ])(async ([roles, expected]) => {
    const { roles: read } = await directoryOf({ 'roles.list': roles, 'permissions.list': permissions })
    deepEqual(read.r1, expected)
  })

  it('that nobody is mapped to is left out', async () => {
    const { roles } = await directoryOf({ 'roles.list': [{ id: 'r1' }, { id: 'r2' }] })
    deepEqual(Object.keys(roles), ['r1'])
  })

  it('of 2,000 parents has what all of them permit, in no time', { timeout: 5000 }, async () => {
    const chain = Array.from({ length: 2001 }, (_, n) =>
      role(n === 0 ? 'r1' : `chain-${n}`, [`p-${n}`], `chain-${n + 1}`),
    )
    const each = chain.map((_, n) => ({ id: `p-${n}`, serviceId: 's1', name: `do-${n}` }))
    const { roles } = await directoryOf({ 'roles.list': chain, 'permissions.list': each })
    equal(roles.r1?.length, 2001)
  })
})

describe('An id that stands for two different things', () => {
  const twins = (...permissions: string[][]) => ({
    'roles.list': permissions.map((each) => ({ id: 'r1', permissions: each })),
  })
  const units = ['north', 'south'].map((name) => ({ id: 'u1', name }))
  each('stands for neither of them, and is no matter when both say the same', [
    [{ 'units.list': units }, 0],
    [twins(['p1'], []), 0],
    [twins(['p1'], ['p1']), 1],
  ])(async ([given, held]) => {
    const directory = await directoryOf(given)
    deepEqual([directory.units.length, directory.mappings.length], [2, held])
  })
})

describe('A stored directory', () => {
  /** Units and permissions of somebody in the group `desk`, when the directory is stored like this. */
  const heldBy = async (value: unknown, organisation = { directory: 1 }) => {
    const { table, items } = memoryTable()
    await writeLargeItem(table, directoryKey('demo'), { version: 1, value })
    const record = { blocked: false, notBefore: 0, domains: [], version: 1, ...organisation }
    const session = { claims: claims(), organisation: record, items }
    const directories = directoriesIn(table)
    const { org, units } = await permissionsIn(directories)(session)
    const held = await unitsIn(table, directories).heldBy(session)
    return [held.map(({ name }) => name), [...org], [...units].map(([name, all]) => [name, [...all]])]
  }
  const units = [{ name: 'north', displayName: 'North' }]
  const roles = { r: ['svc:read'] }
  const nothing = [[], [], []]

  each('grants nothing by a row that makes no sense', [
    [
      { units, mappings: [{ group: 'desk', role: 'r', unit: 'north' }], roles },
      [['north'], [], [['north', ['svc:read']]]],
    ],
    [{ units, mappings: [{ group: 'desk', role: 'r' }], roles }, [['north'], ['svc:read'], []]],
    [{ units, mappings: [{ group: 'desk', role: 'gone' }], roles }, [['north'], [], []]],
    [{ units, mappings: [{ group: 'desk', role: 'r' }], roles: { r: [5] } }, [['north'], [], []]],
    [{ units, mappings: [{ group: 'desk', role: 5 }], roles: { 5: ['svc:read'] } }, nothing],
    [{ units, mappings: [{ group: 'desk', role: 'r', unit: null }], roles }, nothing],
    [{ units, mappings: [{ group: ['desk'], role: 'r' }, 'desk', null], roles }, nothing],
    [{ units, mappings: { desk: 'r' }, roles }, nothing],
    [
      {
        units: [{ name: 5, displayName: 'a' }, { name: 'b' }, null],
        mappings: [{ group: 'desk', role: 'r' }],
      },
      nothing,
    ],
    [null, nothing],
  ])(async ([value, expected]) => deepEqual(await heldBy(value), expected))

  it('counts for nothing when the organisation names none', async () =>
    deepEqual(
      await heldBy({ units, mappings: [{ group: 'desk', role: 'r' }], roles }, { directory: 0 }),
      nothing,
    ))

  it('that the organisation names and the table lacks is a failure, and not an empty one', () => {
    const { table, items } = memoryTable()
    const organisation = { blocked: false, notBefore: 0, domains: [], version: 1, directory: 1 }
    const directory = directoriesIn(table).of({ claims: claims(), organisation, items })
    return rejects(directory, { code: 'state_missing' })
  })

  it('gives permissions to the groups of an ID token, whatever else it claims; an access token has its own', async () => {
    const { table, items } = memoryTable()
    const mappings = [{ group: 'desk', role: 'r' }]
    await writeLargeItem(table, directoryKey('demo'), { version: 1, value: { units, mappings, roles } })
    const organisation = { blocked: false, notBefore: 0, domains: [], version: 1, directory: 1 }
    const permissions = { org: ['svc:all'], units: new Map() }
    const held = await Promise.all(
      ['id_token', 'access_token'].map((kind) =>
        permissionsIn(directoriesIn(table))({ claims: claims({ kind, permissions }), organisation, items }),
      ),
    )
    deepEqual(
      held.map(({ org }) => [...org]),
      [['svc:read'], ['svc:all']],
    )
  })

  it('is computed with once for each token', () => {
    let times = 0
    const count = oncePerToken(() => ++times)
    const whose = claims()
    const directory = () => ({ version: 1, units: new Map(), mappings: new Map(), roles: new Map() })
    const [first, second] = [directory(), directory()]
    deepEqual(
      [count(first, whose), count(first, whose), count(first, claims()), count(second, whose)],
      [1, 1, 2, 3],
    )
  })
})

describe('The limits of an organisation', () => {
  const many = <T>(count: number, row: (n: number) => T): T[] =>
    Array.from({ length: count }, (_, n) => row(n))
  const content = (
    more: Partial<OrganisationContent['directory']> = {},
    domains = 0,
  ): OrganisationContent => ({
    domains: many(domains, (n) => `d${n}.example`),
    directory: { units: [], mappings: [], roles: {}, ...more },
  })
  const roles = (count: number, permissions: number) => ({
    roles: Object.fromEntries(many(count, (n) => [`r${n}`, many(permissions, (p) => `svc:${p}`)])),
  })
  const units = (count: number) => ({ units: many(count, (n) => ({ name: `u${n}`, displayName: '' })) })
  const granted = (count: number) => ({ mappings: many(count, (n) => ({ group: `g${n}`, role: 'r' })) })
  const long = [{ name: 'u', displayName: 'x'.repeat(limits.characters) }]

  each('have a limit in each list', [
    ['domains', content({}, 200), content({}, 201)],
    ['units', content(units(10_000)), content(units(10_001))],
    ['mappings', content(granted(250_000)), content(granted(250_001))],
    ['roles', content(roles(5000, 1)), content(roles(5001, 1))],
    ['permissions', content(roles(200, 1000)), content(roles(201, 1000))],
    ['characters', content(), content({ units: long })],
  ])(([kind, within, beyond]) => {
    limitedContent(within)
    const message = `more than ${limits[kind]} ${kind}`
    throws(() => limitedContent(beyond), { name: 'UnusableData', message })
  })

  each('are judged while a list is read', [
    ['more than 10000 units', { 'units.list': many(10_001, () => ({})) }],
    ['more than 250000 mappings', { 'organizations.listGroupToRoleMappings': Array(250_001).fill(mapping) }],
    [
      'more than 2500 ancestors',
      { 'roles.list': many(2600, (n) => ({ id: `r${n}`, parentRoleId: `r${n + 1}` })) },
    ],
    [
      'more than 200000 permissions',
      {
        'roles.list': many(300, (n) => ({ id: `r${n}`, permissions: many(1000, (p) => `p${p}`) })),
        'permissions.list': many(1000, (p) => ({ id: `p${p}`, serviceId: 's1', name: `do-${p}` })),
        ...mappings(...many(300, (n) => ({ ...mapping, roleId: `r${n}` }))),
      },
    ],
  ])(([message, given]) => rejects(one(given), { name: 'UnusableData', message }))
})
