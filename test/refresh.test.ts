import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { directoryKey, organisationKey, stateKey } from '../lib/store/keys.ts'
import type { Table } from '../lib/store/table.ts'
import { each } from './support/each.ts'
import { openGateway, openTable } from './support/gateway.ts'
import { refreshRun } from './support/refresh-run.ts'

const gateway = await openGateway()
const { open, control, refresh, table, token, clock, now, health, stored } = gateway

const stateVersion = async () => Number((await stored(stateKey))?.version?.N)

const keySetRequests = async () => {
  const { requests } = await control({ do: 'count' })
  return (requests as Record<string, number>)['/v1/jwks'] ?? 0
}

beforeEach(async () => {
  clock.ahead = 0
  await control({ do: 'up' })
  await control({ do: 'reset' })
  await refresh()
})

describe('A refresh', () => {
  it('changes the checksum when the content changes, and restores it with the content', async () => {
    const before = await health()
    match(before.stateChecksum, /^[0-9a-f]{64}$/)
    equal((await refresh()).outcome, 'unchanged')
    deepEqual(await health(), before)
    const mapping = { org: 'second', group: 'x', unit: 'east' }
    await control({ do: 'mapping', add: mapping })
    equal((await refresh()).outcome, 'changed')
    notEqual((await health()).stateChecksum, before.stateChecksum)
    await control({ do: 'mapping', remove: mapping })
    await refresh()
    deepEqual(await health(), before)
  })

  // Other key sets that are refused: `key-set`. Other answers: `upstream`.
  each('keeps the last good state, in grace, while the identity service is down or answers nonsense', [
    { do: 'down' },
    { do: 'answer', list: 'organizations.list' },
    { do: 'malformed-jwks', as: 'duplicate-kid' },
  ])(async (command) => {
    const before = await health()
    const raw = await token()
    await control(command)
    equal((await refresh()).outcome, 'failed')
    deepEqual(await health(), { ...before, inGrace: true })
    equal((await (await open('token-is-set'))({ bearer: raw })).statusCode, 200)

    await control({ do: 'up' })
    await control({ do: 'answer' })
    equal((await refresh()).outcome, 'unchanged')
    deepEqual(await health(), before)
  })

  it('succeeds even when the state cannot be read for its report', async () => {
    let reads = 0
    const read: Table['read'] = (keys) =>
      keys.includes(stateKey) && reads++ > 0 ? Promise.reject(new Error('gone')) : table.read(keys)
    const { outcome, state } = await refresh(false, { ...table, read })
    deepEqual([outcome, state], ['unchanged', undefined])
    equal((await stored(stateKey))?.lastError, undefined)
  })

  it('stops before the timeout of Lambda, stores the reason and releases its lease', async () => {
    await control({ do: 'slow', ms: 4500 })
    const began = performance.now()
    const { outcome, line } = await refreshRun(gateway, { milliseconds: 1600 })
    ok(performance.now() - began < 4000)
    deepEqual([outcome, line.RefreshFailed, line.InGrace], ['failed', 1, 1])
    match(String(line.reason), /^out of time: /)
    equal((await stored(stateKey))?.lastError?.S, line.reason)
    await control({ do: 'up' })
    equal((await refresh()).outcome, 'unchanged')
  })

  each('dates the keys from before their fetch, as newer ones may be published during it', [
    [false, 'unchanged', 200],
    [false, 'changed', 200],
    [true, 'unchanged', 200],
    // The cooldown of forced refreshes has passed.
    [true, 'changed', 300],
  ])(async ([keysOnly, outcome, ahead]) => {
    clock.ahead = ahead
    if (outcome === 'changed') await control({ do: 'rotate' })
    await control({ do: 'slow', ms: 100 })
    const [began, before] = [now(), await keySetRequests()]
    const refreshing = refresh(keysOnly)
    while ((await keySetRequests()) === before) await setTimeout(5)
    clock.ahead += 30
    equal((await refreshing).outcome, outcome)
    const { keysAt } = (await stored(stateKey)) ?? {}
    ok(Number(keysAt?.N) - began < 30, `${keysAt?.N} ${began}`)
  })

  it('writes a version above the previous one, even when the clock is behind it', async () => {
    const ahead = Date.now() + 1_000_000
    await table.change(stateKey, { set: 'SET version = :v', values: { v: { N: String(ahead) } } })
    await control({ do: 'rotate' })
    equal((await refresh()).outcome, 'changed')
    equal(await stateVersion(), ahead + 1)
  })
})

describe('Concurrent refreshes', () => {
  it('are one that does the work and others that report busy', async () => {
    const runs = await Promise.all(Array.from({ length: 5 }, () => refresh()))
    const outcomes = runs.map(({ outcome }) => outcome).sort()
    equal(outcomes.join(), 'busy,busy,busy,busy,unchanged')
  })

  it('report busy when another run has written a newer version', async () => {
    let version = Date.now() + 1000
    const other = () => {
      const values = { v: { N: String(++version) } }
      return table.change(stateKey, { set: 'SET version = :v REMOVE leasedUntil, forcedAt', values })
    }
    const slower: Table = {
      ...table,
      change: async (key, what) => {
        // Between the lease and the last write another run writes its own version.
        if (key === stateKey && !what.set.includes('#leasedUntil =')) await other()
        return table.change(key, what)
      },
    }
    equal((await refresh(false, slower)).outcome, 'busy', 'nothing had changed')
    await control({ do: 'rotate' })
    for (const keysAlone of [false, true]) {
      await other()
      equal((await refresh(keysAlone, slower)).outcome, 'busy', 'the keys had changed')
    }
    await other()
    equal((await refresh()).outcome, 'changed')
  })

  it('recognise their own write when it is retried after a lost response', async () => {
    const change: Table['change'] = async (...write) => {
      await table.change(...write)
      return table.change(...write)
    }
    for (const keysAlone of [true, false]) {
      await control({ do: 'rotate' })
      equal((await refresh(keysAlone, { ...table, change })).outcome, 'changed')
    }
  })
})

describe('Without an Admin API', () => {
  const none = { ADMIN_API_URL: '', ACCESS_TOKEN_URL: '' }

  it('the state holds only keys, and the settings decide which return URLs are allowed', async () => {
    const tools = 'https://tools.example.org'
    const alone = await openGateway({ ...none, ALLOWED_CALLBACK_ORIGINS: tools })
    deepEqual([...(await alone.table.read([stateKey, organisationKey('demo')])).keys()], [stateKey])
    for (const [status, query] of [
      [302, `org=anything&callback=${tools}/`],
      [400, 'org=demo&callback=https://app.example.test/'],
    ] as const)
      equal((await alone.call('login', { query })).statusCode, status)
    equal((await alone.call('token-is-set', { bearer: await alone.token() })).statusCode, 200)
  })

  it('organisations are removed when no instance reads them any more, but blocks are kept', async () => {
    const once = await openGateway()
    const block = async (blocked: boolean) => {
      await once.control({ do: 'organisation', org: 'second', set: { blocked } })
      await once.control({ do: 'subject', user: 'chief', set: { blocked } })
      await once.refresh()
    }
    await block(true)
    const users = ['editor', 'chief', 'guest']
    const bearers = await Promise.all(users.map((user) => once.token({}, { user })))
    const keys = ['demo', 'second'].flatMap((org) => [organisationKey(org), directoryKey(org)]).sort()
    const seen = async (poll: Awaited<ReturnType<typeof open>>) => [
      await Promise.all(bearers.map(async (bearer) => (await poll({ bearer })).statusCode)),
      [...(await once.table.read(keys)).keys()].sort(),
    ]
    // An instance that read the state right before it forgot the organisations.
    const before = await once.open('token-is-set')
    deepEqual(await seen(before), [[200, 401, 401], keys])

    for (const [at, outcome] of [
      [0, 'changed'],
      [60, 'unchanged'],
      [120, 'unchanged'],
    ] as const) {
      once.clock.ahead = at
      equal((await once.refresh(false, once.table, none)).outcome, outcome)
      deepEqual(await seen(before), [[200, 401, 401], keys], `after ${at} s`)
    }
    once.clock.ahead = 180
    await once.control({ do: 'fail' })
    equal((await once.refresh(false, once.table, none)).outcome, 'failed')
    deepEqual((await seen(before))[1], keys, 'nothing is removed without keys')
    await once.control({ do: 'up' })
    const { outcome, kept } = await once.refresh(false, once.table, none)
    deepEqual([outcome, kept], ['unchanged', []])
    deepEqual(await seen(await once.open('token-is-set')), [[200, 401, 401], [organisationKey('second')]])
    equal((await (await once.open('login'))({ query: 'org=newcomer&callback=/' })).statusCode, 302)

    await block(false)
    deepEqual(await seen(await once.open('token-is-set')), [[200, 200, 200], keys])
  })
})

describe('A forced refresh of the keys', () => {
  it('requests the key set once, even when the response is an error', async () => {
    clock.ahead = 200
    await control({ do: 'fail' })
    const before = await keySetRequests()
    equal((await refreshRun(gateway, { forced: true })).outcome, 'failed')
    equal((await keySetRequests()) - before, 1)
    const { forcedAt, settledAt } = (await stored(stateKey)) ?? {}
    ok(Number(settledAt?.N) >= Number(forcedAt?.N), 'settled, so that no caller waits longer')
  })

  it('leaves an unchanged state alone, and replaces changed keys without renewing its age', async () => {
    const shown = async () => {
      const { version, lastSuccess, lastError } = (await stored(stateKey)) ?? {}
      return { version, lastSuccess, lastError }
    }
    await control({ do: 'answer', list: 'organizations.list' })
    equal((await refresh()).outcome, 'failed')
    const before = await shown()
    clock.ahead = 300
    const { outcome, state } = await refresh(true)
    deepEqual([outcome, state?.version], ['unchanged', Number(before.version?.N)])
    deepEqual(await shown(), before)
    ok(Number((await stored(stateKey))?.keysAt?.N) > now() - 60, 'but its keys were accepted again')

    clock.ahead = 400
    await control({ do: 'rotate' })
    equal((await refresh(true)).outcome, 'changed')
    deepEqual(await shown(), { ...before, version: { N: String(await stateVersion()) } })
    await control({ do: 'answer' })
  })

  it('loads the whole state when there is none yet', async (test) => {
    const { table: empty, close } = await openTable()
    test.after(close)
    const { outcome, state } = await refresh(true, empty)
    deepEqual([outcome, state?.organisations === undefined], ['changed', false])
  })

  each('waits up to two seconds for a fetch in progress in the same cooldown', [
    [4, 5],
    [99, 21],
  ])(async ([settledAfter, expected]) => {
    clock.ahead = 400
    const at = (seconds: number) => ({ N: String(now() + seconds) })
    const settle = (seconds: number) =>
      table.change(stateKey, {
        set: 'SET #forcedAt = :forcedAt, #settledAt = :settledAt',
        values: { forcedAt: at(0), settledAt: at(seconds) },
      })
    await settle(-1)
    let reads = 0
    const watching: Table = {
      ...table,
      read: async (keys) => {
        if (reads++ === settledAfter) await settle(0)
        return table.read(keys)
      },
    }
    const began = performance.now()
    const late = setTimeout(5000, { outcome: 'still waiting' }, { ref: false })
    const { outcome } = await Promise.race([refresh(true, watching), late])
    deepEqual([outcome, reads], ['busy', expected])
    ok(performance.now() - began > (expected - 2) * 99)
  })
})
