import { deepEqual, equal } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { readLargeItem, removeLargeItem, writeLargeItem } from '../../lib/store/large-item.ts'
import type { Table } from '../../lib/store/table.ts'
import type { Contract } from './given.ts'

const large = () => randomBytes(900_000).toString('base64')

export const documents: Contract = (database, open) =>
  describe(`documents on ${database}`, () => {
    const opened = async () => {
      const table = await open()
      const write = (version: number, value: unknown) => writeLargeItem(table, 'doc', { version, value })
      const read = async (over = table) => readLargeItem(over, await table.read(['doc']), 'doc')
      const partsOf = async (version: number) =>
        (await table.read([1, 2].map((part) => `doc#${version}#${part}`))).size
      return { table, write, read, partsOf }
    }

    it('stores one of any size, and replaces and removes all of it', async () => {
      const { table, write, read, partsOf } = await opened()
      const value = large()
      equal(await read(), undefined)
      // The second time under the same version.
      for (let time = 0; time < 2; time++) {
        await write(1, value)
        deepEqual([await read(), await partsOf(1)], [{ version: 1, value }, 2])
      }
      await write(2, 'small')
      deepEqual([await read(), await partsOf(1)], [{ version: 2, value: 'small' }, 0])

      await write(3, value)
      await removeLargeItem(table, 'doc')
      deepEqual([await read(), await partsOf(3)], [undefined, 0])
    })

    it('reads the head again when the parts were replaced in between', async () => {
      const { table, write } = await opened()
      await write(1, large())
      const old = await table.read(['doc'])
      await write(2, 'new')
      deepEqual(await readLargeItem(table, old, 'doc'), { version: 2, value: 'new' })
    })

    it('reads one with more parts than a BatchGetItem request allows', async () => {
      const { table, read } = await opened()
      const bytes = gzipSync(JSON.stringify(randomBytes(3000).toString('hex')))
      const size = Math.ceil(bytes.length / 121)
      const piece = (part: number) => ({ data: { B: bytes.subarray(part * size, (part + 1) * size) } })
      await table.put('doc', { version: { N: '1' }, parts: { N: '120' }, ...piece(0) })
      for (let part = 1; part <= 120; part++) await table.put(`doc#1#${part}`, piece(part))
      equal(String((await read())?.value).length, 6000)
    })

    it('reads one with a missing part as absent, after a limited number of tries', async () => {
      const { table, write, read } = await opened()
      await write(1, large())
      await table.remove('doc#1#1')
      let reads = 0
      const never = () => Promise.reject(new Error('it is read for ever'))
      const counting: Table = { ...table, read: (keys) => (reads++ < 20 ? table.read(keys) : never()) }
      equal(await read(counting), undefined)
      equal(reads, 6, 'three times its parts and its head')
      await write(2, 'new')
      deepEqual(await read(), { version: 2, value: 'new' })
    })
  })
