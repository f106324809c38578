import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { preflight, withCors } from './cors.ts'
import type { Functions } from './functions.ts'
import {
  answerFrom,
  eventFrom,
  headerLimit,
  headerSize,
  type Incoming,
  type Outgoing,
  refusal,
  splitTarget,
} from './payload.ts'
import { type Match, router } from './routing.ts'
import type { Plan } from './template.ts'

/** Serves requests for paths without a route. Resolves to whether it did. */
export type Fallback = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>

/** A response to HEAD has no content-length: RFC 9110 section 8.6 allows either the length of GET or none. */
const write = (response: ServerResponse, { status, headers, body }: Outgoing): void => {
  const names = new Map<string, string[]>()
  for (const [name, value] of headers) names.set(name, [...(names.get(name) ?? []), value])
  for (const [name, values] of names) response.setHeader(name, values.length > 1 ? values : (values[0] ?? ''))
  response.statusCode = status
  const bodiless = response.req.method === 'HEAD' || status === 204 || status === 304
  if (!bodiless) response.setHeader('content-length', body.length)
  response.end(body)
}

/** The HTTP front end in place of API Gateway, with the routes of the current plan. */
export class Gateway {
  readonly #functions: Functions
  readonly #fallback: Fallback
  #find: ReturnType<typeof router<string>> = () => undefined
  #cors: Plan['cors']

  constructor(functions: Functions, fallback: Fallback = async () => false) {
    this.#functions = functions
    this.#fallback = fallback
  }

  use({ routes, cors }: Pick<Plan, 'routes' | 'cors'>): void {
    this.#find = router(routes)
    this.#cors = cors
  }

  readonly listener: RequestListener = (request, response) => {
    this.#serve(request, response).catch((error: NodeJS.ErrnoException) => {
      // The browser has closed the connection.
      if (response.destroyed || error.code === 'ECONNRESET') return
      if (response.headersSent) response.destroy()
      else write(response, refusal('failed'))
    })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: target = '/', rawHeaders } = request
    const { origin } = request.headers
    const parts = { method, target, rawHeaders }
    const answer = (outgoing: Outgoing) => write(response, withCors(this.#cors, origin, outgoing))
    const { path } = splitTarget(target)

    if (headerSize(parts) > headerLimit) return answer(refusal('headersTooLarge'))
    if (this.#cors && origin && method === 'OPTIONS' && request.headers['access-control-request-method'])
      return write(response, preflight(this.#cors, origin))

    const match = this.#find(method, path)
    if (match === 'malformed') return answer(refusal('badRequest'))
    const unmatched = !match || match.routeKey === '$default'
    if (unmatched && !path.startsWith('/imsg-service/') && (await this.#fallback(request, response))) return
    if (!match) return answer(refusal('notFound'))

    answer(await this.#call(match, { ...parts, body: await buffer(request) }))
  }

  async #call(match: Match<string>, request: Incoming): Promise<Outgoing> {
    const requestId = randomUUID()
    const event = eventFrom(request, match, requestId)
    const outcome = await this.#functions.invoke(match.to, JSON.stringify(event), requestId)
    const answer = outcome && !outcome.failed ? answerFrom(outcome.json) : refusal('failed')
    return { ...answer, headers: [...answer.headers, ['apigw-requestid', requestId]] }
  }
}
