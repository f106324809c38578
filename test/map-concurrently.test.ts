import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { mapConcurrently } from '../lib/refresh/map-concurrently.ts'

describe('Work on many things at once', () => {
  it('has its results in the order of the list, whatever took longest', async () => {
    const times = [30, 1, 20, 5, 1]
    const results = await mapConcurrently(3, times, async (ms) => {
      await pause(ms)
      return ms
    })
    deepEqual(results, times)
  })

  it('is nothing for an empty list', async () => deepEqual(await mapConcurrently(3, [], async () => 'x'), []))

  it('is never more than was asked for, and no less', async () => {
    let under = 0
    let most = 0
    await mapConcurrently(3, Array(10).fill(0), async () => {
      most = Math.max(most, ++under)
      await pause(1)
      under--
    })
    equal(most, 3)
  })

  it('begins nothing after a failure, and throws it when what was under way has ended', async () => {
    const begun: number[] = []
    const ended: number[] = []
    const work = mapConcurrently(2, [1, 2, 3, 4], async (item) => {
      begun.push(item)
      if (item === 1) throw new Error('the first')
      await pause(20)
      ended.push(item)
    })
    await rejects(work, { message: 'the first' })
    deepEqual([begun, ended], [[1, 2], [2]])
  })
})
