import { deepEqual, equal, match, ok } from 'node:assert/strict'
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
      const run = scheduled(() => Promise.reject(error), gateway.instance())
      deepEqual(await run({}, context), { outcome: 'failed' })
      const {
        level,
        code,
        reason: told,
        frames = [],
        RefreshFailed,
        RefreshSucceeded,
        InGrace,
      } = gateway.logs.at(-1) ?? {}
      deepEqual([...(frames as string[])].length > 0, error instanceof TypeError)
      deepEqual(
        [level, code, told, RefreshFailed, RefreshSucceeded, InGrace],
        ['warn', 'failed', reason, 1, 0, undefined],
      )
    }
  })

  it('counts nothing when another run is at work', async () => {
    const run = scheduled(async () => ({ outcome: 'busy' }) as const, gateway.instance())
    deepEqual(await run({}, context), { outcome: 'busy' })
    ok(Number(gateway.logs.at(-1)?.ms) < 60_000)
    deepEqual([gateway.logs.at(-1)?.code, gateway.logs.at(-1)?._aws], ['busy', undefined])
  })

  it('counts a success', async () => {
    const run = scheduled(() => refresh(), gateway.instance())
    deepEqual(await run({}, context), { outcome: 'unchanged' })
    const { level, RefreshFailed, RefreshSucceeded, InGrace } = gateway.logs.at(-1) ?? {}
    deepEqual([level, RefreshFailed, RefreshSucceeded, InGrace], ['info', 0, 1, 0])
  })

  it('leaves one log line that says how it ended, how old the state is and why', async () => {
    await control({ do: 'fail' })
    const run = scheduled(() => refresh(), gateway.instance())
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

  it('says where a defect of ours is, also when the refresh itself notes the failure', async () => {
    const broken = { ...gateway.table, put: () => Promise.reject(new TypeError('canary')) }
    await control({ do: 'organisation', org: 'second', set: { blocked: true } })
    const run = scheduled(() => refresh(false, broken), gateway.instance())
    await run({}, context)
    const { reason, frames } = gateway.logs.at(-1) ?? {}
    equal(reason, 'TypeError')
    match(String((frames as string[])[0]), /^scheduled\.test\.ts:\d+:\d+$/)
    ok(!gateway.lines.at(-1)?.includes('canary'))
  })

  it('reports what the public address answers beside it, and whether logins are unbound', async () => {
    for (const [healthy, settings, expected] of [
      [true, {}, { PublicHealth: 1, LoginUnbound: undefined }],
      [false, {}, { PublicHealth: 0, LoginUnbound: undefined }],
      [undefined, { LOGIN_BINDING: 'off' }, { PublicHealth: undefined, LoginUnbound: 1 }],
    ] as const) {
      const on = gateway.instance(settings)
      const run = scheduled(
        () => refresh(),
        on,
        async () => healthy,
      )
      deepEqual(await run({}, context), { outcome: 'unchanged' })
      const { PublicHealth, LoginUnbound } = gateway.logs.at(-1) ?? {}
      deepEqual({ PublicHealth, LoginUnbound }, expected)
    }
  })
})
