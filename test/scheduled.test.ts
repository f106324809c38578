import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { Problem } from '../lib/problem.ts'
import { scheduled, timeFor } from '../lib/refresh/scheduled.ts'
import { organisationKey } from '../lib/store/keys.ts'
import { each } from './support/each.ts'
import { context, openGateway } from './support/gateway.ts'
import { refreshRun } from './support/refresh-run.ts'

const gateway = await openGateway()
const { clock, control, health, instance, open, refresh, stored, token } = gateway

/** The log line of a scheduled run, and the outcome that it returns. */
const lineOf = async (run: Parameters<typeof scheduled>[0], settings = {}, healthy?: boolean) => {
  const { outcome } = await scheduled(run, instance(settings), async () => healthy)({}, context)
  return { outcome, ...gateway.logs.at(-1) } as Record<string, unknown> & { frames?: readonly string[] }
}

each('A run ends eight seconds before the timeout of Lambda, or after half of a short time', [
  [60_000, 52_000],
  [16_000, 8000],
  [1600, 800],
  // A timer takes no fractions.
  [1599, 799],
])(([remaining, own]) => equal(timeFor(remaining), own))

describe('The log line of a run', () => {
  each('has the reason of an unexpected error, and stack frames of a programming error', [
    [new Problem('table_unavailable', 'gone'), 'table_unavailable: Problem table_unavailable < gone', false],
    [new TypeError('canary'), 'internal: TypeError', true],
  ])(async ([error, reason, isDefect]) => {
    const line = await lineOf(() => Promise.reject(error))
    const { outcome, level, code, reason: told, RefreshFailed, RefreshSucceeded, InGrace, frames = [] } = line
    deepEqual([outcome, level, code, told], ['failed', 'warn', 'failed', reason])
    deepEqual([RefreshFailed, RefreshSucceeded, InGrace, frames.length > 0], [1, 0, undefined, isDefect])
  })

  it('has no metrics when another run is in progress', async () => {
    const { outcome, code, level, kept, _aws, ms } = await lineOf(async () => ({ outcome: 'busy' }))
    ok(Number(ms) < performance.now() / 2)
    deepEqual([outcome, code, level, kept, _aws], ['busy', 'busy', 'info', undefined, undefined])
  })

  it('names at most ten organisations that were kept back, and counts all of them', async () => {
    const all = Array.from({ length: 11 }, (_, n) => ({ name: `${n}`, reason: 'odd' }))
    const { kept, level, OrganisationsKeptBack } = await lineOf(async () => ({
      outcome: 'changed',
      kept: all,
    }))
    deepEqual([kept, level], [all.slice(0, 10).map(({ name }) => `${name}: odd`), 'warn'])
    equal(OrganisationsKeptBack, 11)
  })

  each('counts a success, the health of the public address, and whether LOGIN_BINDING is off', [
    [true, {}, 1, undefined],
    [false, {}, 0, undefined],
    [undefined, { LOGIN_BINDING: 'off' }, undefined, 1],
  ])(async ([healthy, settings, publicHealth, unbound]) => {
    const line = await lineOf(() => refresh(), settings, healthy)
    const { outcome, level, RefreshFailed, RefreshSucceeded, InGrace, ListShrunk } = line
    deepEqual([outcome, level], ['unchanged', 'info'])
    deepEqual([RefreshFailed, RefreshSucceeded, InGrace, ListShrunk], [0, 1, 0, 0])
    deepEqual([line.PublicHealth, line.LoginUnbound], [publicHealth, unbound])
  })

  each('has the reason of a failed refresh and the age of the state', [
    [{ do: 'fail' }, /^key set: status 500$/],
    [{ do: 'malformed-jwks', as: 'symmetric' }, /^key set: \w+/],
  ])(async ([command, why]) => {
    await control(command)
    const { outcome, level, route, code, reason, frames, ...counts } = await lineOf(() => refresh())
    await control({ do: 'up' })
    deepEqual([outcome, level, route, code, frames], ['failed', 'warn', 'refresh-state', 'failed', undefined])
    match(String(reason), why)
    deepEqual([counts.InGrace, counts.RefreshFailed, counts.RefreshSucceeded], [1, 1, 0])
    ok(Number(counts.StateAge) < 5)
  })

  it('has stack frames of a programming error even when the refresh stores the failure itself', async () => {
    const broken = { ...gateway.table, put: () => Promise.reject(new TypeError('canary')) }
    await control({ do: 'organisation', org: 'second', set: { blocked: true } })
    const { reason, frames } = await lineOf(() => refresh(false, broken))
    equal(reason, 'TypeError')
    match(frames?.[0] ?? '', /^scheduled\.test\.ts:\d+:\d+$/)
    ok(!gateway.lines.at(-1)?.includes('canary'))
  })
})

describe('A run on organisations that are missing or cannot be read', () => {
  before(async () => {
    await control({ do: 'reset' })
    await refresh()
  })

  /** Makes the stand-in list its own three organisations and `count` others. */
  const list = (count: number) => {
    const names = ['demo', 'second', 'closed', ...Array.from({ length: count }, (_, n) => `org-${n}`)]
    const rows = names.map((name) => ({ id: name, name }))
    return control({ do: 'answer', list: 'organizations.list', rows })
  }

  it('reports an organisation that keeps its last good data, and writes only blocks without keys', async () => {
    await control({ do: 'answer', list: 'units.list', org: 'demo', status: 500 })
    const { outcome, line } = await refreshRun(gateway)
    const { level, kept, OrganisationsKeptBack, RefreshFailed, InGrace } = line
    deepEqual([outcome, level, kept], ['unchanged', 'warn', ['demo: units.list: status 500']])
    deepEqual([OrganisationsKeptBack, RefreshFailed, InGrace], [1, 0, 0])

    await control({ do: 'malformed-jwks', as: 'symmetric' })
    await control({ do: 'organisation', org: 'demo', set: { blocked: true } })
    await control({
      do: 'organisation',
      org: 'second',
      set: { whitelistCallbackUrls: '["new.example.test"]' },
    })
    const before = await stored(organisationKey('second'))
    equal((await refreshRun(gateway)).outcome, 'failed')
    deepEqual(await stored(organisationKey('second')), before)
    const bearer = await token()
    equal((await (await open('token-is-set'))({ bearer })).statusCode, 401)
  })

  it('shows grace after a shrunken list, renews the state, and emits ListShrunk for the alarm', async () => {
    await control({ do: 'up' })
    await list(6)
    await refreshRun(gateway)
    await list(2)
    clock.ahead = 60
    const { outcome, line } = await refreshRun(gateway)
    const { level, reason, ListShrunk, InGrace, RefreshFailed } = line
    deepEqual([outcome, level], ['unchanged', 'warn'])
    equal(reason, 'organizations.list: 4 of 9 organisations are missing')
    deepEqual([ListShrunk, InGrace, RefreshFailed], [1, 1, 0])
    const { inGrace, stateAge } = await health({ accept: 'application/health+json' })
    deepEqual([inGrace, stateAge < 5], [true, true])
  })
})
