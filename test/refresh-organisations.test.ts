import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { withinLimit } from '../lib/refresh/ended-subjects.ts'
import { type OrganisationSource, UnusableData } from '../lib/refresh/organisation-source.ts'
import type { OrganisationsDeps } from '../lib/refresh/organisations-run.ts'
import { UpstreamError } from '../lib/refresh/upstream.ts'
import { directoryKey, organisationKey, subjectKey } from '../lib/store/keys.ts'
import type { Table } from '../lib/store/table.ts'
import { type Organisation, organisation, sourceOf, writeOrganisations } from './contract/given.ts'
import { each } from './support/each.ts'
import { openTable } from './support/gateway.ts'
import { memoryTable } from './support/memory-table.ts'

const named = (names: readonly string[]) => names.map((name) => organisation({ name }))
const numbered = (count: number) => named(Array.from({ length: count }, (_, n) => `org-${n}`))

/** A table in memory with these organisations, and a function that runs the next refresh on it. */
const opened = async (...before: Organisation[]) => {
  const { table, items, writes } = memoryTable()
  let version = 0
  const write = (organisations: readonly Organisation[], more: Partial<OrganisationsDeps> = {}) => {
    version += 10
    return writeOrganisations(table, organisations, version, more)
  }
  if (before.length > 0) await write(before)
  writes.clear()
  return { table, items, writes, write }
}

/** A source in which a part of one organisation fails. */
const failing = (
  organisations: readonly Organisation[],
  part: 'content' | 'ended',
  error: Error,
  broken = (name: string): boolean => name === 'demo',
): OrganisationSource => {
  const source = sourceOf(organisations)
  const read = (name: string) => (broken(name) ? Promise.reject(error) : source[part](name))
  return { ...source, [part]: read }
}

const unread = new UpstreamError('units.list: status 500', true)

describe('An organisation whose data cannot be read or used', () => {
  const ended = [{ name: 'somebody', blocked: true }]

  each('keeps its last good data and is reported; blocks still apply, and other organisations are updated', [
    ['content', new UnusableData('odd'), true],
    ['content', unread, true],
    ['ended', unread, false],
  ])(async ([part, error, areEndedKnown]) => {
    const { items, write } = await opened(organisation(), organisation({ name: 'second' }))
    const directory = items.get(directoryKey('demo'))
    const after = [
      organisation({ blocked: true, domains: [], ended }),
      organisation({ name: 'second', domains: [] }),
    ]
    const { kept } = await write(after, { source: failing(after, part, error) })
    deepEqual(kept, [{ name: 'demo', reason: error.message }])
    const { blocked, domains } = items.get(organisationKey('demo')) ?? {}
    deepEqual([blocked?.BOOL, domains?.L?.length], [true, 1])
    equal(items.get(directoryKey('demo')), directory)
    equal(items.get(subjectKey('demo', 'somebody'))?.blocked?.BOOL ?? false, areEndedKnown)
    deepEqual(items.get(organisationKey('second'))?.domains?.L, [])
    deepEqual((await write(after)).kept, [], 'not reported once its data are good again')
  })

  it('does not fail the refresh, however many there are, when its data are invalid', async () => {
    const domains = Array.from({ length: 201 }, (_, n) => `d${n}.example`)
    const { write } = await opened()
    const { kept } = await write(['a', 'b', 'c'].map((name) => organisation({ name, domains })))
    const reason = 'more than 200 domains'
    deepEqual(
      kept,
      ['a', 'b', 'c'].map((name) => ({ name, reason })),
    )
  })

  it('fails the refresh when more than a third of the organisations cannot be read', async () => {
    const all = named(['a', 'b', 'c'])
    const { write } = await opened(...all)
    const message = 'units.list: status 500 (3 of 3 organisations)'
    const source = failing(all, 'content', unread, () => true)
    await rejects(write(all, { source }), { name: 'UpstreamError', message, transient: false })
    await rejects(write(all.slice(1), { signal: AbortSignal.abort() }), {
      name: 'UpstreamError',
      message: 'not reached in time (2 of 2 organisations)',
    })
  })

  it('stays unknown when it is new, even with a blocked subject', async (test) => {
    const { table, close } = await openTable()
    test.after(close)
    const all = [organisation({ ended }), organisation({ name: 'second' })]
    for (const version of [1, 10]) {
      await writeOrganisations(table, all, version, { source: failing(all, 'content', unread) })
      const keys = [organisationKey('demo'), directoryKey('demo'), organisationKey('second')]
      deepEqual([...(await table.read(keys)).keys()], [organisationKey('second')])
    }
  })

  it('is read last in the next run', async () => {
    const all = named(['a', 'b', 'c', 'd'])
    const { write } = await opened(...all)
    const read: string[] = []
    const broken = (name: string): boolean => {
      read.push(name)
      return name === 'a'
    }
    for (let run = 0; run < 2; run++) await write(all, { source: failing(all, 'content', unread, broken) })
    equal(read.join(''), 'abcdbcda')
  })
})

describe('Blocks and sign-outs', () => {
  const before = named(['demo', 'second'])
  const after = [
    organisation({ domains: [], ended: [{ name: 'somebody', blocked: true }] }),
    organisation({ name: 'second', blocked: true }),
    organisation({ name: 'third' }),
  ]
  const blocks = [organisationKey('second'), subjectKey('demo', 'somebody')]
  const written = (writes: ReadonlyMap<string, number>) =>
    [...writes.keys()].filter((key) => !/^(INDEX|ENDED)/.test(key))

  it('are written before everything else', async () => {
    const { writes, write } = await opened(...before)
    await write(after)
    const contents = ['demo', 'third'].flatMap((name) => [directoryKey(name), organisationKey(name)])
    deepEqual(written(writes).slice(0, 2), blocks)
    deepEqual(written(writes).slice(2).sort(), contents.sort())
  })

  it('are written even when the rest of the run fails', async () => {
    const { writes, write } = await opened(...before)
    const afterBlocks = () => Promise.reject(new UpstreamError('no keys', false))
    await rejects(write(after, { afterBlocks }), { message: 'no keys' })
    deepEqual(written(writes), blocks)
  })
})

it('A block is removed again when the run that wrote it failed, and the organisation is unblocked since', async () => {
  const { table, items, write } = await opened(...named(['demo', 'second']))
  const change: Table['change'] = async (...call) => {
    await table.change(...call)
    throw new Error('broken off')
  }
  const blocked = [organisation(), organisation({ name: 'second', blocked: true })]
  const blockOfSecond = () => items.get(organisationKey('second'))?.blocked?.BOOL
  await rejects(write(blocked, { table: { ...table, change } }), /broken off/)
  equal(blockOfSecond(), true)
  await write(named(['demo', 'second']))
  equal(blockOfSecond(), false)
})

describe('A list of organisations that shrinks', () => {
  const shrunk = 'organizations.list: 4 of 9 organisations are missing'
  /** Stores nine organisations. Then: a run at `now` that lists `count`, and how many are left. */
  const nine = async () => {
    const { items, write } = await opened(...numbered(9))
    return async (count: number, now: number) => {
      const report = await write(numbered(count), { now })
      return [report.shrunk, numbered(9).filter(({ name }) => items.has(organisationKey(name))).length]
    }
  }

  it('by a third or less, or by two, removes the missing organisations at once', async () => {
    const write = await nine()
    deepEqual(await write(6, 60), [undefined, 6])
    await write(4, 120)
    deepEqual(await write(2, 180), [undefined, 2])
  })

  it('by more keeps the missing organisations until they have been missing for 15 minutes', async () => {
    const write = await nine()
    for (const now of [60, 500, 959]) deepEqual(await write(5, now), [shrunk, 9])
    deepEqual(await write(5, 960), [undefined, 5])
  })

  it('again keeps only the organisations that went missing since', async () => {
    const write = await nine()
    await write(5, 60)
    await write(1, 500)
    deepEqual(await write(1, 960), ['organizations.list: 8 of 9 organisations are missing', 5])
  })

  it('restarts the 15 minutes when the organisations were listed again in between', async () => {
    const write = await nine()
    await write(5, 60)
    await write(9, 120)
    await write(5, 180)
    deepEqual(await write(5, 1000), [shrunk, 9])
  })
})

it('An organisation is written again when the run that removed it failed midway', async () => {
  const all = named(['a', 'b', 'demo'])
  const { table, items, write } = await opened(...all)
  const remove: Table['remove'] = (key) =>
    key === directoryKey('demo') ? Promise.reject(new Error('broken off')) : table.remove(key)
  await rejects(write(all.slice(0, 2), { table: { ...table, remove } }), /broken off/)
  equal(items.has(organisationKey('demo')), false)
  await write(all)
  equal(items.has(organisationKey('demo')), true)
})

describe('More than 500 organisations', () => {
  it('are written once each, and the index before each batch of 500 and at the end', async () => {
    const { writes, write } = await opened()
    const all = numbered(501)
    await write(all)
    const times = (key: (name: string) => string) => new Set(all.map(({ name }) => writes.get(key(name))))
    deepEqual([times(organisationKey), times(directoryKey)], [new Set([1]), new Set([1])])
    equal(writes.get('INDEX'), 3)
  })

  it('are continued where the previous run failed', async () => {
    const { table, items, writes, write } = await opened()
    let left = 1400
    const put: Table['put'] = (...call) =>
      left-- > 0 ? table.put(...call) : Promise.reject(new Error('broken off'))
    await rejects(write(numbered(700), { table: { ...table, put } }), /broken off/)
    writes.clear()
    await write(numbered(700))
    const written = numbered(700).filter(({ name }) => writes.has(organisationKey(name)))
    deepEqual(
      [written.length, numbered(700).every(({ name }) => items.has(organisationKey(name)))],
      [200, true],
    )
  })
})

describe('More ended subjects than one run writes', () => {
  it('are completed by the next run, before which a new organisation stays unknown', async () => {
    const { items, write } = await opened()
    const ended = Array.from({ length: 10_001 }, (_, n) => ({
      name: `s${n}`,
      blocked: n === 10_000,
      notBefore: 1,
    }))
    const { kept } = await write([organisation({ ended })])
    deepEqual(kept, [{ name: 'demo', reason: 'more ended subjects than one run writes' }])
    equal(items.get(subjectKey('demo', 's10000'))?.blocked?.BOOL, true)
    const last = [subjectKey('demo', 's9999'), organisationKey('demo')]
    equal(last.filter((key) => items.has(key)).length, 0)

    deepEqual((await write([organisation({ ended })])).kept, [])
    equal(last.filter((key) => items.has(key)).length, 2)
  })

  it('are limited to the strictest 300,000', async () => {
    const ended = Array.from({ length: 300_002 }, (_, n) => ({
      name: `s${n}`,
      blocked: n === 300_001,
      notBefore: n === 0 ? 1 : 2,
    }))
    const within = new Set(withinLimit(ended).map(({ name }) => name))
    deepEqual([within.size, within.has('s300001'), within.has('s0')], [300_000, true, false])
    const { write } = await opened()
    const { kept } = await write([organisation({ ended })])
    deepEqual(kept, [{ name: 'demo', reason: 'too many ended subjects' }])
  })
})
