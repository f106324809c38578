import { deepEqual, equal } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after } from 'node:test'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { readConfig } from '../../lib/config.ts'
import { jar } from '../../lib/http/cookies.ts'
import type { Answer } from '../../lib/http/messages.ts'
import type { Dependencies } from '../../lib/lambda/dependencies.ts'
import type { Endpoint } from '../../lib/lambda/endpoint.ts'
import { logTo } from '../../lib/log.ts'
import { Problem } from '../../lib/problem.ts'
import type { HttpRouteName } from '../../lib/routes.ts'
import { organisationsOf, organisationTtl } from '../../lib/state/organisation.ts'
import { statesOf } from '../../lib/state/state.ts'
import { type Table, tableIn } from '../../lib/store/table.ts'
import { createTables, openDynalite, region } from '../../local/database.ts'
import { undeclaredIn, unlisted } from './declared.ts'
import { type browser, context, eventOf, type Request, requiredSettings } from './events.ts'
import { openIdentity, schema, standInAt } from './services.ts'

/**
 * The gateway for tests: an API Gateway event in, the whole answer out, with the real handlers
 * and chain, real signatures from the identity stand-in, an embedded database, and a clock that the test
 * holds.
 */

export * from './events.ts'

/** What every test starts from. `app.example.test` is the return domain of `demo`. */
const standard = { ...requiredSettings, LOG_LEVEL: 'debug' }

export type Settings = Readonly<Record<string, string>>

let ids = 0

/** An empty table behind this endpoint, or behind an embedded database of its own. */
export const openTable = async (
  endpoint?: string,
): Promise<{
  table: Table
  name: string
  url: string
  client: DynamoDBClient
  close: () => Promise<void>
}> => {
  const database = endpoint === undefined ? await openDynalite(undefined) : undefined
  const url = endpoint ?? database?.url ?? ''
  const name = `test-${++ids}`
  await createTables(url, [{ name, properties: schema }])
  const client = new DynamoDBClient({
    endpoint: url,
    region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  })
  const close = async () => {
    client.destroy()
    await database?.close()
  }
  // As patient as `context`: giving up in time has tests of its own.
  return { table: tableIn(client, name, 60_000), name, url, client, close }
}

/** Counts what a table is asked, and fails on demand: what stands between the gateway and its database. */
const watched = (table: Table) => {
  const calls = { read: 0, write: 0 }
  /** The keys that the last read asked for. */
  const wanted: { keys: readonly string[] } = { keys: [] }
  /** The keys of every read. */
  const reads: (readonly string[])[] = []
  const fault: { next?: (kind: 'read' | 'write') => Error | undefined } = {}
  const through = async <T>(kind: 'read' | 'write', work: () => Promise<T>): Promise<T> => {
    calls[kind]++
    const error = fault.next?.(kind)
    if (error !== undefined) throw error
    return work()
  }
  const watching: Table = {
    read: (keys) => {
      if (keys.length === 0) return table.read(keys)
      wanted.keys = keys
      reads.push(keys)
      return through('read', () => table.read(keys))
    },
    change: (...call) => through('write', () => table.change(...call)),
    put: (...call) => through('write', () => table.put(...call)),
    remove: (...call) => through('write', () => table.remove(...call)),
  }
  return {
    table: watching,
    calls,
    wanted,
    reads,
    fault,
    reset: () => Object.assign(calls, { read: 0, write: 0 }),
  }
}

/** One identity service and one database, with as many function instances over them as a test wants. */
export const openGateway = async (settings: Settings = {}) => {
  const [identity, database] = await Promise.all([openIdentity(), openTable()])
  const clock = { ahead: 0 }
  const logs: Record<string, unknown>[] = []
  const lines: string[] = []
  const undeclared = new Set<string>()
  const declared = (strays: readonly string[]): void => {
    for (const stray of strays) undeclared.add(stray)
  }
  const front = watched(database.table)
  const asked = { times: 0 }

  const { control, token } = standInAt(identity.url)
  const now = () => Math.floor(Date.now() / 1000) + clock.ahead

  /** The dependencies of a new function instance. `invented`: its routes fail as no real one does. */
  const instance = (more: Settings = {}, failures: 'declared' | 'invented' = 'declared'): Dependencies => {
    const urls = { IMAS_URL: identity.url, ADMIN_API_URL: identity.url, ACCESS_TOKEN_URL: identity.url }
    const config = readConfig({ ...standard, ...urls, ...settings, ...more })
    const log = logTo(config.logLevel, (line) => {
      lines.push(line)
      const fields = JSON.parse(line)
      logs.push(fields)
      if (failures === 'declared') declared(unlisted(fields))
    })
    const askForKeys = async () => {
      asked.times++
      await refresh(true)
    }
    return {
      config,
      table: front.table,
      states: statesOf(config),
      organisations: organisationsOf(),
      jar: jar(config),
      log,
      metricsNamespace: 'imsg-service-test',
      now,
      random: (bytes) => randomBytes(bytes).toString('base64url'),
      askForKeys,
    }
  }

  /** What refresh-state does: for the keys alone, over this table, with these settings. */
  const refresh = async (keysOnly = false, table = database.table, more: Settings = {}) => {
    const { refreshAll, refreshKeys } = await import('../../lib/refresh/refresh.ts')
    const { stateWriter } = await import('../../lib/refresh/state-writer.ts')
    const { upstreamOf } = await import('../../lib/refresh/upstream.ts')
    const on = { ...instance(more), table }
    const upstream = upstreamOf(
      on.config,
      async () => ({ id: 'gateway', secret: 'canary-client-secret' }),
      now,
    )
    const run = keysOnly ? refreshKeys : refreshAll
    return run({ ...on, writer: stateWriter(table), upstream })
  }

  /** The same, and the time until every instance has noticed what it brought. */
  const refreshEverywhere = async () => {
    const result = await refresh()
    clock.ahead += organisationTtl
    return result
  }

  /** The handler of a route in a fresh instance. */
  const open = async (
    name: HttpRouteName,
    on = instance(),
  ): Promise<(request?: Request) => Promise<Answer>> => {
    const { wire } = (await import(`../../functions/${name}/index.ts`)) as {
      wire: (on: Dependencies) => Endpoint
    }
    const handler = wire(on)
    return async (request = {}) => {
      const answer = await handler(eventOf(name, request), context)
      declared(undeclaredIn(name, answer))
      return answer
    }
  }

  const warm = instance()
  const opened = new Map<HttpRouteName, (request?: Request) => Promise<Answer>>()
  /** Calls a route in the instance that stays. */
  const call = async (name: HttpRouteName, request: Request = {}): Promise<Answer> => {
    const handler = opened.get(name) ?? (await open(name, warm))
    opened.set(name, handler)
    return handler(request)
  }

  /** What comes of it while the table fails, or only reads or writes of it. */
  const whileTableFails = async <T>(work: () => Promise<T>, which?: 'read' | 'write'): Promise<T> => {
    front.fault.next = (kind) =>
      which === undefined || which === kind ? new Problem('table_unavailable') : undefined
    return work().finally(() => {
      delete front.fault.next
    })
  }

  /** What comes of it so many seconds later. Then it is now again. */
  const later = async <T>(seconds: number, work: () => Promise<T>): Promise<T> => {
    clock.ahead += seconds
    return work().finally(() => {
      clock.ahead -= seconds
    })
  }

  /** What health says, beside its status and type. */
  const health = async (headers: Record<string, string> = {}) => {
    const answer = await call('health', { headers })
    return {
      status: answer.statusCode,
      type: answer.headers['content-type'],
      ...JSON.parse(answer.body ?? ''),
    }
  }
  /** The item under a key, as the table has it. */
  const stored = async (key: string) => (await database.table.read([key])).get(key)

  /** Begins a login and comes back from the identity service: what the browser then asks `/callback`. */
  const begin = async (
    person: ReturnType<typeof browser>,
    callback = 'https://app.example.test/',
    org = 'demo',
  ): Promise<URLSearchParams> => {
    const answer = person.take(
      await call('login', {
        query: `org=${org}&callback=${encodeURIComponent(callback)}`,
        cookies: person.pairs(),
      }),
    )
    equal(answer.statusCode, 302, answer.body)
    const there = new URL(answer.headers.location ?? 'about:blank')
    return new URL(there.searchParams.get('callback') ?? 'about:blank').searchParams
  }

  after(() => Promise.all([identity.close(), database.close()]))
  // Declared failures: a route may only fail as its row and the OpenAPI document say.
  after(() => deepEqual([...undeclared], [], 'neither in the row of the route nor in the OpenAPI document'))

  await control({ do: 'organisation', org: 'demo', set: { whitelistCallbackUrls: '["app.example.test"]' } })
  const { outcome, reason } = await refresh()
  equal(outcome, 'changed', reason)
  return {
    identity,
    database,
    table: database.table,
    front,
    health,
    stored,
    whileTableFails,
    later,
    clock,
    now,
    logs,
    lines,
    asked,
    control,
    instance,
    refresh,
    refreshEverywhere,
    open,
    call,
    token,
    begin,
  }
}

export type Gateway = Awaited<ReturnType<typeof openGateway>>
