import type { BrowserApis } from './browser.ts'

/** A refusal or failure. `code` is stable and for programs; `message` is for people. */
export class ImsgError extends Error {
  /** The HTTP status, or 0 without an answer. */
  readonly status: number
  readonly code: string
  /** Seconds after which to retry, if the response has `Retry-After`. */
  readonly retryAfter: number | undefined

  constructor(status: number, code: string, message = code, cause?: unknown, retryAfter?: number) {
    super(message, { cause })
    this.name = 'ImsgError'
    this.status = status
    this.code = code
    this.retryAfter = retryAfter
  }
}

/** The body of a successful answer. Members beyond `msg` are the route's own. */
export type Body = { msg: string; [member: string]: unknown }

/** `msg` in place of the body of a redirect, which a script cannot read. */
export const elsewhere = 'elsewhere'

/** Timeout of a request, in milliseconds. */
const timeout = 15_000
/** The documented key of the gateway's own 401. */
const signedOutKey = 'errors.auth.MissingToken'

/** `Retry-After` (RFC 9110 section 10.2.3) in seconds. Its other form, a date, is ignored. */
const retryAfterOf = ({ headers }: Response): number | undefined =>
  Number(/^\d+$/.exec(headers.get('retry-after') ?? '')) || undefined

const noAnswer = (cause: unknown): never => {
  throw new ImsgError(0, 'no_answer', 'The gateway did not answer', cause)
}

const isBody = (body: unknown): body is Body => typeof Object(body).msg === 'string'

const errorFrom = (response: Response, body: unknown): ImsgError => {
  const { status, ok } = response
  const { key = body, code, title } = Object(body)
  // Without `msg` or the key it is from another server: a captive portal, a proxy, or the service itself.
  const foreign = ok || (status === 401 && key !== signedOutKey)
  const named = [code, body].find((each) => typeof each === 'string') ?? `http_${status}`
  const reason = foreign ? 'not_the_gateway' : named
  const wait = retryAfterOf(response)
  const busy = `Too many requests${wait ? `, ask again in ${wait} s` : ''}`
  const message = typeof title === 'string' ? title : status === 429 ? busy : reason
  return new ImsgError(status, reason, message, undefined, wait)
}

/** Sends one request to the gateway. Rejects with an `ImsgError`. */
export type Call = (
  method: 'GET' | 'POST',
  path: string,
  more?: RequestInit,
  control?: AbortController,
) => Promise<Body>

/** Requests to the gateway at `base`. Each ends after 15 seconds, or when its `control` is aborted. */
export const callsTo =
  (browser: BrowserApis, base: string): Call =>
  async (method, path, more = {}, control = new AbortController()) => {
    const { signal } = control
    const headers = { accept: 'application/problem+json', ...more.headers }
    const init: RequestInit = { method, credentials: 'include', cache: 'no-store', signal, ...more, headers }
    const stop = browser.later(() => control.abort(), timeout)
    const answered = async () => {
      const response = await browser.fetch(base + path, init)
      const body: unknown = await response.json().catch((cause: unknown) => signal.aborted && noAnswer(cause))
      return { response, body }
    }
    const { response, body } = await answered().catch(noAnswer).finally(stop)
    if (response.type === 'opaqueredirect') return { msg: elsewhere }
    if (response.ok && isBody(body)) return body
    throw errorFrom(response, body)
  }
