import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { writeEnded } from '../lib/refresh/ended-subjects.ts'
import type { EndedSubject } from '../lib/refresh/organisation-source.ts'
import { endedKey, subjectKey } from '../lib/store/keys.ts'
import type { Table } from '../lib/store/table.ts'
import { memoryTable } from './support/memory-table.ts'

const listed: readonly EndedSubject[] = [
  { name: 'a', blocked: true },
  { name: 'b', blocked: true },
]
const never = new AbortController().signal

const opened = () => {
  const { table, writes, items } = memoryTable()
  let version = 0
  const write = (ended: readonly EndedSubject[], signal = never, over: Table = table) => {
    version += 10
    return writeEnded(over, 'demo', ended, version, signal)
  }
  const isBlocked = (name: string) => items.get(subjectKey('demo', name))?.blocked?.BOOL ?? false
  return { table, writes, items, write, isBlocked }
}

describe('Blocks and sign-outs of subjects', () => {
  it('are written once, and removed when they are no longer listed', async () => {
    const { writes, items, write, isBlocked } = opened()
    for (const [ended, blocked, written] of [
      [listed, [true, true], ['a', 'b']],
      [listed, [true, true], []],
      [listed.slice(1), [false, true], ['a']],
      [[], [false, false], ['b']],
    ] as const) {
      writes.clear()
      equal(await write(ended), true)
      const subjects = ['a', 'b'].filter((name) => writes.has(subjectKey('demo', name)))
      deepEqual([['a', 'b'].map(isBlocked), subjects], [blocked, written])
      equal(writes.size, written.length === 0 ? 0 : written.length + 1)
    }
    equal(items.has(endedKey('demo')), false)
  })

  it('are written blocks first, then sign-outs, latest first', async () => {
    const { writes, write } = opened()
    await write([
      { name: 'a', blocked: false, notBefore: 1 },
      { name: 'b', blocked: false, notBefore: 3 },
      { name: 'c', blocked: true },
      { name: 'd', blocked: false, notBefore: 2 },
      { name: 'e', blocked: true, notBefore: 1 },
    ])
    const order = ['e', 'c', 'b', 'd', 'a'].map((name) => subjectKey('demo', name))
    deepEqual(
      [...writes.keys()].filter((key) => key !== endedKey('demo')),
      order,
    )
  })

  it('are removed too when the run that wrote them failed midway', async () => {
    const { table, write, isBlocked } = opened()
    let puts = 0
    const broken: Table = {
      ...table,
      put: (...call) => (puts++ > 0 ? Promise.reject(new Error('broken off')) : table.put(...call)),
    }
    await rejects(write(listed, never, broken), /broken off/)
    deepEqual([isBlocked('a'), isBlocked('b')], [true, true])
    equal(await write([]), true)
    deepEqual([isBlocked('a'), isBlocked('b')], [false, false])
  })

  it('are written by a later run when the time of this one is over', async () => {
    const { write, isBlocked } = opened()
    equal(await write(listed, AbortSignal.abort()), false)
    equal(isBlocked('a'), false)
    equal(await write(listed), true)
    equal(isBlocked('a'), true)
  })
})
