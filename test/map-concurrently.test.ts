import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { mapConcurrently } from '../lib/refresh/map-concurrently.ts'

describe('mapConcurrently', () => {
  it('runs at most the given number at once and returns results in the order of the list', async () => {
    let running = 0
    let most = 0
    const times = [30, 1, 20, 5, 1]
    const results = await mapConcurrently(3, times, async (ms) => {
      most = Math.max(most, ++running)
      await pause(ms)
      running--
      return ms
    })
    deepEqual(results, times)
    equal(most, 3)
    deepEqual(await mapConcurrently(3, [], async () => 'x'), [])
  })

  it('starts nothing after a failure, and throws it when the work in progress has ended', async () => {
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
