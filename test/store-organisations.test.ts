import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { withinLimit } from '../lib/refresh/ended-subjects.ts'
import { directoryKey, organisationKey, subjectKey } from '../lib/store/keys.ts'
import type { Table } from '../lib/store/table.ts'
import { organisation, writeOrganisations } from './contract/given.ts'
import { memoryTable } from './support/memory-table.ts'

describe('More organisations than are noted at once', () => {
  it('are written once each, and the list three times: before each five hundred, and at the end', async () => {
    const { table, writes } = memoryTable()
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

describe('More ended subjects than one run writes', () => {
  it('are written by the next, the strictest first, and nobody can sign in at a new organisation before', async () => {
    const { table, items } = memoryTable()
    const ended = Array.from({ length: 10_001 }, (_, n) => ({
      name: `s${n}`,
      blocked: n === 10_000,
      notBefore: 1,
    }))
    const { kept } = await writeOrganisations(table, [organisation({ ended })], 1)
    deepEqual(kept, [{ name: 'demo', reason: 'more ended subjects than one run writes' }])
    equal(items.get(subjectKey('demo', 's10000'))?.blocked?.BOOL, true)
    deepEqual([items.has(subjectKey('demo', 's9999')), items.has(organisationKey('demo'))], [false, false])

    deepEqual((await writeOrganisations(table, [organisation({ ended })], 10)).kept, [])
    deepEqual([items.has(subjectKey('demo', 's9999')), items.has(organisationKey('demo'))], [true, true])
  })

  it('are the strictest 300,000 at most', async () => {
    const ended = Array.from({ length: 300_002 }, (_, n) => ({
      name: `s${n}`,
      blocked: n === 300_001,
      notBefore: n === 0 ? 1 : 2,
    }))
    const within = new Set(withinLimit(ended).map(({ name }) => name))
    deepEqual([within.size, within.has('s300001'), within.has('s0')], [300_000, true, false])
    const { kept } = await writeOrganisations(memoryTable().table, [organisation({ ended })], 1)
    deepEqual(kept, [{ name: 'demo', reason: 'too many ended subjects' }])
  })
})

describe('An organisation in the table', () => {
  const key = organisationKey('demo')

  it('that is blocked keeps its directory as it is', async () => {
    const { table, writes } = memoryTable()
    await writeOrganisations(table, [organisation()], 1)
    writes.clear()
    await writeOrganisations(table, [organisation({ blocked: true })], 10)
    deepEqual([writes.get(key), writes.has(directoryKey('demo'))], [1, false])
  })

  it('is written again when the run that removed it broke off', async () => {
    const { table, items } = memoryTable()
    const others = ['a', 'b', 'c'].map((name) => organisation({ name }))
    await writeOrganisations(table, [...others, organisation()], 1)
    const broken: Table = {
      ...table,
      remove: (which) =>
        which === directoryKey('demo') ? Promise.reject(new Error('broken off')) : table.remove(which),
    }
    await rejects(writeOrganisations(broken, others, 10), /broken off/)
    equal(items.has(key), false)
    await writeOrganisations(table, [...others, organisation()], 20)
    equal(items.has(key), true)
  })

  it('with unusable data is no fault of the source, however many there are', async () => {
    const domains = Array.from({ length: 201 }, (_, n) => `d${n}.example`)
    const names = ['a', 'b', 'c']
    const { kept } = await writeOrganisations(
      memoryTable().table,
      names.map((name) => organisation({ name, domains })),
      1,
    )
    deepEqual(
      kept,
      names.map((name) => ({ name, reason: 'more than 200 domains' })),
    )
  })

  it('that is not reached in time fails a run that reached none', () =>
    rejects(writeOrganisations(memoryTable().table, [organisation()], 1, { signal: AbortSignal.abort() }), {
      message: 'not reached in time (1 of 1 organisations)',
      transient: false,
    }))
})
