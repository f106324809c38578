import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { beforeEach, describe, it, type TestContext } from 'node:test'
import type { OrganisationSource } from '../lib/refresh/organisation-source.ts'
import { refreshOrganisations } from '../lib/refresh/refresh-organisations.ts'
import { UpstreamError } from '../lib/refresh/upstream.ts'
import { directoryKey, organisationKey, stateKey } from '../lib/store/keys.ts'
import type { Table } from '../lib/store/table.ts'
import { organisation, sourceOf, writeOrganisations } from './contract/given.ts'
import { each } from './support/each.ts'
import { openGateway, openTable } from './support/gateway.ts'
import { refreshRun } from './support/refresh-run.ts'

const gateway = await openGateway()
const { control, refresh, table, token, clock, health, stored } = gateway
const run = (how: Parameters<typeof refreshRun>[1] = {}) => refreshRun(gateway, how)

const reset = async () => {
  clock.ahead = 0
  await control({ do: 'up' })
  await control({ do: 'reset' })
  await control({ do: 'organisation', org: 'demo', set: { whitelistCallbackUrls: '["app.example.test"]' } })
  await refresh()
}
beforeEach(reset)

const emptyTable = async (test: TestContext): Promise<Table> => {
  const { table: empty, close } = await openTable()
  test.after(close)
  return empty
}
const named = (names: readonly string[]) => names.map((name) => organisation({ name }))
/** The status of a poll in a fresh instance, for each of these people. */
const statuses = async (...users: readonly string[]): Promise<number[]> => {
  const poll = await gateway.open('token-is-set')
  const tokens = await Promise.all(users.map((user) => token({}, { user })))
  return Promise.all(tokens.map(async (bearer) => (await poll({ bearer })).statusCode))
}
const manyDomains = (count: number) =>
  JSON.stringify(Array.from({ length: count }, (_, n) => `editor-${n}.example.com`))
const domains = (whitelistCallbackUrls: string) => ({
  do: 'organisation',
  org: 'demo',
  set: { whitelistCallbackUrls },
})
/** What a list of one organisation is answered with. */
const answer = (list: string, more: object, org = 'demo') => ({ do: 'answer', list, org, ...more })
const mapping = (org: string, unit: string) => ({ do: 'mapping', add: { org, group: 'x', unit } })

describe('An organisation whose data cannot be had or used', () => {
  each('keeps its last good data, is reported, and the rest goes on', [
    ['more than 200 domains', domains(manyDomains(28_000))],
    ['whitelistCallbackUrls: not a list in JSON', domains('example.com')],
    ['units.list: status 500', answer('units.list', { status: 500 })],
    ['units.list: not a list of objects', answer('units.list', { rows: { units: [] } })],
    ['more than 10000 units', answer('units.list', { rows: Array(10_001).fill({}) })],
    [
      'organizations.listGroupToRoleMappings: status 404',
      answer('organizations.listGroupToRoleMappings', { status: 404 }),
    ],
    ['subjects.list: status 500', answer('subjects.list', { status: 500 })],
  ])(async ([reason, command]) => {
    await reset()
    const keys = [directoryKey('demo'), organisationKey('demo')]
    const before = await table.read(keys)
    await control(command)
    await control(mapping('second', 'east'))
    const { outcome, line } = await run()
    const { level, kept, OrganisationsKeptBack, RefreshFailed, InGrace } = line
    deepEqual(
      [outcome, level, kept, OrganisationsKeptBack, RefreshFailed, InGrace],
      ['changed', 'warn', [`demo: ${reason}`], 1, 0, 0],
    )
    deepEqual(await table.read(keys), before)

    await control({ do: 'organisation', org: 'demo', set: { blocked: true } })
    equal((await run()).outcome, 'changed')
    deepEqual(await statuses('editor', 'guest'), [401, 200], 'its block applies')
  })

  it('still has its subjects blocked and signed out', async () => {
    await control(domains(manyDomains(201)))
    await control({ do: 'subject', user: 'editor', set: { blocked: true } })
    await run()
    deepEqual(await statuses('editor', 'chief'), [401, 200])
  })

  it('is unknown while it is new, also with somebody blocked there', async (test) => {
    await control(answer('units.list', { status: 500 }, 'second'))
    await control({ do: 'subject', user: 'guest', set: { blocked: true } })
    const over = await emptyTable(test)
    const keys = [organisationKey('second'), directoryKey('second'), organisationKey('demo')]
    for (let times = 0; times < 2; times++) {
      await run({ over })
      deepEqual([...(await over.read(keys)).keys()], [organisationKey('demo')])
    }
  })

  it('says so no more when its data are good again', async () => {
    await control(answer('units.list', { status: 500 }))
    await run()
    await control({ do: 'answer' })
    const { level, kept, OrganisationsKeptBack } = (await run()).line
    deepEqual([level, kept, OrganisationsKeptBack], ['info', undefined, 0])
  })

  it('fails the refresh together with more than a third of the others', async () => {
    for (const org of ['demo', 'second', 'closed']) await control(answer('units.list', { status: 500 }, org))
    const { outcome, line } = await run()
    deepEqual([outcome, line.reason], ['failed', 'units.list: status 500 (3 of 3 organisations)'])
    equal((await health()).inGrace, true)
  })

  it('is asked for after all others the next time', async (test) => {
    const all = named(['a', 'b', 'c', 'd'])
    const good = sourceOf(all)
    const asked: string[] = []
    const content: OrganisationSource['content'] = async (name) => {
      asked.push(name)
      if (name === 'a') throw new UpstreamError('content: status 500', true)
      return good.content(name)
    }
    const empty = await emptyTable(test)
    await writeOrganisations(empty, all, 1)
    const { signal } = new AbortController()
    for (const version of [10, 20])
      await refreshOrganisations({ table: empty, source: { ...good, content }, version, now: 0, signal })
    equal(asked.join(''), 'abcdbcda')
  })
})

describe('Blocks and sign-outs', () => {
  const block = async () => {
    await control({ do: 'organisation', org: 'second', set: { blocked: true } })
    await control({ do: 'subject', user: 'editor', set: { notBefore: gateway.now() + 100 } })
  }

  each('arrive although the key set is refused or roles cannot be had, and nothing else does', [
    { do: 'malformed-jwks', as: 'symmetric' },
    { do: 'answer', list: 'roles.list', status: 500 },
  ])(async (command) => {
    await reset()
    await block()
    await control(mapping('demo', 'west'))
    const directory = await stored(directoryKey('demo'))
    await control(command)
    equal((await run()).outcome, 'failed')
    deepEqual(await statuses('guest', 'editor', 'chief'), [401, 401, 200])
    deepEqual(await stored(directoryKey('demo')), directory)
  })

  it('are written before anything else', async () => {
    await block()
    await control(mapping('demo', 'west'))
    await control(mapping('second', 'east'))
    const written: string[] = []
    const noting =
      <Rest extends unknown[], Result>(write: (key: string, ...rest: Rest) => Result) =>
      (key: string, ...rest: Rest) => {
        if (!/^(INDEX|ENDED|STATE)/.test(key)) written.push(key)
        return write(key, ...rest)
      }
    await run({ over: { ...table, put: noting(table.put), change: noting(table.change) } })
    equal(
      written.map((key) => key.split('#')[0]).join(' '),
      'ORG SUBJECT SUBJECT DIRECTORY DIRECTORY ORG ORG',
    )
    equal(written[0], organisationKey('second'))
  })
})

describe('A list of organisations that shrinks', () => {
  const names = (count: number) => Array.from({ length: count }, (_, n) => `org-${n}`)
  /** A table with nine organisations; and what becomes of it with fewer, so many seconds later. */
  const nine = async (test: TestContext) => {
    const empty = await emptyTable(test)
    const write = async (count: number, now: number) => {
      const { shrunk } = await writeOrganisations(empty, named(names(count)), 1_000_000 + now * 1000, { now })
      return [shrunk, (await empty.read(names(9).map(organisationKey))).size]
    }
    await write(9, 0)
    return write
  }
  const shrunk = 'organizations.list: 4 of 9 organisations are missing'

  it('by a third or less, or by two, is believed at once', async (test) => {
    const write = await nine(test)
    deepEqual(await write(6, 60), [undefined, 6])
    await write(4, 120)
    deepEqual(await write(2, 180), [undefined, 2])
  })

  it('by more keeps the missing ones, until the same names have been missing for 15 minutes', async (test) => {
    const write = await nine(test)
    for (const now of [60, 500, 959]) deepEqual(await write(5, now), [shrunk, 9])
    deepEqual(await write(5, 960), [undefined, 5])
  })

  it('begins to count again when they come back in between', async (test) => {
    const write = await nine(test)
    await write(5, 60)
    await write(9, 120)
    await write(5, 180)
    deepEqual(await write(5, 1000), [shrunk, 9])
  })

  it('shows grace, without growing older, and counts for the alarm', async () => {
    const other = await openGateway()
    const rows = ['demo', 'second', 'closed', ...names(6)].map((name) => ({ id: name, name }))
    const list = (count: number) =>
      other.control({ do: 'answer', list: 'organizations.list', rows: rows.slice(0, count) })
    await list(9)
    await refreshRun(other)
    await list(5)
    other.clock.ahead = 60
    const { outcome, line } = await refreshRun(other)
    const { level, reason, ListShrunk, InGrace, RefreshFailed } = line
    deepEqual(
      [outcome, level, reason, ListShrunk, InGrace, RefreshFailed],
      [...['unchanged', 'warn', shrunk], ...[1, 1, 0]],
    )
    const { inGrace, stateAge } = await other.health({ accept: 'application/health+json' })
    deepEqual([inGrace, stateAge < 5], [true, true])
  })
})

describe('A run', () => {
  it('ends itself before Lambda ends it, notes why, and leaves the way free for the next', async () => {
    await control({ do: 'slow', ms: 4500 })
    const began = performance.now()
    const { outcome, line } = await run({ milliseconds: 1600 })
    ok(performance.now() - began < 4000)
    deepEqual([outcome, line.RefreshFailed, line.InGrace], ['failed', 1, 1])
    match(String(line.reason), /^out of time: /)
    equal((await stored(stateKey))?.lastError?.S, line.reason)
    await control({ do: 'up' })
    equal((await run()).outcome, 'unchanged')
  })

  it('is good although the state cannot be read for its report', async () => {
    let reads = 0
    const read: Table['read'] = (keys) =>
      keys.includes(stateKey) && reads++ > 0 ? Promise.reject(new Error('gone')) : table.read(keys)
    const { outcome, line } = await run({ over: { ...table, read } })
    deepEqual([outcome, line.RefreshSucceeded, line.InGrace], ['unchanged', 1, undefined])
    equal((await stored(stateKey))?.lastError, undefined)
  })

  it('recognises what it has written itself when the answer was lost', async () => {
    const change: Table['change'] = async (...call) => {
      await table.change(...call)
      return table.change(...call)
    }
    for (const keysAlone of [true, false]) {
      await control({ do: 'rotate' })
      equal((await refresh(keysAlone, { ...table, change })).outcome, 'changed')
    }
  })

  it('fails when nothing of an organisation was reached in time', async (test) => {
    const written = writeOrganisations(await emptyTable(test), named(['demo']), 1, {
      signal: AbortSignal.abort(),
    })
    await rejects(written, /^UpstreamError: not reached in time \(1 of 1 organisations\)$/)
  })
})
