import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { forgetOrganisations } from '../lib/refresh/forget-organisations.ts'
import { openIndex } from '../lib/refresh/organisation-index.ts'
import { UnusableData } from '../lib/refresh/organisation-source.ts'
import { directoryKey, organisationKey } from '../lib/store/keys.ts'
import type { Table } from '../lib/store/table.ts'
import { organisation, sourceOf, writeOrganisations } from './contract/given.ts'
import { openTable } from './support/gateway.ts'
import { memoryTable } from './support/memory-table.ts'

const never = new AbortController().signal

/** A table with three organisations that have had no source since second 0. */
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
  it('lose their grants after two minutes, and blocks are kept', async () => {
    const { table, writes, items, forget, keys, there } = await opened()
    await forget(119)
    deepEqual(there(), keys)
    await forget(120)
    deepEqual(there(), [organisationKey('b')])
    const { blocked, domains } = items.get(organisationKey('b')) ?? {}
    deepEqual([blocked?.BOOL, domains], [true, undefined])
    const { entries } = await openIndex(table, 0)
    deepEqual([...entries.keys()].sort(), ['b', 'c'], 'the index keeps those with blocks')
    writes.clear()
    await forget(180)
    deepEqual([...writes], [])
  })

  it('are written again when there is a source again, even after a run that failed midway', async () => {
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

  it('keep their grants for another two minutes when there was a source in between', async () => {
    const { write, forget, keys, there } = await opened()
    await write(100_000)
    await forget(200)
    deepEqual(there(), keys)
  })

  it('are removed by a later run when the time of this one is over', async () => {
    const { forget, keys, there } = await opened()
    await forget(120, AbortSignal.abort())
    deepEqual(there(), keys)
    await forget(180)
    deepEqual(there(), [organisationKey('b')])
  })

  it('leave no item when their content was never stored', async (test) => {
    const { table, close } = await openTable()
    test.after(close)
    const all = [organisation({ name: 'a' }), organisation({ ended: [{ name: 'somebody', blocked: true }] })]
    const content = (name: string) =>
      name === 'demo' ? Promise.reject(new UnusableData('odd')) : sourceOf(all).content(name)
    await writeOrganisations(table, all, 1, { source: { ...sourceOf(all), content } })
    for (const now of [0, 120]) await forgetOrganisations(table, 1000 * (now + 1), now, never)
    equal((await table.read([organisationKey('demo')])).size, 0)
  })

  it('cause no write when there never were any', async () => {
    const { table, writes } = memoryTable()
    await forgetOrganisations(table, 1, 0, never)
    equal(writes.size, 0)
  })
})
