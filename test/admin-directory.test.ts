import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rolePermissions } from '../lib/refresh/admin-directory.ts'
import { mapping, mappings, one } from './support/admin-lists.ts'
import { each } from './support/each.ts'

const many = (count: number, row: (n: number) => object): object[] =>
  Array.from({ length: count }, (_, n) => row(n))
/** A role with so many ancestors. */
const descending = (ancestors: number) =>
  many(ancestors + 1, (n) => ({ id: `r${n + 1}`, parentRoleId: `r${n + 2}`, permissions: [] }))

describe('The directory of an organisation', () => {
  it('shows a unit that is listed twice by the first of its names in the alphabet', async () => {
    const twins = ['B', 'A'].map((displayName) => ({ id: displayName, name: 'west', displayName }))
    for (const units of [twins, twins.toReversed()])
      deepEqual((await one({ 'units.list': units, ...mappings() })).directory.units, [
        { name: 'west', displayName: 'A' },
      ])
  })

  it('has a role of 2,500 ancestors', async () =>
    deepEqual((await one({ 'roles.list': descending(2500) })).directory.roles, { r1: [] }))

  each('is beyond a limit', [
    ['more than 2500 ancestors', { 'roles.list': descending(2501) }],
    [
      'more than 5000 roles',
      {
        'roles.list': many(5001, (n) => ({ id: `r${n}` })),
        ...mappings(...many(5001, (n) => ({ ...mapping, roleId: `r${n}` }))),
      },
    ],
  ])(([message, lists]) => rejects(one(lists), { name: 'UnusableData', message }))
})

it('Permissions of a role are worked out once for all organisations', () => {
  const { of } = rolePermissions([{ id: 'r1', permissions: ['p1'] }], [], [{ id: 'p1', name: 'read' }])
  equal(of('r1'), of('r1'))
})
