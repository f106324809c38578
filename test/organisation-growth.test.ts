import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { organisationKey } from '../lib/store/keys.ts'
import { type Organisation, writeOrganisations } from './contract/given.ts'
import { openTable, watched } from './support/gateway.ts'

const organisations: readonly Organisation[] = Array.from({ length: 700 }, (_, index) => ({
  name: `org-${index}`,
  blocked: false,
  notBefore: 0,
  domains: [],
  directory: { units: [], mappings: [], roles: {} },
  ended: [],
}))

describe('Many organisations', () => {
  it('are taken up where a run broke off, and all are there in the end', async (test) => {
    const { table, close } = await openTable()
    test.after(close)
    const front = watched(table)
    let left = 1400
    front.fault.next = (kind) => (kind === 'write' && left-- <= 0 ? new Error('broken off') : undefined)
    await rejects(writeOrganisations(front.table, organisations, 1), /broken off/)

    delete front.fault.next
    front.reset()
    await writeOrganisations(front.table, organisations, 20)
    equal(front.calls.write < 800, true, `${front.calls.write} writes`)
    for (const index of [0, 499, 500, 699]) {
      const key = organisationKey(`org-${index}`)
      deepEqual([...(await table.read([key])).keys()], [key])
    }

    front.reset()
    await writeOrganisations(front.table, organisations, 40)
    equal(front.calls.write, 0)
  })
})
