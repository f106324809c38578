import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { forgetOrganisations } from '../lib/refresh/forget-organisations.ts'
import { openIndex } from '../lib/refresh/organisation-index.ts'
import { directoryKey, organisationKey } from '../lib/store/keys.ts'
import type { Table } from '../lib/store/table.ts'
import { organisation, writeOrganisations } from './contract/given.ts'
import { memoryTable } from './support/memory-table.ts'

const never = new AbortController().signal

/** A table with these organisations, which have been without a source since second 0. */
const opened = async () => {
  const { table, writes, items } = memoryTable()
  const organisations = [
    organisation({ name: 'a' }),
    organisation({ name: 'b', blocked: true }),
    organisation({ name: 'c', ended: [{ name: 'somebody', blocked: true }] }),
  ]
  const write = (version: number) => writeOrganisations(table, organisations, version)
  const forget = (now: number, signal = never, over: Table = table) =>
    forgetOrganisations(over, 1000 * (now + 1), now, signal)
  const keys = ['a', 'b'].flatMap((org) => [organisationKey(org), directoryKey(org)])
  const there = () => keys.filter((key) => items.has(key))
  await write(1)
  await forget(0)
  return { table, writes, items, write, forget, keys, there }
}

describe('Organisations without a source', () => {
  it('lose what they grant after two minutes, and a blocked one stays blocked', async () => {
    const { table, writes, items, forget, keys, there } = await opened()
    await forget(119)
    deepEqual(there(), keys)
    await forget(120)
    deepEqual(there(), [organisationKey('b')])
    const { blocked, domains } = items.get(organisationKey('b')) ?? {}
    deepEqual([blocked?.BOOL, domains], [true, undefined])
    const { entries } = await openIndex(table, 0)
    deepEqual([...entries.keys()].sort(), ['b', 'c'], 'whose blocks are still there')
    writes.clear()
    await forget(180)
    deepEqual([...writes], [])
  })

  it('are written again when there is a source again, wherever a run broke off', async () => {
    const { table, write, forget, keys, there } = await opened()
    const broken: Table = {
      ...table,
      remove: (key) =>
        key === directoryKey('a') ? Promise.reject(new Error('broken off')) : table.remove(key),
    }
    await rejects(forget(120, never, broken), /broken off/)
    equal(there().includes(organisationKey('a')), false)
    await write(1_000_000)
    deepEqual(there(), keys)
  })

  it('keep what they grant for two minutes again when there was a source in between', async () => {
    const { write, forget, keys, there } = await opened()
    await write(100_000)
    await forget(200)
    deepEqual(there(), keys)
  })

  it('are left to a later run when the time is over', async () => {
    const { forget, keys, there } = await opened()
    await forget(120, AbortSignal.abort())
    deepEqual(there(), keys)
    await forget(180)
    deepEqual(there(), [organisationKey('b')])
  })

  it('are not written about when there never were any', async () => {
    const { table, writes } = memoryTable()
    await forgetOrganisations(table, 1, 0, never)
    equal(writes.size, 0)
  })
})
