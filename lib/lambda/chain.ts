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
import { named } from '../log.ts'

/** The middleware chain from an event to an answer. Each service brings its own route table and catalogue. */

/** A route: a request in, an answer out, or a failure of the service's catalogue thrown. */
export type Handle = (request: Incoming) => Promise<Answer>

/** A route as Lambda calls it. */
export type Endpoint = (event: HttpEvent, context: Context) => Promise<Answer>

type Failure<Code extends string> = Readonly<{ code: Code; cause: unknown }>

/** One request on its way through the chain. `began` in milliseconds. */
export type Visit<Code extends string> = {
  readonly request: Incoming
  readonly began: number
  failure?: Failure<Code>
}

/** What the chain asks a service about one of its routes. */
export type RouteParts<Code extends string> = Readonly<{
  /** The route's name in the service's route table. */
  name: string
  /** Seconds since the epoch; read once for each request. */
  now: () => number
  /** Refuses a request that the route does not serve. */
  check: (request: Incoming) => void
  /** Refuses a request of the wrong form: before the route is asked, or after it where the row says so. */
  checkForm: (request: Incoming, event: HttpEvent) => void
  formJudgedLast: boolean
  /** Parses the body, where the route has one. */
  body?: MiddlewareObj<HttpEvent> | undefined
  failureOf: (error: unknown) => Failure<Code>
  /** Thrown when Lambda is about to end the function. */
  outOfTime: () => Error
  respond: (request: Incoming, code: Code) => Promise<Answer>
  /** Reports the visit and makes the answer safe to send. */
  finish: (visit: Visit<Code>, answer: Answer, event: HttpEvent) => Answer
}>

/** Reserved before Lambda's timeout, in milliseconds, so that our 503 comes before API Gateway's 500. */
const reserve = 250

const isHead = ({ requestContext }: HttpEvent): boolean => requestContext.http?.method === 'HEAD'

/** Distinguishes people in the log without naming them. Anybody who knows a subject can compute it. */
const pseudonym = ({ org, subject }: Facts): string | undefined =>
  subject === undefined ? undefined : hash('sha256', JSON.stringify([org, subject]), 'base64url').slice(0, 16)

/** The code in the log line and the metrics of a visit. */
export const codeOfVisit = ({ request, failure }: Visit<string>): string =>
  failure?.code ?? request.facts.code ?? 'ok'

/** The fields of a log line. The event is never part of it. `at` in milliseconds. */
export const visitLine = (visit: Visit<string>, status: number, at: number): Record<string, unknown> => {
  const { request, began, failure } = visit
  return {
    time: new Date(at).toISOString(),
    status,
    code: codeOfVisit(visit),
    ms: Math.round((performance.now() - began) * 10) / 10,
    id: request.id,
    org: request.facts.org,
    subject: pseudonym(request.facts),
    cause: named(failure?.cause),
  }
}

/**
 * Middy runs `after` and `onError` in reverse: what is registered first runs last, so that a refusal is
 * hardened and logged like any other answer.
 */
export const chain = <Code extends string>(parts: RouteParts<Code>, handle: Handle): Endpoint => {
  const visits = new WeakMap<HttpEvent, Visit<Code>>()

  const visitOf = (event: HttpEvent): Visit<Code> => {
    const known = visits.get(event)
    if (known !== undefined) return known
    const visit = { request: incoming(lowerCased(event), parts.name, parts.now()), began: performance.now() }
    visits.set(event, visit)
    return visit
  }

  const finish = (on: { event: HttpEvent; response: Answer | null | undefined }): void => {
    if (!on.response) return
    const visit = visitOf(on.event)
    const { body, ...bodiless } = withCookies(
      parts.finish(visit, on.response, on.event),
      visit.request.facts.cookies,
    )
    // RFC 9110 section 9.3.2: HEAD is answered with the headers of GET and without its body.
    on.response = isHead(on.event) || body === undefined ? bodiless : { ...bodiless, body }
  }

  const answerProblem = async (on: {
    event: HttpEvent
    error: unknown
    response: Answer | null | undefined
  }): Promise<void> => {
    const visit = visitOf(on.event)
    visit.failure = parts.failureOf(on.error)
    on.response = await parts.respond(visit.request, visit.failure.code)
  }

  const made = middy<HttpEvent, Answer, Error, Context>({
    timeoutEarlyInMillis: reserve,
    timeoutEarlyResponse: () => {
      throw parts.outOfTime()
    },
  })
    .use({ after: finish, onError: finish })
    .use({ onError: answerProblem })
    .before(({ event }) => parts.check(visitOf(event).request))
  const wellFormed = ({ event }: { event: HttpEvent }): void => parts.checkForm(visitOf(event).request, event)
  // The size is checked before parsing. Every failure of the parser is a bad body.
  if (parts.formJudgedLast) made.after(wellFormed)
  else made.before(wellFormed)
  if (parts.body) made.use(parts.body)
  return made.handler((event: HttpEvent) => handle(visitOf(event).request)) as Endpoint
}
