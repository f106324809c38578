import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { beforeEach, describe, it, type TestContext } from 'node:test'
import type { Context } from 'aws-lambda'
import { refreshState } from '../functions/refresh-state/handler.ts'
import type { OrganisationSource } from '../lib/refresh/organisation-source.ts'
import { refreshOrganisations } from '../lib/refresh/refresh-organisations.ts'
import { scheduled } from '../lib/refresh/scheduled.ts'
import { stateWriter } from '../lib/refresh/state-writer.ts'
import { upstreamOf } from '../lib/refresh/upstream.ts'
import { directoryKey, organisationKey, stateKey } from '../lib/store/keys.ts'
import type { Table } from '../lib/store/table.ts'
import { organisation, sourceOf, writeOrganisations } from './contract/given.ts'
import { context, openGateway, openTable } from './support/gateway.ts'

const gateway = await openGateway()
const { control, refresh, table, token, clock, health, stored } = gateway

beforeEach(async () => {
  clock.ahead = 0
  await control({ do: 'up' })
  await control({ do: 'reset' })
  await control({ do: 'organisation', org: 'demo', set: { whitelistCallbackUrls: '["app.example.test"]' } })
  await refresh()
})

/** A run as Lambda starts it, with so many milliseconds until it would be ended; and the line it leaves. */
const run = async (milliseconds = 60_000, over: Table = table, at = gateway) => {
  const on = { ...at.instance(), table: over }
  const secret = async () => ({ id: 'gateway', secret: 'canary-client-secret' })
  const deps = { ...on, writer: stateWriter(over), upstream: upstreamOf(on.config, secret, on.now) }
  const deadline = Date.now() + milliseconds
  const until = { ...context, getRemainingTimeInMillis: () => deadline - Date.now() } as Context
  const { outcome } = await scheduled(refreshState(deps), on)({}, until)
  return { outcome, line: at.logs.at(-1) ?? {} }
}

const statusOf = async (user: string) =>
  (await (await gateway.open('token-is-set'))({ bearer: await token({}, { user }) })).statusCode

const manyDomains = (count: number) =>
  JSON.stringify(Array.from({ length: count }, (_, n) => `editor-${n}.example.com`))

describe('An organisation whose data cannot be had or used', () => {
  const units = { list: 'units.list', org: 'demo' }
  for (const [what, command, reason] of [
    [
      'that lists 28,000 return domains',
      { do: 'organisation', org: 'demo', set: { whitelistCallbackUrls: manyDomains(28_000) } },
      'more than 200 domains',
    ],
    [
      'whose return domains make no sense',
      { do: 'organisation', org: 'demo', set: { whitelistCallbackUrls: 'example.com' } },
      'whitelistCallbackUrls: not a list in JSON',
    ],
    ['whose units fail', { do: 'answer', ...units, status: 500 }, 'units.list: status 500'],
    [
      'whose units are no list',
      { do: 'answer', ...units, rows: { units: [] } },
      'units.list: not a list of objects',
    ],
    [
      'that has too many units',
      { do: 'answer', ...units, rows: Array.from({ length: 10_001 }, () => ({})) },
      'more than 10000 units',
    ],
    [
      'whose mappings fail',
      { do: 'answer', list: 'organizations.listGroupToRoleMappings', org: 'demo', status: 404 },
      'organizations.listGroupToRoleMappings: status 404',
    ],
    [
      'whose subjects fail',
      { do: 'answer', list: 'subjects.list', org: 'demo', status: 500 },
      'subjects.list: status 500',
    ],
  ] as const)
    it(`${what} keeps its last good data, is reported, and the rest goes on`, async () => {
      const raw = await token()
      const keys = [directoryKey('demo'), organisationKey('demo')]
      const before = await table.read(keys)
      await control(command)
      await control({ do: 'mapping', add: { org: 'second', group: 'x', unit: 'east' } })
      const { outcome, line } = await run()
      const { level, kept, OrganisationsKeptBack, RefreshFailed, InGrace } = line
      deepEqual(
        [outcome, level, kept, OrganisationsKeptBack, RefreshFailed, InGrace],
        ['changed', 'warn', [`demo: ${reason}`], 1, 0, 0],
      )
      deepEqual(await table.read(keys), before)
      deepEqual(
        JSON.parse((await gateway.call('units', { bearer: raw })).body ?? '').units.map(
          ({ name }: { name: string }) => name,
        ),
        ['north', 'south'],
      )

      await control({ do: 'organisation', org: 'demo', set: { blocked: true } })
      equal((await run()).outcome, 'changed')
      equal(await statusOf('editor'), 401, 'its block applies')
      equal(await statusOf('guest'), 200)
    })

  it('still has its subjects blocked and signed out', async () => {
    await control({ do: 'organisation', org: 'demo', set: { whitelistCallbackUrls: manyDomains(201) } })
    await control({ do: 'subject', user: 'editor', set: { blocked: true } })
    await run()
    deepEqual([await statusOf('editor'), await statusOf('chief')], [401, 200])
  })

  it('is unknown while it is new', async (test) => {
    await control({ do: 'answer', list: 'units.list', org: 'second', status: 500 })
    const { table: empty, close } = await openTable()
    test.after(close)
    await run(60_000, empty)
    deepEqual((await empty.read([organisationKey('second'), directoryKey('second')])).size, 0)
    equal((await empty.read([organisationKey('demo')])).size, 1)
  })

  it('says so no more when its data are good again', async () => {
    await control({ do: 'answer', list: 'units.list', org: 'demo', status: 500 })
    await run()
    await control({ do: 'answer' })
    const { line } = await run()
    deepEqual([line.level, line.kept, line.OrganisationsKeptBack], ['info', undefined, 0])
  })

  it('fails the refresh together with more than a third of the others', async () => {
    for (const org of ['demo', 'second', 'closed'])
      await control({ do: 'answer', list: 'units.list', org, status: 500 })
    const { outcome, line } = await run()
    deepEqual([outcome, line.reason], ['failed', 'units.list: status 500 (3 of 3 organisations)'])
    equal((await health()).inGrace, true)
  })

  it('is asked for after all others the next time', async (test) => {
    const names = ['a', 'b', 'c', 'd']
    const good = sourceOf(names.map((name) => organisation({ name })))
    const asked: string[] = []
    const source: OrganisationSource = {
      ...good,
      content: (name) => {
        asked.push(name)
        return name === 'a' ? upstreamFails() : good.content(name)
      },
    }
    const { table: empty, close } = await openTable()
    test.after(close)
    await writeOrganisations(
      empty,
      names.map((name) => organisation({ name })),
      1,
    )
    for (const version of [10, 20])
      await refreshOrganisations({
        table: empty,
        source,
        version,
        now: 0,
        signal: new AbortController().signal,
      })
    deepEqual(asked, ['a', 'b', 'c', 'd', 'b', 'c', 'd', 'a'])
  })
})

const upstreamFails = async (): Promise<never> => {
  const { UpstreamError } = await import('../lib/refresh/upstream.ts')
  throw new UpstreamError('content: status 500', true)
}

describe('Blocks and sign-outs', () => {
  const block = async () => {
    await control({ do: 'organisation', org: 'second', set: { blocked: true } })
    await control({ do: 'subject', user: 'editor', set: { notBefore: gateway.now() + 100 } })
  }

  for (const [what, command] of [
    ['the key set is refused', { do: 'malformed-jwks', as: 'symmetric' }],
    ['roles cannot be had', { do: 'answer', list: 'roles.list', status: 500 }],
  ] as const)
    it(`arrive although ${what}, and nothing else does`, async () => {
      await block()
      await control({ do: 'mapping', add: { org: 'demo', group: 'x', unit: 'west' } })
      const directory = await stored(directoryKey('demo'))
      await control(command)
      equal((await run()).outcome, 'failed')
      deepEqual([await statusOf('guest'), await statusOf('editor'), await statusOf('chief')], [401, 401, 200])
      deepEqual(await stored(directoryKey('demo')), directory)
    })

  it('are written before anything else', async () => {
    await block()
    for (const org of ['demo', 'second'])
      await control({ do: 'mapping', add: { org, group: 'x', unit: org === 'demo' ? 'west' : 'east' } })
    const written: string[] = []
    const note = (key: string) => {
      if (!/^(INDEX|ENDED|STATE)/.test(key)) written.push(key)
    }
    const watching: Table = {
      ...table,
      put: (key, ...call) => {
        note(key)
        return table.put(key, ...call)
      },
      change: (key, ...call) => {
        note(key)
        return table.change(key, ...call)
      },
    }
    await run(60_000, watching)
    deepEqual(
      written.map((key) => key.split('#')[0]),
      ['ORG', 'SUBJECT', 'SUBJECT', 'DIRECTORY', 'DIRECTORY', 'ORG', 'ORG'],
    )
    equal(written[0], organisationKey('second'))
  })
})

describe('A list of organisations that shrinks', () => {
  const names = (count: number) => Array.from({ length: count }, (_, n) => `org-${n}`)
  const given = async (test: TestContext) => {
    const { table: empty, close } = await openTable()
    test.after(close)
    const write = (which: readonly string[], now: number) =>
      writeOrganisations(
        empty,
        which.map((name) => organisation({ name })),
        1_000_000 + now * 1000,
        { now },
      )
    const there = async () => {
      const keys = names(9).map(organisationKey)
      return (await empty.read(keys)).size
    }
    await write(names(9), 0)
    return { write, there }
  }

  it('by a third or less, or by two, is believed at once', async (test) => {
    const { write, there } = await given(test)
    equal((await write(names(6), 60)).shrunk, undefined)
    equal(await there(), 6)
    await write(names(4), 120)
    equal((await write(names(2), 180)).shrunk, undefined)
    equal(await there(), 2)
  })

  it('by more keeps the missing ones, until the same names have been missing for 15 minutes', async (test) => {
    const { write, there } = await given(test)
    const shrunk = 'organizations.list: 4 of 9 organisations are missing'
    for (const now of [60, 500, 959]) equal((await write(names(5), now)).shrunk, shrunk)
    equal(await there(), 9)
    equal((await write(names(5), 960)).shrunk, undefined)
    equal(await there(), 5)
  })

  it('begins to count again when they come back in between', async (test) => {
    const { write, there } = await given(test)
    await write(names(5), 60)
    await write(names(9), 120)
    await write(names(5), 180)
    await write(names(5), 1000)
    equal(await there(), 9)
  })

  it('shows grace, without growing older, and counts for the alarm', async () => {
    const other = await openGateway()
    const all = ['demo', 'second', 'closed', ...names(6)]
    const list = (count: number) =>
      other.control({
        do: 'answer',
        list: 'organizations.list',
        rows: all.slice(0, count).map((name) => ({ id: name, name })),
      })
    await list(9)
    await run(60_000, other.table, other)
    await list(5)
    other.clock.ahead = 60
    const { outcome, line } = await run(60_000, other.table, other)
    const { level, reason, ListShrunk, InGrace, RefreshFailed } = line
    deepEqual([outcome, level, ListShrunk, InGrace, RefreshFailed], ['unchanged', 'warn', 1, 1, 0])
    equal(reason, 'organizations.list: 4 of 9 organisations are missing')
    const { inGrace, stateAge } = await other.health({ accept: 'application/health+json' })
    deepEqual([inGrace, stateAge < 5], [true, true])
  })
})

describe('A run', () => {
  it('ends itself before Lambda ends it, notes why, and leaves the way free for the next', async () => {
    await control({ do: 'slow', ms: 4500 })
    const began = performance.now()
    const { outcome, line } = await run(1600)
    ok(performance.now() - began < 4000)
    deepEqual([outcome, line.RefreshFailed, line.InGrace], ['failed', 1, 1])
    match(String(line.reason), /^out of time: /)
    equal((await stored(stateKey))?.lastError?.S, line.reason)
    await control({ do: 'up' })
    equal((await run()).outcome, 'unchanged')
  })

  it('is good although the state cannot be read for its report', async () => {
    let reads = 0
    const failing: Table = {
      ...table,
      read: (keys) =>
        keys.includes(stateKey) && reads++ > 0 ? Promise.reject(new Error('gone')) : table.read(keys),
    }
    const { outcome, line } = await run(60_000, failing)
    deepEqual([outcome, line.RefreshSucceeded, line.InGrace], ['unchanged', 1, undefined])
    equal((await stored(stateKey))?.lastError, undefined)
  })

  it('recognises what it has written itself when the answer was lost', async () => {
    const again: Table = {
      ...table,
      change: async (key, ...call) => {
        await table.change(key, ...call)
        return table.change(key, ...call)
      },
    }
    await control({ do: 'rotate' })
    equal((await refresh(true, again)).outcome, 'changed', 'the keys alone')
    await control({ do: 'rotate' })
    equal((await refresh(false, again)).outcome, 'changed')
  })

  it('fails when nothing of an organisation was reached in time', async (test) => {
    const { table: empty, close } = await openTable()
    test.after(close)
    await rejects(
      writeOrganisations(empty, [organisation()], 1, { signal: AbortSignal.abort() }),
      /^UpstreamError: not reached in time \(1 of 1 organisations\)$/,
    )
  })
})
