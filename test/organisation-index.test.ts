import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openIndex, revocationOf } from '../lib/refresh/organisation-index.ts'
import { indexKey } from '../lib/store/keys.ts'
import { writeLargeItem } from '../lib/store/large-item.ts'
import { memoryTable } from './support/memory-table.ts'

describe('The index of organisations', () => {
  it('reads malformed members as unknown, so that they are written again', async () => {
    const { table } = memoryTable()
    const odd = { revocation: 5, ended: 5, content: 5, failing: 'yes', missingSince: '5' }
    await writeLargeItem(table, indexKey, { version: 1, value: { organisations: { odd }, forgottenAt: '5' } })
    const index = await openIndex(table, 2)
    deepEqual([...index.entries], [['odd', { revocation: '', ended: '', content: '' }]])
    equal(index.forgottenAt(), undefined)
  })

  it('has the same digest whatever the order of the organisations', async () => {
    const digestOf = async (...names: string[]) => {
      const index = await openIndex(memoryTable().table, 1)
      for (const name of names) index.note(name, { content: name })
      return index.digest()
    }
    equal(await digestOf('a', 'b', 'c'), await digestOf('c', 'a', 'b'))
  })

  it('is written only when something changed', async () => {
    const { table, writes } = memoryTable()
    const index = await openIndex(table, 1)
    const times: (number | undefined)[] = []
    for (const content of ['x', 'x', 'y']) {
      index.note('a', { content })
      await index.save()
      times.push(writes.get(indexKey))
    }
    deepEqual(times, [1, 1, 2])
  })

  it('encodes blocks and sign-outs as text', () =>
    deepEqual(
      [revocationOf({ blocked: true }), revocationOf({ blocked: false, notBefore: 7 })],
      ['blocked 0', 'open 7'],
    ))
})
