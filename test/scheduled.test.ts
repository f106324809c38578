import { deepEqual, ok } from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { Problem } from '../lib/problem.ts'
import { scheduled } from '../lib/refresh/scheduled.ts'
import { context, openGateway } from './support/gateway.ts'

const gateway = await openGateway()
const { control, refresh } = gateway

beforeEach(async () => {
  await control({ do: 'up' })
  await control({ do: 'reset' })
  await refresh()
})

describe('A run of refresh-state', () => {
  it('says in its line what nobody foresaw', async () => {
    for (const [error, reason] of [
      [new Problem('table_unavailable', 'gone'), 'table_unavailable: Problem table_unavailable < gone'],
      [new TypeError('canary'), 'internal: TypeError'],
    ] as const) {
      const run = scheduled('refresh-state', () => Promise.reject(error), gateway.instance())
      deepEqual(await run({}, context), { outcome: 'failed' })
      const {
        level,
        code,
        reason: told,
        RefreshFailed,
        RefreshSucceeded,
        InGrace,
      } = gateway.logs.at(-1) ?? {}
      deepEqual(
        [level, code, told, RefreshFailed, RefreshSucceeded, InGrace],
        ['warn', 'failed', reason, 1, 0, undefined],
      )
    }
  })

  it('counts nothing when another run is at work', async () => {
    const run = scheduled('refresh-state', async () => ({ outcome: 'busy' }) as const, gateway.instance())
    deepEqual(await run({}, context), { outcome: 'busy' })
    ok(Number(gateway.logs.at(-1)?.ms) < 60_000)
    deepEqual([gateway.logs.at(-1)?.code, gateway.logs.at(-1)?._aws], ['busy', undefined])
  })

  it('counts a success', async () => {
    const run = scheduled('refresh-state', () => refresh(), gateway.instance())
    deepEqual(await run({}, context), { outcome: 'unchanged' })
    const { level, RefreshFailed, RefreshSucceeded, InGrace } = gateway.logs.at(-1) ?? {}
    deepEqual([level, RefreshFailed, RefreshSucceeded, InGrace], ['info', 0, 1, 0])
  })

  it('leaves one log line that says how it ended, how old the state is and why', async () => {
    await control({ do: 'fail' })
    const run = scheduled('refresh-state', () => refresh(), gateway.instance())
    deepEqual(await run({}, context), { outcome: 'failed' })
    const { level, route, code, reason, InGrace, RefreshFailed, RefreshSucceeded, StateAge } =
      gateway.logs.at(-1) ?? {}
    deepEqual(
      { level, route, code, reason, InGrace, RefreshFailed, RefreshSucceeded, young: Number(StateAge) < 5 },
      {
        level: 'warn',
        route: 'refresh-state',
        code: 'failed',
        reason: 'key set: status 500',
        InGrace: 1,
        RefreshFailed: 1,
        RefreshSucceeded: 0,
        young: true,
      },
    )
  })
})
