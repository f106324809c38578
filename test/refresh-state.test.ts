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
    const headers = { 'content-type': 'application/json' }
    await call('unit', { bearer: raw, body: '{"unit":"south"}', headers })
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
    notEqual(inherited.length, 0)
    for (const permission of inherited.flat()) match(permission, /^[^:]+:[^:]+$/)
  })

  const odd = 'html empty not-json no-keys duplicate-kid symmetric private huge redirect'.split(' ')
  each('lives on the last good state while the identity service is down or makes no sense', [
    { do: 'down' },
    { do: 'fail' },
    { do: 'organisations', list: 'empty' },
    ...odd.map((as) => ({ do: 'malformed-jwks', as })),
  ])(async (command) => {
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
    const there = async () => [...(await once.table.read(keys)).keys()]
    const alone = () => once.refresh(false, once.table, { ADMIN_API_URL: '', ACCESS_TOKEN_URL: '' })
    const block = async (blocked: boolean) => {
      await once.control({ do: 'organisation', org: 'second', set: { blocked } })
      await once.control({ do: 'subject', user: 'chief', set: { blocked } })
      await once.refresh()
    }
    await block(true)
    const bearers = await Promise.all(['editor', 'chief', 'guest'].map((user) => once.token({}, { user })))
    // An instance that read the state a moment before it forgot the organisations.
    const poll = await once.open('token-is-set')
    const standing = async (ask = poll) =>
      Promise.all(bearers.map(async (bearer) => (await ask({ bearer })).statusCode))
    deepEqual(await standing(), [200, 401, 401])

    for (const [at, outcome] of [
      [0, 'changed'],
      [60, 'unchanged'],
      [120, 'unchanged'],
    ] as const) {
      once.clock.ahead = at
      equal((await alone()).outcome, outcome)
      deepEqual([await standing(), (await there()).length], [[200, 401, 401], 4], `after ${at} s`)
    }
    once.clock.ahead = 180
    const { outcome, state, kept } = await alone()
    deepEqual(
      [outcome, kept, await there()],
      ['unchanged', [], [organisationKey('second')]],
      'its block stays',
    )
    deepEqual(await standing(await once.open('token-is-set')), [200, 401, 401])
    equal((await once.stored(stateKey))?.checksum?.S, state?.checksum)
    equal((await (await once.open('login'))({ query: 'org=newcomer&callback=/' })).statusCode, 302)

    await block(false)
    deepEqual([await standing(await once.open('token-is-set')), (await there()).length], [[200, 200, 200], 4])
  })

  it('lets one of many runs do the work', async () => {
    const runs = await Promise.all(Array.from({ length: 5 }, () => refresh()))
    const outcomes = runs.map(({ outcome }) => outcome).sort()
    equal(outcomes.join(), 'busy,busy,busy,busy,unchanged')
  })

  it('works again after a run that never ended', async () => {
    const values = { until: { N: String(gateway.now() + 55) } }
    await table.change(stateKey, { set: 'SET leasedUntil = :until', values })
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
    for (const sub of ['second_ffffffff-5eed-4000-8000-000000000004', 'guest'])
      equal((await stored(subjectKey('second', sub)))?.blocked, undefined)
    await control({ do: 'answer' })
    await refresh()
    notEqual(await stored(organisationKey('second')), undefined)
  })

  it('holds keys alone without an Admin API, and takes return URLs from the settings', async () => {
    const tools = 'https://tools.example.org'
    const alone = await openGateway({ ADMIN_API_URL: '', ALLOWED_CALLBACK_ORIGINS: tools })
    deepEqual([...(await alone.table.read([stateKey, organisationKey('demo')])).keys()], [stateKey])
    for (const [status, query] of [
      [302, `org=anything&callback=${tools}/`],
      [400, 'org=demo&callback=https://app.example.test/'],
    ] as const)
      equal((await alone.call('login', { query })).statusCode, status)
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
    const other = () => {
      const values = { v: { N: String(++version) } }
      return table.change(stateKey, { set: 'SET version = :v REMOVE leasedUntil, forcedAt', values })
    }
    equal((await refresh(false, faster(other))).outcome, 'busy', 'nothing had changed')
    await control({ do: 'rotate' })
    for (const keysAlone of [false, true]) {
      await other()
      equal((await refresh(keysAlone, faster(other))).outcome, 'busy', 'the keys had changed')
    }
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
