import type { Item, Table } from '../../lib/store/table.ts'

/**
 * A table in memory that counts the writes of each key. It supports `SET` and `REMOVE`, but ignores
 * conditions, which are tested on a database: `test/contract`.
 */
export const memoryTable = () => {
  const items = new Map<string, Item>()
  const writes = new Map<string, number>()
  const count = (key: string) => writes.set(key, (writes.get(key) ?? 0) + 1)
  const table: Table = {
    read: async (keys) => new Map([...items].filter(([key]) => keys.includes(key))),
    put: async (key, item) => {
      count(key)
      items.set(key, item)
    },
    change: async (key, { set, values }) => {
      count(key)
      const removed: readonly string[] = set.startsWith('REMOVE') ? (set.match(/\w+/g) ?? []) : []
      const kept = Object.entries(items.get(key) ?? {}).filter(([name]) => !removed.includes(name))
      items.set(key, { ...Object.fromEntries(kept), ...values })
      return true
    },
    remove: async (key) => {
      count(key)
      items.delete(key)
    },
  }
  return { table, writes, items }
}
