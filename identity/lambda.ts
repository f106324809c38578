import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigError } from '../lib/config.ts'
import { respond } from '../lib/errors/error-response.ts'
import { type Answer, type HttpEvent, type Incoming, incoming, lowerCased } from '../lib/http/messages.ts'
import { isNavigation } from '../lib/http/request-policy.ts'
import { withSecurityHeaders } from '../lib/http/security-headers.ts'
import { chain, codeOfExchange, type Endpoint, type Handle, logFields } from '../lib/lambda/chain.ts'
import { framesOf, type Log, logTo } from '../lib/log.ts'
import { organisationName } from '../lib/redirect/organisation-name.ts'
import { outcomeMetrics } from './metrics.ts'
import { type Organisation, organisationsFrom } from './organisations.ts'
import { failures, siteOf } from './pages.ts'
import { type Code, failureOf, refuse, row, SignInProblem } from './problem.ts'
import { type Providers, providersOf } from './provider/provider.ts'
import { type RouteName, routeRow } from './routes.ts'
import { type Environment, readSettings, type Settings } from './settings.ts'

/**
 * How Lambda calls this service: the gateway's chain with the routes, failures and metrics of this service.
 */

/** What every function needs. Those that need AWS clients add them. */
export type Dependencies = Readonly<{
  settings: Settings
  organisations: ReadonlyMap<string, Organisation>
  providers: Providers
  log: Log
  metricsNamespace: string
  /** Seconds since the epoch. */
  now: () => number
  /** The given number of bytes from a CSPRNG, as base64url. */
  random: (bytes: number) => string
}>

/** Reads environment and organisations once, when a function starts. Throws `ConfigError`. */
const dependencies = (env: Environment, folder: string): Dependencies => {
  const settings = readSettings(env)
  const file = readFileSync(resolve(folder, settings.organisationsFile), 'utf8')
  const { organisations, problems } = organisationsFrom(JSON.parse(file), settings.localProviders)
  if (problems.length > 0) throw new ConfigError(problems)
  const { METRICS_NAMESPACE = 'imsg-identity' } = env
  const now = () => Math.floor(Date.now() / 1000)
  return {
    settings,
    organisations,
    providers: providersOf(settings.localProviders, now),
    log: logTo(settings.logLevel),
    metricsNamespace: METRICS_NAMESPACE,
    now,
    random: (bytes) => randomBytes(bytes).toString('base64url'),
  }
}

/** The organisation in the path of a request. */
export const organisationOf = (
  { organisations }: Pick<Dependencies, 'organisations'>,
  request: Incoming,
): Organisation => {
  const name = organisationName(request.path('org'))
  const organisation = organisations.get(name) ?? refuse('organisation_unknown')
  request.facts.org = organisation.name
  return organisation
}

/** The organisation in the path of a request, for a sign-in. Throws if it is blocked. */
export const openOrganisationOf = (
  on: Pick<Dependencies, 'organisations'>,
  request: Incoming,
): Organisation => {
  const organisation = organisationOf(on, request)
  return organisation.blocked ? refuse('organisation_blocked') : organisation
}

/** The longest body that is read, encoded: a form with a logout token of 8 kB and room to spare. */
const maxBodyLength = 32_768

/** Reads the body of a form as text, which API Gateway hands over in base64. */
const formBody = {
  before: ({ event }: { event: HttpEvent }): void => {
    const { body, isBase64Encoded, headers } = event
    if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(headers?.['content-type'] ?? ''))
      refuse('bad_body')
    event.body =
      typeof body === 'string' ? Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8').toString() : ''
  },
}

/** A route of this service. */
export const endpoint = (name: RouteName, handle: Handle, on: Dependencies): Endpoint => {
  const route = routeRow(name)
  const { loopback } = on.settings
  return chain<Code>(
    {
      name,
      now: on.now,
      check: (request) => {
        if (route.only === 'navigations' && !isNavigation(request)) refuse('not_a_navigation')
      },
      checkForm: (_, { body }) => {
        if (typeof body === 'string' && body.length > maxBodyLength) refuse('body_too_large')
      },
      formCheckedLast: false,
      body: route.method === 'POST' ? formBody : undefined,
      failureOf,
      outOfTime: () => new SignInProblem('table_unavailable', 'out of time'),
      respond: (request, code) =>
        respond(failures, request, code, route.failures ?? row(code).answer, siteOf(on.settings, code)),
      finish: (exchange, answer) => {
        const at = Date.now()
        const { failure, request } = exchange
        const { org } = request.facts
        const outcome = { route: name, code: codeOfExchange(exchange), failed: failure !== undefined, org }
        on.log(failure === undefined ? 'info' : row(failure.code).level, {
          route: name,
          ...logFields(exchange, answer.statusCode, at),
          frames: failure?.code === 'internal' ? framesOf(failure.cause) : undefined,
          ...outcomeMetrics(on.metricsNamespace, outcome, at),
        })
        return withSecurityHeaders(answer, loopback)
      },
    },
    handle,
  )
}

const misconfigured = (problems: readonly string[]): Endpoint => {
  const log = logTo('error')
  return async (event): Promise<Answer> => {
    log('error', { time: new Date().toISOString(), code: 'internal', cause: 'settings', problems })
    return withSecurityHeaders(
      await respond(failures, incoming(lowerCased(event), 'none', 0), 'internal', 'internal'),
    )
  }
}

/**
 * A handler that reads its settings when the function starts. With invalid settings it answers 500 and logs
 * their names.
 */
export const served = (
  wire: (on: Dependencies, env: Environment) => Endpoint,
  folder: string,
  env: Environment = process.env,
): Endpoint => {
  try {
    return wire(dependencies(env, folder), env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return misconfigured(error.problems)
  }
}
