import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { Problem } from '../lib/problem.ts'
import { scheduled, timeFor } from '../lib/refresh/scheduled.ts'
import { each } from './support/each.ts'
import { context, openGateway } from './support/gateway.ts'

const gateway = await openGateway()
const { control, refresh, instance } = gateway

beforeEach(async () => {
  await control({ do: 'up' })
  await control({ do: 'reset' })
  await refresh()
})

/** A run as the schedule starts it: its outcome, and the line that it leaves. */
const lineOf = async (...how: Parameters<typeof scheduled>) => {
  const { outcome } = await scheduled(...how)({}, context)
  return { outcome, ...gateway.logs.at(-1) } as Record<string, unknown> & { frames?: readonly string[] }
}

describe('A run of refresh-state', () => {
  each('says in its line what nobody foresaw, and where when it is a defect', [
    [new Problem('table_unavailable', 'gone'), 'table_unavailable: Problem table_unavailable < gone', false],
    [new TypeError('canary'), 'internal: TypeError', true],
  ])(async ([error, reason, isDefect]) => {
    const line = await lineOf(() => Promise.reject(error), instance())
    const { outcome, level, code, reason: told, RefreshFailed, RefreshSucceeded, InGrace, frames = [] } = line
    deepEqual([outcome, level, code, told], ['failed', 'warn', 'failed', reason])
    deepEqual([RefreshFailed, RefreshSucceeded, InGrace, frames.length > 0], [1, 0, undefined, isDefect])
  })

  it('counts nothing when another run is at work', async () => {
    const line = await lineOf(async () => ({ outcome: 'busy' }), instance())
    const { outcome, code, level, kept, _aws, ms } = line
    ok(Number(ms) < 60_000)
    deepEqual([outcome, code, level, kept, _aws], ['busy', 'busy', 'info', undefined, undefined])
  })

  it('names ten of the organisations that were kept back, and counts all', async () => {
    const all = Array.from({ length: 11 }, (_, n) => ({ name: `${n}`, reason: 'odd' }))
    const { kept, level, OrganisationsKeptBack } = await lineOf(
      async () => ({ outcome: 'changed', kept: all }),
      instance(),
    )
    deepEqual([kept, level], [all.slice(0, 10).map(({ name }) => `${name}: odd`), 'warn'])
    equal(OrganisationsKeptBack, 11)
  })

  it('says that the key set is wrong, and how', async () => {
    await control({ do: 'malformed-jwks', as: 'symmetric' })
    const { outcome, reason, frames } = await lineOf(() => refresh(), instance())
    deepEqual([outcome, frames], ['failed', undefined])
    match(String(reason), /^key set: \w+/)
  })

  each('ends itself eight seconds before Lambda would, or at half of its time', [
    [60_000, 52_000],
    [16_000, 8000],
    [1600, 800],
  ])(([remaining, own]) => equal(timeFor(remaining), own))

  it('counts a success', async () => {
    const { outcome, level, RefreshFailed, RefreshSucceeded, InGrace, ListShrunk } = await lineOf(
      () => refresh(),
      instance(),
    )
    deepEqual([outcome, level], ['unchanged', 'info'])
    deepEqual([RefreshFailed, RefreshSucceeded, InGrace, ListShrunk], [0, 1, 0, 0])
  })

  it('leaves one log line that says how it ended, how old the state is and why', async () => {
    await control({ do: 'fail' })
    const { outcome, level, route, code, reason, frames, StateAge, ...counts } = await lineOf(
      () => refresh(),
      instance(),
    )
    deepEqual(
      [outcome, level, route, code, reason, frames],
      [...['failed', 'warn', 'refresh-state', 'failed'], 'key set: status 500', undefined],
    )
    deepEqual([counts.InGrace, counts.RefreshFailed, counts.RefreshSucceeded], [1, 1, 0])
    ok(Number(StateAge) < 5)
  })

  it('says where a defect of ours is, also when the refresh itself notes the failure', async () => {
    const broken = { ...gateway.table, put: () => Promise.reject(new TypeError('canary')) }
    await control({ do: 'organisation', org: 'second', set: { blocked: true } })
    const { reason, frames } = await lineOf(() => refresh(false, broken), instance())
    equal(reason, 'TypeError')
    match(frames?.[0] ?? '', /^scheduled\.test\.ts:\d+:\d+$/)
    ok(!gateway.lines.at(-1)?.includes('canary'))
  })

  each('reports what the public address answers beside it, and whether logins are unbound', [
    [true, {}, 1, undefined],
    [false, {}, 0, undefined],
    [undefined, { LOGIN_BINDING: 'off' }, undefined, 1],
  ])(async ([healthy, settings, publicHealth, unbound]) => {
    const line = await lineOf(
      () => refresh(),
      instance(settings),
      async () => healthy,
    )
    const { outcome, PublicHealth, LoginUnbound } = line
    deepEqual([outcome, PublicHealth, LoginUnbound], ['unchanged', publicHealth, unbound])
  })
})
