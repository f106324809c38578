import { deepEqual, equal, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { directoryFrom, rolePermissions } from '../lib/refresh/admin-directory.ts'
import { limitedContent, limits } from '../lib/refresh/limits.ts'
import { each } from './support/each.ts'

const many = <T>(count: number, row: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => row(n))

const mapping = { group: 'desk', roleId: 'r1', unitId: 'u1' }
const lists = {
  units: [{ id: 'u1', name: 'north', displayName: 'North' }] as readonly object[],
  mappings: [mapping] as readonly object[],
  roles: [{ id: 'r1', permissions: ['p1'] }] as readonly object[],
  services: [{ id: 's1', name: 'svc' }],
  permissions: [
    { id: 'p1', serviceId: 's1', name: 'read' },
    { id: 'p2', serviceId: 's1', name: 'write' },
    { id: 'p3', serviceId: 's9', name: 'stray' },
  ],
}
const directoryOf = (more: Partial<typeof lists>) => {
  const { units, mappings, roles, services, permissions } = { ...lists, ...more }
  return directoryFrom(
    units.map(Object),
    mappings.map(Object),
    rolePermissions(roles.map(Object), services, permissions),
  )
}

describe('A mapping', () => {
  const everywhere = [{ group: 'desk', role: 'r1' }]
  each('grants a role in its unit, in all units without a unit id, and nothing when it is malformed', [
    [{}, [{ group: 'desk', role: 'r1', unit: 'north' }]],
    ...[undefined, null, ''].map((unitId) => [{ unitId }, everywhere] as const),
    ...['u9', 17, false, { id: 'u1' }, ['u1']].map((unitId) => [{ unitId }, []] as const),
    ...[{ roleId: 'r9' }, { group: '' }, { group: ['desk'] }].map((odd) => [odd, []] as const),
  ])(([more, held]) => deepEqual(directoryOf({ mappings: [{ ...mapping, ...more }] }).mappings, held))

  each('never grants a unit that has no id', [
    [undefined, everywhere],
    [17, []],
  ])(([unitId, held]) => {
    const mappings = [{ ...mapping, unitId }]
    deepEqual(directoryOf({ units: [{ name: 'stray' }], mappings }).mappings, held)
  })

  it('is sorted by group, unit and role, whatever the order of the lists', () => {
    const mappings = [
      { ...mapping, group: 'b' },
      { ...mapping, group: 'a', unitId: 'u2' },
      { ...mapping, group: 'a' },
      { ...mapping, group: 'a', unitId: null },
      { ...mapping, group: 'a', roleId: 'r0' },
    ]
    const roles = [...lists.roles, { id: 'r0', permissions: [] }]
    const units = [...lists.units, { id: 'u2', name: 'south' }]
    for (const order of [mappings, mappings.toReversed()]) {
      const directory = directoryOf({ mappings: order, roles, units })
      deepEqual(directory.mappings, [
        { group: 'a', role: 'r1' },
        { group: 'a', role: 'r0', unit: 'north' },
        { group: 'a', role: 'r1', unit: 'north' },
        { group: 'a', role: 'r1', unit: 'south' },
        { group: 'b', role: 'r1', unit: 'north' },
      ])
      deepEqual(Object.keys(directory.roles), ['r0', 'r1'])
    }
  })
})

describe('A unit', () => {
  it('is ignored without a name, and uses its name when it has no display name', () => {
    const units = [{ id: 'u1', name: '' }, { id: 'u2' }, { id: 'u3', name: 'west' }, { id: 'u4', name: 5 }]
    deepEqual(directoryOf({ units }).units, [{ name: 'west', displayName: 'west' }])
  })

  it('that is listed twice takes the alphabetically first display name', () => {
    const twins = ['B', 'A'].map((displayName) => ({ id: displayName, name: 'west', displayName }))
    for (const units of [twins, twins.toReversed()])
      deepEqual(directoryOf({ units }).units, [{ name: 'west', displayName: 'A' }])
  })
})

describe('A role', () => {
  const role = (id: string, permissions: unknown, parentRoleId?: string) => ({
    id,
    permissions,
    parentRoleId,
  })
  const both = ['svc:read', 'svc:write']
  each('has its own permissions and those of its parents', [
    [[role('r1', ['p2', 'p1', 'p2'])], both],
    [[role('r1', ['p2'], 'r2'), role('r2', [], 'r3'), role('r3', ['p1', 'p2'])], both],
    // Its parents are a cycle.
    [[role('r1', ['p1'], 'r2'), role('r2', ['p2'], 'r1')], both],
    [[role('r1', ['p9', 5], 'r9')], []],
    [[role('r1', 'p1')], []],
    // A service that is gone has no name.
    [[role('r1', ['p3'])], [':stray']],
  ])(([roles, expected]) => deepEqual(directoryOf({ roles }).roles, { r1: expected }))

  it('is left out when no mapping refers to it', () =>
    deepEqual(Object.keys(directoryOf({ roles: [{ id: 'r1' }, { id: 'r2' }] }).roles), ['r1']))

  it('has at most 2,500 ancestors, in linear time', { timeout: 5000 }, () => {
    const descending = (count: number) => ({
      roles: many(count, (n) => role(`r${n + 1}`, [`p${n}`], `r${n + 2}`)),
      permissions: many(count, (n) => ({ id: `p${n}`, serviceId: 's1', name: `do-${n}` })),
    })
    equal(directoryOf(descending(2501)).roles.r1?.length, 2501)
    const message = 'more than 2500 ancestors'
    throws(() => directoryOf(descending(2502)), { name: 'UnusableData', message })
  })

  it('is computed once and shared by all organisations', () => {
    const { of } = rolePermissions([{ id: 'r1', permissions: ['p1'] }], [], [{ id: 'p1', name: 'read' }])
    equal(of('r1'), of('r1'))
  })
})

describe('An id that is listed twice', () => {
  const twins = (...permissions: string[][]) => ({
    roles: permissions.map((each) => ({ id: 'r1', permissions: each })),
  })
  each('is ignored when its rows differ', [
    [{ units: ['north', 'south'].map((name) => ({ id: 'u1', name })) }, 0],
    [twins(['p1'], []), 0],
    [twins(['p1'], ['p1']), 1],
  ])(([more, held]) => equal(directoryOf(more).mappings.length, held))
})

describe('The limits of an organisation', () => {
  const content = (directory: object = {}, domains = 0) => ({
    domains: many(domains, (n) => `d${n}.example`),
    directory: { units: [], mappings: [], roles: {}, ...directory },
  })
  const roles = (count: number, permissions: number) => ({
    roles: Object.fromEntries(many(count, (n) => [`r${n}`, many(permissions, (p) => `svc:${p}`)])),
  })
  const units = (count: number) => ({ units: many(count, (n) => ({ name: `u${n}`, displayName: '' })) })
  const mappings = (count: number) => ({ mappings: many(count, (n) => ({ group: `g${n}`, role: 'r' })) })
  const long = [{ name: 'u', displayName: 'x'.repeat(limits.characters) }]

  each('apply to its content', [
    ['domains', content({}, 200), content({}, 201)],
    ['units', content(units(10_000)), content(units(10_001))],
    ['mappings', content(mappings(250_000)), content(mappings(250_001))],
    ['roles', content(roles(5000, 1)), content(roles(5001, 1))],
    ['permissions', content(roles(200, 1000)), content(roles(201, 1000))],
    ['characters', content(), content({ units: long })],
  ])(([kind, within, beyond]) => {
    limitedContent(within)
    const message = `more than ${limits[kind]} ${kind}`
    throws(() => limitedContent(beyond), { name: 'UnusableData', message })
  })

  each('apply while its directory is built', [
    ['more than 10000 units', { units: many(10_001, () => ({})) }],
    ['more than 250000 mappings', { mappings: Array(250_001).fill(mapping) }],
    [
      'more than 5000 roles',
      {
        roles: many(5001, (n) => ({ id: `r${n}` })),
        mappings: many(5001, (n) => ({ ...mapping, roleId: `r${n}` })),
      },
    ],
    [
      'more than 200000 permissions',
      {
        roles: many(201, (n) => ({ id: `r${n}`, permissions: many(1000, (p) => `p${p}`) })),
        permissions: many(1000, (p) => ({ id: `p${p}`, serviceId: 's1', name: `do-${p}` })),
        mappings: many(201, (n) => ({ ...mapping, roleId: `r${n}` })),
      },
    ],
  ])(([message, more]) => throws(() => directoryOf(more), { name: 'UnusableData', message }))
})
