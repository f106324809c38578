import { deepEqual, equal } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { readLargeItem, removeLargeItem, writeLargeItem } from '../../lib/store/large-item.ts'
import type { Table } from '../../lib/store/table.ts'
import type { Contract } from './given.ts'

const never = () => Promise.reject(new Error('it is read for ever'))

export const documents: Contract = (database, open) =>
  describe(`documents on ${database}`, () => {
    it('keeps one of any size, and replaces and removes it whole', async () => {
      const table = await open()
      const read = async () => readLargeItem(table, await table.read(['doc']), 'doc')
      const value = { noise: randomBytes(900_000).toString('base64') }
      equal(await read(), undefined)

      await writeLargeItem(table, 'doc', { version: 1, value })
      deepEqual(await read(), { version: 1, value })
      equal((await table.read(['doc#1#1', 'doc#1#2'])).size, 2, 'it took more than one item')

      await writeLargeItem(table, 'doc', { version: 2, value: 'small' })
      deepEqual(await read(), { version: 2, value: 'small' })
      equal((await table.read(['doc#1#1', 'doc#1#2'])).size, 0, 'the old parts are gone')

      await writeLargeItem(table, 'doc', { version: 3, value })
      await removeLargeItem(table, 'doc')
      equal((await table.read(['doc', 'doc#3#1', 'doc#3#2'])).size, 0)
      equal(await read(), undefined)
    })

    it('stays whole when it is written again under the same version', async () => {
      const table = await open()
      const value = randomBytes(600_000).toString('base64')
      for (let time = 0; time < 2; time++) await writeLargeItem(table, 'doc', { version: 1, value })
      deepEqual(await readLargeItem(table, await table.read(['doc']), 'doc'), { version: 1, value })
    })

    it('begins again with the head when its parts were replaced in between', async () => {
      const table = await open()
      await writeLargeItem(table, 'doc', { version: 1, value: randomBytes(600_000).toString('base64') })
      const old = await table.read(['doc'])
      await writeLargeItem(table, 'doc', { version: 2, value: 'new' })
      deepEqual(await readLargeItem(table, old, 'doc'), { version: 2, value: 'new' })
    })

    it('reads one of more parts than BatchGetItem takes keys', async () => {
      const table = await open()
      const bytes = gzipSync(JSON.stringify(randomBytes(3000).toString('hex')))
      const size = Math.ceil(bytes.length / 121)
      const piece = (part: number) => ({ data: { B: bytes.subarray(part * size, (part + 1) * size) } })
      await table.put('doc', { version: { N: '1' }, parts: { N: '120' }, ...piece(0) })
      for (let part = 1; part <= 120; part++) await table.put(`doc#1#${part}`, piece(part))
      const document = await readLargeItem(table, await table.read(['doc']), 'doc')
      equal(String(document?.value).length, 6000)
    })

    it('reads one that lacks a part as absent, without looking for it for ever', async () => {
      const table = await open()
      await writeLargeItem(table, 'doc', { version: 1, value: randomBytes(600_000).toString('base64') })
      await table.remove('doc#1#1')
      let reads = 0
      const counting: Table = { ...table, read: (keys) => (reads++ < 20 ? table.read(keys) : never()) }
      equal(await readLargeItem(counting, await table.read(['doc']), 'doc'), undefined)
      equal(reads, 6, 'three times its parts and its head')
      await writeLargeItem(table, 'doc', { version: 2, value: 'new' })
      deepEqual(await readLargeItem(table, await table.read(['doc']), 'doc'), { version: 2, value: 'new' })
    })
  })
