import { deepEqual, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { directoriesIn, oncePerToken } from '../lib/session/directory.ts'
import { permissionsIn } from '../lib/session/permissions.ts'
import { unitsIn } from '../lib/session/units.ts'
import { directoryKey } from '../lib/store/keys.ts'
import { writeLargeItem } from '../lib/store/large-item.ts'
import { claims } from './contract/given.ts'
import { each } from './support/each.ts'
import { memoryTable } from './support/memory-table.ts'

describe('A stored directory', () => {
  const organisation = { blocked: false, notBefore: 0, domains: [], version: 1, directory: 1 }
  /** The units and permissions of a member of the group `desk` with this stored directory. */
  const heldBy = async (value: unknown, directory = 1, whose = claims()) => {
    const { table, items } = memoryTable()
    await writeLargeItem(table, directoryKey('demo'), { version: 1, value })
    const session = { claims: whose, organisation: { ...organisation, directory }, items }
    const directories = directoriesIn(table)
    const { org, units } = await permissionsIn(directories)(session)
    const held = await unitsIn(table, directories).heldBy(session)
    return [held.map(({ name }) => name), [...org], [...units].map(([name, all]) => [name, [...all]])]
  }
  const units = [{ name: 'north', displayName: 'North' }]
  const roles = { r: ['svc:read'] }
  const everywhere = { units, mappings: [{ group: 'desk', role: 'r' }], roles }
  const nothing = [[], [], []]

  each('grants what its well-formed rows say, and ignores malformed rows', [
    [
      { units, mappings: [{ group: 'desk', role: 'r', unit: 'north' }], roles },
      [['north'], [], [['north', ['svc:read']]]],
    ],
    [everywhere, [['north'], ['svc:read'], []]],
    [{ ...everywhere, mappings: [{ group: 'desk', role: 'gone' }] }, [['north'], [], []]],
    [{ ...everywhere, roles: { r: [5] } }, [['north'], [], []]],
    [{ units, mappings: [{ group: 'desk', role: 5 }], roles: { 5: ['svc:read'] } }, nothing],
    [{ units, mappings: [{ group: 'desk', role: 'r', unit: null }], roles }, nothing],
    [{ units, mappings: [{ group: ['desk'], role: 'r' }, 'desk', null], roles }, nothing],
    [{ units, mappings: { desk: 'r' }, roles }, nothing],
    [{ ...everywhere, units: [{ name: 5, displayName: 'a' }, { name: 'b' }, null], roles: {} }, nothing],
    [{ ...everywhere, units: { north: 'North' } }, [[], ['svc:read'], []]],
    [{ ...everywhere, roles: { r: 'svc:read' } }, [['north'], [], []]],
    [null, nothing],
  ])(async ([value, expected]) => deepEqual(await heldBy(value), expected))

  it('is ignored when the organisation names no directory', async () =>
    deepEqual(await heldBy(everywhere, 0), nothing))

  each('gives permissions to ID tokens by group; an access token has only those in its claims', [
    ['id_token', [['svc:read'], []]],
    ['access_token', [['svc:all'], [['west', ['svc:x']]]]],
  ])(async ([kind, expected]) => {
    const permissions = { org: ['svc:all'], units: new Map([['west', ['svc:x']]]) }
    const [, ...held] = await heldBy(everywhere, 1, claims({ kind, permissions }))
    deepEqual(held, expected)
  })

  it('that the organisation names but the table does not have causes state_missing', () => {
    const { table, items } = memoryTable()
    const directory = directoriesIn(table).of({ claims: claims(), organisation, items })
    return rejects(directory, { code: 'state_missing' })
  })

  it('is evaluated once per token', () => {
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
