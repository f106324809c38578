import { deepEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lists, mapping, mappings, one } from './support/admin-lists.ts'

describe('A mapping', () => {
  for (const [what, row, held] of [
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
  ] as const)
    it(what, async () => deepEqual((await one(mappings(row))).directory.mappings, held))

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

  for (const [what, roles, expected] of [
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
  ] as const)
    it(what, async () => deepEqual(await rolesOf(...roles), expected))

  it('that nobody is mapped to is left out', async () => {
    const { directory } = await one({ 'roles.list': [{ id: 'r1' }, { id: 'r2' }] })
    deepEqual(Object.keys(directory.roles), ['r1'])
  })
})
