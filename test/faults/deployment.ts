import type { Answer } from '../../lib/http/messages.ts'
import { type Dependencies, dependencies } from '../../lib/lambda/dependencies.ts'
import type { Endpoint } from '../../lib/lambda/endpoint.ts'
import { keyRequest } from '../../lib/lambda/invoke-refresh.ts'
import { logTo } from '../../lib/log.ts'
import type { Report } from '../../lib/refresh/scheduled.ts'
import type { HttpRouteName } from '../../lib/routes.ts'
import { statesOf } from '../../lib/state/state.ts'
import { createTables } from '../../local/database.ts'
import { eventOf, publicUrl, type Request } from '../support/gateway.ts'
import { contextFor, type openIdentity, openServices, schema } from '../support/services.ts'

/**
 * The gateway as it is deployed, without the bundling: functions with the product's own SDK client, refresh-state
 * behind Lambda's API, the identity stand-in, a database. A test can put the clock forward.
 */

/** The time that a request has: `infra/functions.ts`. */
export const functionTime = 5000

const TABLE_NAME = 'faults'
const REFRESH_FUNCTION = 'refresh-state'

/** One answer and the milliseconds it took. */
export type Taken = Readonly<{ answer: Answer; ms: number }>
/** An instance of one function. */
export type Ask = (request?: Request) => Promise<Taken>

/** A gateway with nothing in its state yet, over this identity service or one of its own. */
export const openDeployment = async (shared?: Awaited<ReturnType<typeof openIdentity>>) => {
  const invoke = async (event: string) => ({
    failed: false,
    json: JSON.stringify(await refresh(JSON.parse(event))),
  })
  const services = await openServices((_name, event) => invoke(event), shared)
  const { control, token, databaseUrl: straight, platform, settings } = services
  // The SDK looks here for what Lambda gives every function.
  Object.assign(process.env, platform)
  await createTables(straight, [{ name: TABLE_NAME, properties: schema }])
  /** Seconds ahead of this machine's clock. */
  const clock = { ahead: 0 }
  const now = () => Math.floor(Date.now() / 1000) + clock.ahead

  const envAt = (databaseUrl: string) => ({
    ...settings,
    ...platform,
    PUBLIC_URL: publicUrl,
    TABLE_NAME,
    REFRESH_FUNCTION,
    CREDENTIALS_SECRET: 'secret',
    AWS_USE_EMPTY_CREDENTIALS: 'true',
    AWS_ENDPOINT_URL_DYNAMODB: databaseUrl,
  })
  const unfronted = dependencies(envAt(straight))

  /** What a newly started instance has. Instances without a front share their database client, and nothing else. */
  const instance = (databaseUrl = straight): Dependencies => {
    const on = databaseUrl === straight ? unfronted : dependencies(envAt(databaseUrl))
    const where = { functionName: REFRESH_FUNCTION, region: platform.AWS_REGION, now }
    return {
      ...on,
      states: statesOf(on.config),
      now,
      log: logTo('error', () => {}),
      askForKeys: keyRequest({ ...where, endpoint: platform.AWS_ENDPOINT_URL_LAMBDA }),
    }
  }

  /** refresh-state as the schedule runs it, or as a function forces it. */
  const refresh = async (event: { forced?: boolean } = {}, databaseUrl = straight): Promise<Report> => {
    const { wire } = await import('../../functions/refresh-state/index.ts')
    return wire(instance(databaseUrl), envAt(databaseUrl))(event, contextFor(50_000))
  }

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

  await control({ do: 'organisation', org: 'demo', set: { whitelistCallbackUrls: '["app.example.test"]' } })
  return {
    databaseUrl: straight,
    clock,
    now,
    instance,
    open,
    refresh,
    control,
    token,
    close: services.close,
  }
}

export type Deployment = Awaited<ReturnType<typeof openDeployment>>
