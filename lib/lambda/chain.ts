import { hash } from 'node:crypto'
import middy, { type MiddlewareObj } from '@middy/core'
import type { Context } from 'aws-lambda'
import {
  type Answer,
  type Facts,
  type HttpEvent,
  type Incoming,
  incoming,
  lowerCased,
  withCookies,
} from '../http/messages.ts'
import { errorName } from '../log.ts'

/** The middleware chain from event to response, for any service with routes and a failure catalogue. */

/** A route's handler. May throw the service's own errors. */
export type Handle = (request: Incoming) => Promise<Answer>

/** A route as Lambda calls it. */
export type Endpoint = (event: HttpEvent, context: Context) => Promise<Answer>

type Failure<Code extends string> = Readonly<{ code: Code; cause: unknown }>

/** A request and its failure, if any, on the way through the chain. `began` is a `performance.now()` time. */
export type Exchange<Code extends string> = {
  readonly request: Incoming
  readonly began: number
  failure?: Failure<Code>
}

/** The parts of a route that differ between services. */
export type RouteParts<Code extends string> = Readonly<{
  /** The route's name in the service's route table. */
  name: string
  /** Seconds since the epoch; read once for each request. */
  now: () => number
  /** Throws for a request that the route does not accept. */
  check: (request: Incoming) => void
  /** Throws for a malformed request: before the handler runs, or after it with `formCheckedLast`. */
  checkForm: (request: Incoming, event: HttpEvent) => void
  formCheckedLast: boolean
  /** Parses the body, if the route has one. */
  body?: MiddlewareObj<HttpEvent> | undefined
  failureOf: (error: unknown) => Failure<Code>
  /** The error thrown shortly before Lambda's timeout. */
  outOfTime: () => Error
  respond: (request: Incoming, code: Code) => Promise<Answer>
  /** Logs the request and adds the security headers. */
  finish: (exchange: Exchange<Code>, answer: Answer, event: HttpEvent) => Answer
}>

/** Milliseconds before Lambda's timeout at which the chain responds itself. API Gateway would send a 500. */
const reserve = 250

/** A pseudonym of the subject for the log. Anybody who knows the subject can compute it. */
const pseudonym = ({ org, subject }: Facts): string | undefined =>
  subject === undefined ? undefined : hash('sha256', JSON.stringify([org, subject]), 'base64url').slice(0, 16)

/** The code of a request for its log line and metrics. */
export const codeOfExchange = ({ request, failure }: Exchange<string>): string =>
  failure?.code ?? request.facts.code ?? 'ok'

/** The log fields that all services share. `at` in milliseconds since the epoch. */
export const logFields = (
  exchange: Exchange<string>,
  status: number,
  at: number,
): Record<string, unknown> => {
  const { request, began, failure } = exchange
  return {
    time: new Date(at).toISOString(),
    status,
    code: codeOfExchange(exchange),
    ms: Math.round((performance.now() - began) * 10) / 10,
    id: request.id,
    org: request.facts.org,
    subject: pseudonym(request.facts),
    cause: errorName(failure?.cause),
  }
}

type MiddyRequest = Readonly<{ event: HttpEvent; error: unknown }> & { response: Answer | null | undefined }

/** Returns the exchange of an event, which it creates on the first call. */
const exchangesOf = <Code extends string>({
  name,
  now,
}: RouteParts<Code>): ((event: HttpEvent) => Exchange<Code>) => {
  const exchanges = new WeakMap<HttpEvent, Exchange<Code>>()
  return (event) => {
    const known = exchanges.get(event)
    if (known !== undefined) return known
    const exchange = { request: incoming(lowerCased(event), name, now()), began: performance.now() }
    exchanges.set(event, exchange)
    return exchange
  }
}

/**
 * Builds the chain. Middy runs `after` and `onError` in reverse: `finish` is registered first and runs last,
 * so it also logs errors and adds their headers.
 */
export const chain = <Code extends string>(parts: RouteParts<Code>, handle: Handle): Endpoint => {
  const exchangeOf = exchangesOf(parts)

  const finish = (on: MiddyRequest): void => {
    if (!on.response) return
    const exchange = exchangeOf(on.event)
    const answer = parts.finish(exchange, on.response, on.event)
    const { body, ...bodiless } = withCookies(answer, exchange.request.facts.cookies)
    // RFC 9110 section 9.3.2: HEAD is answered with the headers of GET and without a body.
    on.response = exchange.request.method === 'HEAD' || body === undefined ? bodiless : { ...bodiless, body }
  }

  const answerFailure = async (on: MiddyRequest): Promise<void> => {
    const exchange = exchangeOf(on.event)
    exchange.failure = parts.failureOf(on.error)
    on.response = await parts.respond(exchange.request, exchange.failure.code)
  }

  const wellFormed = ({ event }: MiddyRequest): void => parts.checkForm(exchangeOf(event).request, event)

  const made = middy<HttpEvent, Answer, Error, Context>({
    timeoutEarlyInMillis: reserve,
    timeoutEarlyResponse: () => {
      throw parts.outOfTime()
    },
  })
    .use({ after: finish, onError: finish })
    .use({ onError: answerFailure })
    .before(({ event }) => parts.check(exchangeOf(event).request))
  // The size is checked before the body is parsed.
  if (parts.formCheckedLast) made.after(wellFormed)
  else made.before(wellFormed)
  if (parts.body) made.use(parts.body)
  const handler = made.handler((event: HttpEvent) => handle(exchangeOf(event).request))
  return (event, context) => handler(event, context)
}
