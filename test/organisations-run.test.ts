import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openIndex } from '../lib/refresh/organisation-index.ts'
import { UnusableData } from '../lib/refresh/organisation-source.ts'
import { batchesOf, inOrder, isTooMany, type Run, readOne } from '../lib/refresh/organisations-run.ts'
import { UpstreamError } from '../lib/refresh/upstream.ts'
import { organisation, sourceOf } from './contract/given.ts'
import { each } from './support/each.ts'
import { memoryTable } from './support/memory-table.ts'

const opened = async (now = 0, signal = new AbortController().signal): Promise<Run> => {
  const { table } = memoryTable()
  const index = await openIndex(table, 1)
  return { table, source: sourceOf([]), version: 1, now, signal, index, failures: new Map() }
}

describe('A run over the organisations', () => {
  const listed = Array.from({ length: 1200 }, (_, n) => organisation({ name: `${n}` }))

  each('starts at a different organisation each minute and includes all of them', [
    [0, '0'],
    [59, '0'],
    [60, '500'],
    [180, '300'],
  ])(async ([now, first]) => {
    const order = inOrder(await opened(now), listed)
    deepEqual([order[0]?.name, new Set(order).size, order.length], [first, 1200, 1200])
  })

  it('works in batches of 500', () =>
    deepEqual(
      batchesOf(listed).map((batch) => [batch[0]?.name, batch.length]),
      [
        ['0', 500],
        ['500', 500],
        ['1000', 200],
      ],
    ))

  each('blames the source when more than two and more than a third of the organisations fail', [
    [2, 3, false],
    [3, 8, true],
    [3, 9, false],
  ])(([count, all, expected]) => equal(isTooMany(count, all), expected))

  each('records an organisation that failed, and stops reading it when it could not be read', [
    [new UnusableData('odd'), { reason: 'odd', isUnread: false, isOwnFault: true }, 2],
    [new UpstreamError('away', true), { reason: 'away', isUnread: true, isOwnFault: true }, 1],
  ] as const)(async ([error, failure, times]) => {
    const run = await opened()
    let reads = 0
    const read = () => {
      reads++
      return Promise.reject(error)
    }
    for (let time = 0; time < 2; time++) await readOne(run, 'demo', read)
    deepEqual([run.failures.get('demo'), reads], [failure, times])
  })

  it('rethrows programming errors', async () =>
    rejects(
      readOne(await opened(), 'demo', () => Promise.reject(new TypeError('ours'))),
      TypeError,
    ))

  it('reports organisations that it did not reach in time as unread, not as at fault', async () => {
    const late = { reason: 'not reached in time', isUnread: true, isOwnFault: false }
    const time = new AbortController()
    const run = await opened(0, time.signal)
    await readOne(run, 'in progress', () => {
      time.abort()
      return Promise.reject(new UpstreamError('cut', true))
    })
    await readOne(run, 'not begun', () => Promise.reject(new Error('begun')))
    deepEqual(Object.fromEntries(run.failures), { 'in progress': late, 'not begun': late })
  })
})
