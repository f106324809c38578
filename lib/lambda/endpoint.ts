import { ConfigError, type Level } from '../config.ts'
import { errorResponse } from '../errors/error-response.ts'
import { refusal } from '../errors/refusal.ts'
import { incoming, lowerCased } from '../http/messages.ts'
import { checkForm, enforce, maybePerson } from '../http/request-policy.ts'
import { withSecurityHeaders } from '../http/security-headers.ts'
import { framesOf, logTo } from '../log.ts'
import { requestMetrics } from '../metrics.ts'
import { type Code, Problem, row } from '../problem.ts'
import { type EndpointName, type Route, routes } from '../routes.ts'
import { chain, codeOfExchange, type Endpoint, type Exchange, type Handle, logFields } from './chain.ts'
import { type Dependencies, dependencies } from './dependencies.ts'
import { checkSize, jsonBody } from './json-body.ts'

export type { Endpoint, Handle }

/** Whether this is a login without binding, which its log line has to show. */
const isUnbound = (route: Route, { loginBinding }: Dependencies['config']): boolean =>
  'only' in route && !loginBinding

/** The log level of a request. A success with its own code is logged at `info` on every route. */
const levelOf = (route: Route, { failure, request }: Exchange<Code>): Level => {
  // The page about a refused callback is not a second failure.
  if (failure !== undefined)
    return request.facts.refusedRequest === undefined ? row(failure.code).level : 'info'
  return ('successLevel' in route && !request.facts.code && route.successLevel) || 'info'
}

/** Writes the log line of a request, with its metrics. */
const report = (on: Dependencies, name: EndpointName, exchange: Exchange<Code>, status: number): void => {
  const code = codeOfExchange(exchange)
  const at = Date.now()
  const cookieBytes = exchange.request.cookieHeader.reduce((sum, pair) => sum + pair.length + 2, 0)
  const unbound = isUnbound(routes[name], on.config)
  const { failure } = exchange
  const { refusedRequest } = exchange.request.facts
  const refused = failure !== undefined
  const outcome = { route: name, status, code, refused, cookieBytes, person: maybePerson(exchange.request) }
  on.log(levelOf(routes[name], exchange), {
    route: name,
    ...logFields(exchange, status, at),
    frames: failure?.code === 'internal' ? framesOf(failure.cause) : undefined,
    refused: refusedRequest,
    binding: unbound ? 'off' : undefined,
    ...requestMetrics(on.metricsNamespace, outcome, at),
  })
}

const failureOf = (error: unknown) =>
  error instanceof Problem
    ? { code: error.code, cause: error.cause }
    : { code: 'internal' as const, cause: error }

/** An endpoint of the gateway: the chain with the rules, failures and metrics of its route. */
export const endpoint = (name: EndpointName, handle: Handle, on: Dependencies): Endpoint => {
  const route: Route = routes[name]
  return chain<Code>(
    {
      name,
      now: on.now,
      check: enforce(route, on.config),
      checkForm: (request, event) => {
        checkForm(request, on.config)
        if ('post' in route) checkSize(event)
      },
      formCheckedLast: 'post' in route && route.form === 'checked last',
      body: 'post' in route && route.body === 'json' ? jsonBody() : undefined,
      failureOf,
      outOfTime: () => new Problem('table_unavailable', 'out of time'),
      respond: (request, code) => refusal(on, route, request, code),
      finish: (exchange, answer) => {
        report(on, name, exchange, answer.statusCode)
        const headers = { ...answer.headers, ...exchange.request.facts.headers }
        return withSecurityHeaders({ ...answer, headers }, on.config.loopback)
      },
    },
    handle,
  )
}

/**
 * Reads the settings when the function starts. With invalid settings, the handler responds with 500 and logs
 * their names. `name`: the route whose metrics are written even then.
 */
export const served = (
  wire: (on: Dependencies) => Endpoint,
  env = process.env,
  name?: EndpointName,
): Endpoint => {
  try {
    return wire(dependencies(env))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return misconfigured(error.problems, env.METRICS_NAMESPACE, name)
  }
}

const misconfigured = (
  problems: readonly string[],
  namespace = 'imsg-service',
  route?: EndpointName,
): Endpoint => {
  const log = logTo('error')
  return async (event) => {
    const at = Date.now()
    const metrics =
      route &&
      requestMetrics(
        namespace,
        { route, status: 500, code: 'internal', refused: true, cookieBytes: 0, person: true },
        at,
      )
    log('error', {
      time: new Date(at).toISOString(),
      route,
      code: 'internal',
      cause: 'settings',
      problems,
      ...metrics,
    })
    const request = incoming(lowerCased(event), 'not-found', Math.floor(at / 1000))
    return withSecurityHeaders(await errorResponse(request, 'internal', 'internal'))
  }
}
