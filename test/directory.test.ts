import { deepEqual, equal, rejects, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { limitedContent, limits } from '../lib/refresh/limits.ts'
import type { OrganisationContent } from '../lib/refresh/organisation-source.ts'
import { lists, mapping, mappings, one } from './support/admin-lists.ts'
import { each } from './support/each.ts'

describe('A mapping', () => {
  each('grants a role in the units that it names, and nothing when it cannot be read', [
    ['to a unit', mapping, [{ group: 'desk', role: 'r1', unit: 'north' }]],
    ['without a unit is for all of them', { ...mapping, unitId: undefined }, [{ group: 'desk', role: 'r1' }]],
    [
      'with null for a unit is for all of them',
      { ...mapping, unitId: null },
      [{ group: 'desk', role: 'r1' }],
    ],
    [
      'with no text for a unit is for all of them',
      { ...mapping, unitId: '' },
      [{ group: 'desk', role: 'r1' }],
    ],
    ['to a unit that is gone', { ...mapping, unitId: 'u9' }, []],
    ['to a unit that is a number', { ...mapping, unitId: 17 }, []],
    ['to a unit that is false', { ...mapping, unitId: false }, []],
    ['to a unit that is an object', { ...mapping, unitId: { id: 'u1' } }, []],
    ['to a unit in a list', { ...mapping, unitId: ['u1'] }, []],
    ['to a role that is gone', { ...mapping, roleId: 'r9' }, []],
    ['of no group', { ...mapping, group: '' }, []],
    ['of a group that is no text', { ...mapping, group: ['desk'] }, []],
  ])(async ([, row, held]) => deepEqual((await one(mappings(row))).directory.mappings, held))

  it('grants no unit that has no id', async () => {
    const units = [{ name: 'stray', displayName: 'Stray' }]
    const wide = { ...mapping, unitId: undefined }
    deepEqual((await one({ 'units.list': units, ...mappings(wide) })).directory.mappings, [
      { group: 'desk', role: 'r1' },
    ])
    const unreadable = { ...mapping, unitId: 17 }
    deepEqual((await one({ 'units.list': units, ...mappings(unreadable) })).directory.mappings, [])
  })

  it('is the same in whatever order it comes', async () => {
    const rows = [
      { ...mapping, group: 'b' },
      { ...mapping, group: 'a', unitId: 'u2' },
      { ...mapping, group: 'a' },
      { ...mapping, group: 'a', unitId: null },
      { ...mapping, group: 'a', roleId: 'r0' },
    ]
    const roles = [...(lists['roles.list'] as object[]), { id: 'r0', permissions: [] }]
    const units = [
      { id: 'u1', name: 'A' },
      { id: 'u2', name: 'south' },
    ]
    const sorted = [
      { group: 'a', role: 'r1' },
      { group: 'a', role: 'r0', unit: 'A' },
      { group: 'a', role: 'r1', unit: 'A' },
      { group: 'a', role: 'r1', unit: 'south' },
      { group: 'b', role: 'r1', unit: 'A' },
    ]
    for (const order of [rows, rows.toReversed()]) {
      const { directory } = await one({ 'units.list': units, 'roles.list': roles, ...mappings(...order) })
      deepEqual(directory.mappings, sorted)
      deepEqual(Object.keys(directory.roles), ['r0', 'r1'])
    }
  })
})

describe('A unit', () => {
  it('without a name is none, and one without a name to show shows its own', async () => {
    const units = [{ id: 'u1', name: '' }, { id: 'u2' }, { id: 'u3', name: 'west' }, { id: 'u4', name: 5 }]
    deepEqual((await one({ 'units.list': units, ...mappings() })).directory.units, [
      { name: 'west', displayName: 'west' },
    ])
  })
})

describe('A role', () => {
  const permissions = [
    { id: 'p1', serviceId: 's1', name: 'read' },
    { id: 'p2', serviceId: 's1', name: 'write' },
    { id: 'p3', serviceId: 's9', name: 'stray' },
  ]
  const rolesOf = async (...roles: object[]) =>
    (await one({ 'roles.list': roles, 'permissions.list': permissions })).directory.roles.r1

  each('has the permissions that its services define and its parents have', [
    [
      'has its own permissions, sorted, each once',
      [{ id: 'r1', permissions: ['p2', 'p1', 'p2'] }],
      ['svc:read', 'svc:write'],
    ],
    [
      'has those of its parents too',
      [
        { id: 'r1', permissions: ['p2'], parentRoleId: 'r2' },
        { id: 'r2', permissions: [], parentRoleId: 'r3' },
        { id: 'r3', permissions: ['p1', 'p2'] },
      ],
      ['svc:read', 'svc:write'],
    ],
    [
      'ends where a circle of parents began',
      [
        { id: 'r1', permissions: ['p1'], parentRoleId: 'r2' },
        { id: 'r2', permissions: ['p2'], parentRoleId: 'r1' },
      ],
      ['svc:read', 'svc:write'],
    ],
    ['has none that nobody knows', [{ id: 'r1', permissions: ['p9', 5], parentRoleId: 'r9' }], []],
    ['has none when they are no list', [{ id: 'r1', permissions: 'p1' }], []],
    ['names a service that is gone by nothing', [{ id: 'r1', permissions: ['p3'] }], [':stray']],
  ])(async ([, roles, expected]) => deepEqual(await rolesOf(...roles), expected))

  it('that nobody is mapped to is left out', async () => {
    const { directory } = await one({ 'roles.list': [{ id: 'r1' }, { id: 'r2' }] })
    deepEqual(Object.keys(directory.roles), ['r1'])
  })

  it('of 2,000 parents has what all of them permit, in no time', { timeout: 5000 }, async () => {
    const chain = Array.from({ length: 2001 }, (_, n) => ({
      id: n === 0 ? 'r1' : `chain-${n}`,
      parentRoleId: `chain-${n + 1}`,
      permissions: [`p-${n}`],
    }))
    const each = chain.map((_, n) => ({ id: `p-${n}`, serviceId: 's1', name: `do-${n}` }))
    const { directory } = await one({ 'roles.list': chain, 'permissions.list': each })
    equal(directory.roles.r1?.length, 2001)
  })
})

describe('An id that stands for two different things', () => {
  each('stands for neither of them', [
    [
      'names no unit',
      {
        'units.list': [
          { id: 'u1', name: 'north' },
          { id: 'u1', name: 'south' },
        ],
      },
      { units: ['north', 'south'], mappings: 0 },
    ],
    [
      'names no role',
      {
        'roles.list': [
          { id: 'r1', permissions: ['p1'] },
          { id: 'r1', permissions: [] },
        ],
      },
      { units: ['north', 'south'], mappings: 0 },
    ],
    [
      'but is no matter when both say the same',
      {
        'roles.list': [
          { id: 'r1', permissions: ['p1'] },
          { id: 'r1', permissions: ['p1'] },
        ],
      },
      { units: ['north', 'south'], mappings: 1 },
    ],
  ])(async ([, twins, held]) => {
    const { units, mappings: granted } = (await one(twins)).directory
    deepEqual({ units: units.map(({ name }) => name), mappings: granted.length }, held)
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
  const roles = (count: number, permissions: number) =>
    Object.fromEntries(many(count, (n) => [`r${n}`, many(permissions, (p) => `svc:${p}`)]))
  const unit = (n: number) => ({ name: `u${n}`, displayName: '' })
  const granted = (n: number) => ({ group: `g${n}`, role: 'r' })

  each('have a limit in each list', [
    ['domains', content({}, 200), content({}, 201)],
    ['units', content({ units: many(10_000, unit) }), content({ units: many(10_001, unit) })],
    [
      'mappings',
      content({ mappings: many(250_000, granted) }),
      content({ mappings: many(250_001, granted) }),
    ],
    ['roles', content({ roles: roles(5000, 1) }), content({ roles: roles(5001, 1) })],
    ['permissions', content({ roles: roles(200, 1000) }), content({ roles: roles(201, 1000) })],
    [
      'characters',
      content(),
      content({ units: [{ name: 'u', displayName: 'x'.repeat(limits.characters) }] }),
    ],
  ])(([kind, within, beyond]) => {
    limitedContent(within)
    throws(() => limitedContent(beyond), {
      name: 'UnusableData',
      message: `more than ${limits[kind]} ${kind}`,
    })
  })

  each('are judged while a list is read', [
    ['units', { 'units.list': many(10_001, () => ({})) }, 'more than 10000 units'],
    [
      'mappings',
      { 'organizations.listGroupToRoleMappings': many(250_001, () => mapping) },
      'more than 250000 mappings',
    ],
    [
      'parents of a role',
      { 'roles.list': many(2600, (n) => ({ id: `r${n}`, parentRoleId: `r${n + 1}` })) },
      'more than 2500 ancestors',
    ],
    [
      'permissions of all roles together',
      {
        'roles.list': many(300, (n) => ({ id: `r${n}`, permissions: many(1000, (p) => `p${p}`) })),
        'permissions.list': many(1000, (p) => ({ id: `p${p}`, serviceId: 's1', name: `do-${p}` })),
        ...mappings(...many(300, (n) => ({ ...mapping, roleId: `r${n}` }))),
      },
      'more than 200000 permissions',
    ],
  ])(([, lists, message]) => rejects(one(lists), { name: 'UnusableData', message }))
})
