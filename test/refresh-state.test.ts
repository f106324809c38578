import { deepEqual, equal, match, notEqual } from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { Problem } from '../lib/problem.ts'
import type { Directory } from '../lib/session/directory.ts'
import { directoryKey, organisationKey, stateKey, subjectKey } from '../lib/store/keys.ts'
import type { Table } from '../lib/store/table.ts'
import { each } from './support/each.ts'
import { openGateway } from './support/gateway.ts'

const gateway = await openGateway()
const { call, open, control, refresh, table, token, clock, health, stored } = gateway

beforeEach(async () => {
  clock.ahead = 0
  await control({ do: 'up' })
  await control({ do: 'reset' })
  await refresh()
})

describe('refresh-state', () => {
  it('keeps its checksum while nothing changes, in whatever order it comes', async () => {
    const before = await health()
    equal((await refresh()).outcome, 'unchanged')
    match(before.stateChecksum, /^[0-9a-f]{64}$/)
    deepEqual(await health(), before)
  })

  it('changes its checksum with its content, and back', async () => {
    const before = await health()
    await control({ do: 'mapping', add: { org: 'second', group: 'x', unit: 'east' } })
    equal((await refresh()).outcome, 'changed')
    notEqual((await health()).stateChecksum, before.stateChecksum)
    await control({ do: 'mapping', remove: { org: 'second', group: 'x', unit: 'east' } })
    await refresh()
    equal((await health()).stateChecksum, before.stateChecksum)
  })

  it('writes only the organisations that changed', async () => {
    const [demo, second] = [await stored(organisationKey('demo')), await stored(organisationKey('second'))]
    await control({ do: 'organisation', org: 'second', set: { blocked: true } })
    await refresh()
    deepEqual(await stored(organisationKey('demo')), demo)
    notEqual((await stored(organisationKey('second')))?.version?.N, second?.version?.N)
  })

  it('keeps the preference of a subject that is blocked and unblocked', async () => {
    const raw = await token()
    await call('unit', {
      bearer: raw,
      body: '{"unit":"south"}',
      headers: { 'content-type': 'application/json' },
    })
    for (const blocked of [true, false]) {
      await control({ do: 'subject', user: 'editor', set: { blocked } })
      await refresh()
    }
    equal(JSON.parse((await call('units', { bearer: raw })).body ?? '').preferred, 'south')
  })

  it('resolves roles through their parents, for whoever asks the directory for permissions later', async () => {
    const { readLargeItem } = await import('../lib/store/large-item.ts')
    const key = directoryKey('demo')
    const document = await readLargeItem(table, await table.read([key]), key)
    const { roles, mappings } = (document?.value ?? {}) as Directory
    deepEqual(Object.keys(roles).sort(), [...new Set(mappings.map(({ role }) => role))].sort())
    const inherited = Object.values(roles).filter((permissions) => permissions.length > 1)
    equal(inherited.length > 0, true)
    for (const permission of inherited.flat()) match(permission, /^[^:]+:[^:]+$/)
  })

  each('lives on the last good state while the identity service is down or makes no sense', [
    ['is down', { do: 'down' }],
    ['answers 500', { do: 'fail' }],
    ['lists no organisation', { do: 'organisations', list: 'empty' }],
    ...[
      'html',
      'empty',
      'not-json',
      'no-keys',
      'duplicate-kid',
      'symmetric',
      'private',
      'huge',
      'redirect',
    ].map((as) => [`serves a key set that is ${as}`, { do: 'malformed-jwks', as }] as const),
  ])(async ([, command]) => {
    const before = await health()
    const raw = await token()
    await control(command)
    equal((await refresh()).outcome, 'failed')
    deepEqual(await health(), { ...before, inGrace: true })
    equal((await (await open('token-is-set'))({ bearer: raw })).statusCode, 200)

    await control({ do: 'up' })
    await control({ do: 'organisations', list: 'normal' })
    equal((await refresh()).outcome, 'unchanged')
    deepEqual(await health(), before)
  })

  it('is in grace when the table does not take what is new, and takes it up again', async () => {
    const before = await health()
    await control({ do: 'organisation', org: 'second', set: { blocked: true } })
    const key = organisationKey('second')
    const broken: Table = {
      ...table,
      change: (at, ...call) =>
        at === key ? Promise.reject(new Problem('table_unavailable')) : table.change(at, ...call),
    }
    const { outcome, reason } = await refresh(false, broken)
    deepEqual([outcome, reason], ['failed', 'Problem table_unavailable'])
    deepEqual(await health(), { ...before, inGrace: true })

    await control({ do: 'organisation', org: 'second', set: { blocked: false } })
    equal((await refresh()).outcome, 'unchanged')
    deepEqual(await health(), before)
    equal((await stored(key))?.blocked?.BOOL, false)
  })

  it('stays in grace, as old as it is, when newer keys were fetched for want of one', async () => {
    const older = { accept: 'application/health+json' }
    await control({ do: 'organisations', list: 'empty' })
    clock.ahead = 100
    equal((await refresh()).outcome, 'failed')
    const before = await health(older)
    deepEqual([before.status, before.inGrace, before.stateAge >= 100], ['warn', true, true])

    await control({ do: 'rotate' })
    equal((await refresh(true)).outcome, 'changed')
    const after = await health(older)
    notEqual(after.stateChecksum, before.stateChecksum)
    deepEqual([after.status, after.inGrace, after.stateAge >= before.stateAge], ['warn', true, true])
    await control({ do: 'organisations', list: 'normal' })
  })

  it('forgets the organisations when there is no Admin API any more, and removes them when nobody reads them', async () => {
    const once = await openGateway()
    const keys = ['demo', 'second'].flatMap((org) => [organisationKey(org), directoryKey(org)])
    const there = async () => [...(await once.table.read(keys)).keys()].sort()
    const alone = () => once.refresh(false, once.table, { ADMIN_API_URL: '', ACCESS_TOKEN_URL: '' })
    await once.control({ do: 'organisation', org: 'second', set: { blocked: true } })
    await once.control({ do: 'subject', user: 'chief', set: { blocked: true } })
    await once.refresh()
    const bearers = await Promise.all(['editor', 'chief', 'guest'].map((user) => once.token({}, { user })))
    // An instance that read the state a moment before it forgot the organisations.
    const poll = await once.open('token-is-set')
    const standing = async (ask = poll) =>
      Promise.all(bearers.map(async (bearer) => (await ask({ bearer })).statusCode))
    deepEqual(await standing(), [200, 401, 401])

    const outcomes: string[] = []
    for (const at of [0, 60, 120]) {
      once.clock.ahead = at
      outcomes.push((await alone()).outcome)
      deepEqual([await standing(), (await there()).length], [[200, 401, 401], 4], `after ${at} s`)
    }
    once.clock.ahead = 180
    const { outcome, state } = await alone()
    deepEqual([...outcomes, outcome], ['changed', 'unchanged', 'unchanged', 'unchanged'])
    deepEqual(await there(), [organisationKey('second')], 'its block stays')
    deepEqual(await standing(await once.open('token-is-set')), [200, 401, 401])
    equal((await once.table.read([stateKey])).get(stateKey)?.checksum?.S, state?.checksum)
    const newcomer = { query: 'org=newcomer&callback=/' }
    equal((await (await once.open('login'))(newcomer)).statusCode, 302)

    await once.control({ do: 'organisation', org: 'second', set: { blocked: false } })
    await once.control({ do: 'subject', user: 'chief', set: { blocked: false } })
    await once.refresh()
    deepEqual([await standing(await once.open('token-is-set')), (await there()).length], [[200, 200, 200], 4])
  })

  it('lets one of many runs do the work', async () => {
    const outcomes = (await Promise.all(Array.from({ length: 5 }, () => refresh()))).map(
      ({ outcome }) => outcome,
    )
    deepEqual(outcomes.sort(), ['busy', 'busy', 'busy', 'busy', 'unchanged'])
  })

  it('works again after a run that never ended', async () => {
    await table.change(stateKey, {
      set: 'SET leasedUntil = :until',
      values: { until: { N: String(gateway.now() + 55) } },
    })
    equal((await refresh()).outcome, 'busy')
    clock.ahead = 56
    equal((await refresh()).outcome, 'unchanged')
  })

  it('never puts an older state over a newer one', async () => {
    const { stateWriter } = await import('../lib/refresh/state-writer.ts')
    const { statesOf } = await import('../lib/state/state.ts')
    const writer = stateWriter(table)
    const old = statesOf({ gracePeriod: 3600 }).from(await table.read([stateKey]), gateway.now())
    await control({ do: 'rotate' })
    await refresh()
    const newer = await stored(stateKey)
    equal(
      await writer.keep(old, { version: 1, keys: [], keysAt: 1, organisations: undefined }, gateway.now()),
      false,
    )
    deepEqual(await stored(stateKey), newer)
  })

  it('forgets an organisation that is gone, and frees its subjects', async () => {
    await control({ do: 'subject', user: 'guest', set: { blocked: true } })
    await refresh()
    await control({ do: 'answer', list: 'organizations.list', rows: [{ id: 'x', name: 'demo' }] })
    await refresh()
    deepEqual(
      [await stored(organisationKey('second')), await stored(directoryKey('second'))],
      [undefined, undefined],
    )
    const keys = ['second_ffffffff-5eed-4000-8000-000000000004', 'guest'].map((sub) =>
      subjectKey('second', sub),
    )
    deepEqual(
      (await Promise.all(keys.map(stored))).filter((item) => item?.blocked !== undefined),
      [],
    )
    await control({ do: 'answer' })
    await refresh()
    notEqual(await stored(organisationKey('second')), undefined)
  })

  it('holds keys alone without an Admin API, and takes return URLs from the settings', async () => {
    const alone = await openGateway({
      ADMIN_API_URL: '',
      ALLOWED_CALLBACK_ORIGINS: 'https://tools.example.org',
    })
    deepEqual([...(await alone.table.read([stateKey, organisationKey('demo')])).keys()], [stateKey])
    equal(
      (await alone.call('login', { query: 'org=anything&callback=https%3A%2F%2Ftools.example.org%2F' }))
        .statusCode,
      302,
    )
    equal(
      (await alone.call('login', { query: 'org=demo&callback=https%3A%2F%2Fapp.example.test%2F' }))
        .statusCode,
      400,
    )
    equal((await alone.call('token-is-set', { bearer: await alone.token() })).statusCode, 200)
  })

  it('leaves a state to whoever was faster', async () => {
    const faster = (change: () => Promise<unknown>): Table => ({
      ...table,
      change: async (key, what) => {
        // Between the claim and the last write somebody else writes a version of their own.
        if (key === stateKey && !what.set.includes('#leasedUntil =')) await change()
        return table.change(key, what)
      },
    })
    let version = Date.now() + 1000
    const other = () =>
      table.change(stateKey, {
        set: 'SET version = :v REMOVE leasedUntil, forcedAt',
        values: { v: { N: String(++version) } },
      })
    equal((await refresh(false, faster(other))).outcome, 'busy', 'nothing had changed')
    await control({ do: 'rotate' })
    await other()
    equal((await refresh(false, faster(other))).outcome, 'busy', 'the keys had changed')
    await other()
    equal(
      (await refresh(true, faster(other))).outcome,
      'busy',
      'the keys had changed, and were asked for alone',
    )
    await other()
    equal((await refresh()).outcome, 'changed')
  })

  it('never gives a version that is not above the one before, whatever the clock says', async () => {
    const version = async () => Number((await stored(stateKey))?.version?.N)
    const ahead = Date.now() + 1_000_000
    await table.change(stateKey, { set: 'SET version = :v', values: { v: { N: String(ahead) } } })
    await control({ do: 'rotate' })
    equal((await refresh()).outcome, 'changed')
    equal(await version(), ahead + 1)
  })
})
