import { deepEqual, equal, ok } from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { stateKey } from '../lib/store/keys.ts'
import type { Table } from '../lib/store/table.ts'
import { openGateway, openTable } from './support/gateway.ts'

const { control, refresh, table, stored, clock, now } = await openGateway()

beforeEach(async () => {
  clock.ahead = 0
  await control({ do: 'up' })
  await control({ do: 'reset' })
  await refresh()
})

describe('A refresh of the keys alone', () => {
  it('asks once for newer keys, whatever the answer', async () => {
    clock.ahead = 200
    await control({ do: 'fail' })
    const fetched = async () => {
      const { requests } = await control({ do: 'count' })
      return (requests as Record<string, number>)['/v1/jwks'] ?? 0
    }
    const before = await fetched()
    equal((await refresh(true)).outcome, 'failed')
    equal((await fetched()) - before, 1)
    const { forcedAt, settledAt } = (await stored(stateKey)) ?? {}
    ok(Number(settledAt?.N) >= Number(forcedAt?.N), 'whoever waits need not wait longer')
  })

  it('leaves the state as it is when the keys that were asked for are the same', async () => {
    clock.ahead = 300
    const before = await stored(stateKey)
    const { outcome, state } = await refresh(true)
    const after = await stored(stateKey)
    deepEqual(
      [outcome, state?.version, after?.version, after?.lastSuccess],
      ['unchanged', Number(before?.version?.N), before?.version, before?.lastSuccess],
    )
  })

  it('loads everything when keys are asked for before there is a state', async () => {
    const { table: empty, close } = await openTable()
    const { outcome, state } = await refresh(true, empty)
    deepEqual([outcome, state?.organisations === undefined], ['changed', false])
    await close()
  })

  it('waits for whoever has the fetch of this cooldown, for two seconds', async () => {
    clock.ahead = 400
    const at = (seconds: number) => ({ N: String(now() + seconds) })
    const fetching = { set: 'SET #forcedAt = :forcedAt, #settledAt = :settledAt' }
    let looks = 0
    const watching: Table = {
      ...table,
      read: async (keys) => {
        looks++
        // The fourth look finds that the fetch is over.
        if (looks === 1 + settles)
          await table.change(stateKey, { ...fetching, values: { forcedAt: at(0), settledAt: at(0) } })
        return table.read(keys)
      },
    }
    let settles = 4
    for (const [after, expected] of [
      [4, 5],
      [99, 21],
    ] as const) {
      await table.change(stateKey, { ...fetching, values: { forcedAt: at(0), settledAt: at(-1) } })
      looks = 0
      settles = after
      const began = performance.now()
      const late = setTimeout(5000, { outcome: 'still waiting' }, { ref: false })
      const { outcome } = await Promise.race([refresh(true, watching), late])
      deepEqual([outcome, looks], ['busy', expected])
      ok(performance.now() - began > (expected - 2) * 99)
    }
  })
})
