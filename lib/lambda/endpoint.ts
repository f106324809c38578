import { hash } from 'node:crypto'
import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { ConfigError } from '../config.ts'
import { errorResponse } from '../errors/error-response.ts'
import {
  type Answer,
  type Facts,
  type HttpEvent,
  type Incoming,
  incoming,
  lowerCased,
} from '../http/messages.ts'
import { checkForm, enforce } from '../http/request-policy.ts'
import { logTo, named } from '../log.ts'
import { requestMetrics } from '../metrics.ts'
import { type Code, Problem, row } from '../problem.ts'
import { answerOn, type HttpRouteName, type Route, routes } from '../routes.ts'
import { type Dependencies, dependencies } from './dependencies.ts'
import { checkSize, jsonBody } from './json-body.ts'

/** A route: a request in, an answer out, or a `Problem` thrown. */
export type Handle = (request: Incoming) => Promise<Answer>

/** A route as Lambda calls it. */
export type Endpoint = (event: HttpEvent, context: Context) => Promise<Answer>

/** On every answer, whatever it is. HSTS says a year and leaves subdomains to the site; `vary` names all that is read. */
const guards = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  vary: 'accept, accept-language, authorization, cookie, origin, purpose, sec-fetch-dest, sec-fetch-mode, sec-fetch-site, sec-purpose, x-moz',
  'x-content-type-options': 'nosniff',
}

/** Kept back of Lambda's own time, in milliseconds: our 503 comes before API Gateway's 500. */
const reserve = 250

type Visit = { request: Incoming; began: number; failure?: { code: Code; cause: unknown } }

/** Tells people apart in the log without naming them. Whoever knows a subject can work out its lines. */
const pseudonym = ({ org, subject }: Facts): string | undefined =>
  subject === undefined ? undefined : hash('sha256', JSON.stringify([org, subject]), 'base64url').slice(0, 16)

/** LOGIN_BINDING=off gives up a protection, so that every line of a login says it and a metric counts it. */
const isUnbound = (route: Route, { loginBinding }: Dependencies['config']): boolean =>
  'only' in route && !loginBinding

/** The one line that each request leaves. What it may say is listed here; an event is never part of it. */
const report = (
  on: Dependencies,
  name: HttpRouteName,
  { request, began, failure }: Visit,
  status: number,
): void => {
  const code = failure?.code ?? request.facts.code ?? 'ok'
  const at = Date.now()
  const cookieBytes = request.cookieHeader.reduce((sum, pair) => sum + pair.length + 2, 0)
  const unbound = isUnbound(routes[name], on.config)
  on.log(failure === undefined ? 'info' : row(failure.code).level, {
    time: new Date(at).toISOString(),
    route: name,
    status,
    code,
    ms: Math.round((performance.now() - began) * 10) / 10,
    id: request.id,
    org: request.facts.org,
    subject: pseudonym(request.facts),
    cause: named(failure?.cause),
    binding: unbound ? 'off' : undefined,
    ...requestMetrics(on.metricsNamespace, { route: name, status, code, cookieBytes, unbound }, at),
  })
}

/**
 * The one chain. Middy runs `after` and `onError` in reverse: what is registered first runs last, so that a refusal is hardened and
 * logged like any other answer.
 */
export const endpoint = (name: HttpRouteName, handle: Handle, on: Dependencies): Endpoint => {
  const route: Route = routes[name]
  const check = enforce(name, route, on.config)
  const { 'strict-transport-security': _, ...plain } = guards
  const sent = on.config.loopback ? plain : guards
  const visits = new WeakMap<HttpEvent, Visit>()

  const visitOf = (event: HttpEvent): Visit => {
    const known = visits.get(event)
    if (known !== undefined) return known
    const visit = { request: incoming(lowerCased(event)), began: performance.now() }
    visits.set(event, visit)
    return visit
  }

  const finish = (chain: { event: HttpEvent; response: Answer | null | undefined }): void => {
    const answer = chain.response
    // Stryker disable next-line ConditionalExpression: for the type; what is registered after this has made an answer of everything.
    if (!answer) return
    report(on, name, visitOf(chain.event), answer.statusCode)
    chain.response = { ...answer, headers: { ...sent, ...answer.headers } }
  }

  const answerProblem = async (chain: {
    event: HttpEvent
    error: unknown
    response: Answer | null | undefined
  }): Promise<void> => {
    const { error } = chain
    const visit = visitOf(chain.event)
    visit.failure =
      error instanceof Problem ? { code: error.code, cause: error.cause } : { code: 'internal', cause: error }
    const { code } = visit.failure
    chain.response = await errorResponse(visit.request, code, answerOn(route, code), on.config.errorsUrl)
  }

  const chain = middy<HttpEvent, Answer, Error, Context>({
    timeoutEarlyInMillis: reserve,
    timeoutEarlyResponse: () => {
      throw new Problem('table_unavailable', 'out of time')
    },
  })
    .use({ after: finish, onError: finish })
    .use({ onError: answerProblem })
    .before(({ event }) => check(visitOf(event).request))
  const wellFormed = ({ event }: { event: HttpEvent }): void => {
    checkForm(name, visitOf(event).request, on.config)
    if ('post' in route) checkSize(event)
  }
  // Size before parsing: whatever goes wrong with a parser is a bad body.
  if ('post' in route && route.form === 'judged last') chain.after(wellFormed)
  else chain.before(wellFormed)
  if ('post' in route && route.body === 'json') chain.use(jsonBody())
  return chain.handler((event: HttpEvent) => handle(visitOf(event).request)) as Endpoint
}

/** A handler that reads its settings when the function starts. With bad ones it answers 500 and its log names them. */
export const served = (wire: (on: Dependencies) => Endpoint, env = process.env): Endpoint => {
  try {
    return wire(dependencies(env))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return misconfigured(error.problems)
  }
}

const misconfigured = (problems: readonly string[]): Endpoint => {
  // Stryker disable next-line StringLiteral: an error is logged at every level.
  const log = logTo('error')
  return async (event) => {
    log('error', { time: new Date().toISOString(), code: 'internal', cause: 'settings', problems })
    const { headers, ...answer } = await errorResponse(incoming(lowerCased(event)), 'internal', 'internal')
    return { ...answer, headers: { ...guards, ...headers } }
  }
}
