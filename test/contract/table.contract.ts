import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Contract } from './given.ts'

export const tables: Contract = (database, open) =>
  describe(`the table on ${database}`, () => {
    it('reads written items, omits absent ones, and sends no request without keys', async () => {
      const table = await open()
      await table.put('a', { n: { N: '1' } })
      deepEqual([...(await table.read(['a', 'b', 'a']))], [['a', { pk: { S: 'a' }, n: { N: '1' } }]])
      equal((await table.read([])).size, 0)
    })

    it('writes on a condition, and returns false when it is not met', async () => {
      const table = await open()
      const change = {
        set: 'SET #number = :number',
        values: { number: { N: '2' } },
        // What the expression does not use is left out, also when a used name begins with it.
        names: ['num', 'number', 'other'],
        when: 'attribute_not_exists(#number) OR #number < :number',
      }
      deepEqual([await table.change('a', change), await table.change('a', change)], [true, false])
    })

    it('reads a hundred keys at once', async () => {
      const table = await open()
      const keys = Array.from({ length: 100 }, (_, n) => `k${n}`)
      await Promise.all(keys.map((key) => table.put(key, {})))
      equal((await table.read(keys)).size, 100)
    })
  })
