import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { writeOrganisations } from '../lib/refresh/store-organisations.ts'
import { directoryKey, organisationKey } from '../lib/store/keys.ts'
import type { Item, Table } from '../lib/store/table.ts'
import { organisation } from './contract/given.ts'

/** Counts the writes of each key, and keeps what was put: enough for a list of organisations, whose contents have a contract. */
const counting = () => {
  const items = new Map<string, Item>()
  const writes = new Map<string, number>()
  const count = (key: string) => writes.set(key, (writes.get(key) ?? 0) + 1)
  const table: Table = {
    read: async (keys) =>
      new Map(
        keys.flatMap((key) => {
          const item = items.get(key)
          return item === undefined ? [] : [[key, item] as const]
        }),
      ),
    put: async (key, item) => {
      count(key)
      items.set(key, item)
      return true
    },
    change: async (key) => {
      count(key)
      return true
    },
    remove: async (key) => {
      count(key)
      items.delete(key)
    },
  }
  return { table, writes }
}

describe('More organisations than are noted at once', () => {
  it('are written once each, and the list three times: before each five hundred, and at the end', async () => {
    const { table, writes } = counting()
    const names = Array.from({ length: 501 }, (_, n) => `org-${n}`)
    await writeOrganisations(
      table,
      names.map((name) => organisation({ name })),
      1,
    )
    const times = (key: (name: string) => string) => new Set(names.map((name) => writes.get(key(name))))
    deepEqual([times(organisationKey), times(directoryKey)], [new Set([1]), new Set([1])])
    equal(writes.get('INDEX'), 3)
  })
})
