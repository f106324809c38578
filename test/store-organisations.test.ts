import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { withinLimit } from '../lib/refresh/ended-subjects.ts'
import { directoryKey, organisationKey, subjectKey } from '../lib/store/keys.ts'
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

  it('are the strictest 300,000 at most', () => {
    const ended = Array.from({ length: 300_002 }, (_, n) => ({
      name: `s${n}`,
      blocked: n === 300_001,
      notBefore: n === 0 ? 1 : 2,
    }))
    const within = new Set(withinLimit(ended).map(({ name }) => name))
    deepEqual([within.size, within.has('s300001'), within.has('s0')], [300_000, true, false])
  })
})
