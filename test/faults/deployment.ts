import type { Context } from 'aws-lambda'
import type { Answer } from '../../lib/http/messages.ts'
import { type Dependencies, dependencies } from '../../lib/lambda/dependencies.ts'
import type { Endpoint } from '../../lib/lambda/endpoint.ts'
import { keyRequest } from '../../lib/lambda/invoke-refresh.ts'
import { logTo } from '../../lib/log.ts'
import type { Report } from '../../lib/refresh/scheduled.ts'
import type { HttpRouteName } from '../../lib/routes.ts'
import { statesOf } from '../../lib/state/state.ts'
import { awsCalls } from '../../local/aws.ts'
import { createTables, openDynalite, region } from '../../local/database.ts'
import { startIdentity } from '../../local/identity/server.ts'
import { listenOnLoopback } from '../../local/listening.ts'
import { eventOf, publicUrl, type Request } from '../support/gateway.ts'

/**
 * The gateway as it is deployed, without the bundling: functions with the SDK client that the product builds, refresh-state behind Lambda's
 * own API, the identity stand-in, a database. What differs is the clock, which a test can put forward.
 */

/** The time that a request has: `infra/functions.ts`. */
export const functionTime = 5000

const tableName = 'faults'
const refreshFunction = 'refresh-state'
const credentials = { clientId: 'gateway', clientSecret: 'client-secret' }

const table = {
  name: tableName,
  properties: {
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' as const }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' as const }],
    BillingMode: 'PAY_PER_REQUEST' as const,
  },
}

/** A call's context, with this much time from now on. */
const contextFor = (milliseconds: number): Context => {
  const deadline = Date.now() + milliseconds
  return { getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()) } as unknown as Context
}

/** One answer and the milliseconds it took. */
export type Taken = Readonly<{ answer: Answer; ms: number }>
/** An instance of one function. */
export type Ask = (request?: Request) => Promise<Taken>

/** An identity stand-in of our own, for deployments that share one: its keys take a while to make. */
export const openIdentity = () => startIdentity({ port: 0, ...credentials })

/** A gateway with nothing in its state yet, over this identity service or one of its own. */
export const openDeployment = async (shared?: Awaited<ReturnType<typeof openIdentity>>) => {
  // What Lambda gives every function.
  Object.assign(process.env, {
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  })
  const [identity, database] = await Promise.all([shared ?? openIdentity(), openDynalite(undefined)])
  await createTables(database.url, [table])
  /** Seconds ahead of this machine's clock, or the one second at which time stands still. */
  const clock: { ahead: number; still?: number } = { ahead: 0 }
  const now = () => clock.still ?? Math.floor(Date.now() / 1000) + clock.ahead
  const lines: Record<string, unknown>[] = []
  const counts = { invoked: 0 }

  const envAt = (databaseUrl: string) => ({
    PUBLIC_URL: publicUrl,
    IMAS_URL: identity.url,
    ADMIN_API_URL: identity.url,
    ACCESS_TOKEN_URL: identity.url,
    TOKEN_ISSUER: 'unchecked',
    TOKEN_AUDIENCE: 'unchecked',
    TABLE_NAME: tableName,
    REFRESH_FUNCTION: refreshFunction,
    CREDENTIALS_SECRET: 'secret',
    AWS_REGION: region,
    AWS_USE_EMPTY_CREDENTIALS: 'true',
    AWS_ENDPOINT_URL_DYNAMODB: databaseUrl,
    AWS_ENDPOINT_URL_LAMBDA: awsUrl,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: awsUrl,
  })

  let unfronted: Dependencies | undefined

  /** What a newly started instance has. Instances that go straight to the database share their client, and nothing else. */
  const instance = (databaseUrl = database.url): Dependencies => {
    const env = envAt(databaseUrl)
    const on = (databaseUrl === database.url && unfronted) || dependencies(env)
    if (databaseUrl === database.url) unfronted = on
    return {
      ...on,
      states: statesOf(on.config),
      now,
      log: logTo('debug', (line) => lines.push(JSON.parse(line))),
      askForKeys: keyRequest({ functionName: refreshFunction, region, endpoint: awsUrl, now }),
    }
  }

  /** refresh-state as the schedule runs it, or as a function forces it. */
  const refresh = async (event: { forced?: boolean } = {}, databaseUrl = database.url): Promise<Report> => {
    const { wire } = await import('../../functions/refresh-state/index.ts')
    return wire(instance(databaseUrl), envAt(databaseUrl))(event, contextFor(50_000))
  }

  const invoke = async (event: string) => {
    counts.invoked++
    return { failed: false, json: JSON.stringify(await refresh(JSON.parse(event))) }
  }
  const aws = await listenOnLoopback(awsCalls({ invoke: (_name, event) => invoke(event) }, credentials), 0)
  const awsUrl = `http://127.0.0.1:${aws.port}`

  /** An instance of a function, over these dependencies. */
  const open = async (name: HttpRouteName, on = instance()): Promise<Ask> => {
    const { wire } = (await import(`../../functions/${name}/index.ts`)) as {
      wire: (on: Dependencies) => Endpoint
    }
    const handler = wire(on)
    return async (request = {}) => {
      const began = performance.now()
      const answer = await handler(eventOf(name, request), contextFor(functionTime))
      return { answer, ms: performance.now() - began }
    }
  }

  const control = async (command: Record<string, unknown>): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${identity.url}/_control`, { method: 'POST', body: JSON.stringify(command) })
    if (!answer.ok) throw new Error(`control: ${await answer.text()}`)
    return answer.json() as Promise<Record<string, unknown>>
  }

  /** A token of `editor` at `demo`, who holds the units north and south, with these claims instead of its own. */
  const token = async (claims: Record<string, unknown> = {}, more: Record<string, unknown> = {}) =>
    String((await control({ do: 'issue', claims, ...more })).token)

  const close = async (): Promise<void> => {
    await Promise.all([shared ? undefined : identity.close(), database.close(), aws.close()])
  }
  await control({ do: 'organisation', org: 'demo', set: { whitelistCallbackUrls: '["app.example.test"]' } })
  return {
    databaseUrl: database.url,
    clock,
    now,
    lines,
    counts,
    instance,
    open,
    refresh,
    control,
    token,
    close,
  }
}

export type Deployment = Awaited<ReturnType<typeof openDeployment>>
