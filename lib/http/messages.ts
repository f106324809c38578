import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import type { LoginUrl, LogoutUrl } from '../redirect/login-url.ts'
import type { ReturnUrl } from '../redirect/return-url.ts'
import { type Cookies, cookies, type SetCookie } from './cookies.ts'
import { type Query, query } from './query.ts'

/** Facts collected while a request is handled, for the log, the metrics and the error response. */
export type Facts = {
  org?: string | undefined
  subject?: string | undefined
  /** The code that the log shows for a successful request, instead of `ok`. */
  code?: string
  /** Where the person can start the login again. */
  again?: LoginUrl | undefined
  /** Headers of the answer, even if it is an error. */
  headers?: Readonly<Record<string, string>>
  /** The organisation that a token claims, unverified. An error may offer a login there. */
  claimedOrg?: string | undefined
  /** The login that an error may offer. It is checked before it is offered. */
  login?: Readonly<{ org: string; callback: string }>
  /** On `/login-failed`, the request id of the refused callback. */
  refusedRequest?: string
  /** Cookies of the answer, even if it is an error, most important first. */
  cookies: SetCookie[]
}

/** A request, parsed from its event. */
export type Incoming = Readonly<{
  id: string
  /** When it arrived, in seconds since the epoch. All checks of the request use this time. */
  now: number
  /** The host name from API Gateway's context, never from a header. `sam local` does not set it. */
  domainName: string | undefined
  method: string | undefined
  /** The route's name in the service's route table. */
  route: string
  header(name: string): string | undefined
  /** The token of `Authorization: Bearer` (RFC 6750 section 2.1), or '' when the token is missing. */
  bearer: string | undefined
  /** The raw Cookie headers. `cookies` has them parsed. */
  cookieHeader: readonly string[]
  cookies: Cookies
  query: Query
  /** As it arrived, percent-encoding included. */
  rawPath: string | undefined
  path(name: string): string
  /** The body, after the chain has parsed it. */
  body: unknown
  facts: Facts
}>

/** The event members in use. `sam local` keeps the case of header names and sends cookies as a header. */
export type HttpEvent = Pick<APIGatewayProxyEventV2, 'rawQueryString' | 'isBase64Encoded'> & {
  rawPath?: string | undefined
  headers?: Record<string, string | undefined>
  cookies?: string[] | undefined
  body?: unknown
  pathParameters?: Record<string, string | undefined> | undefined
  requestContext: { requestId: string; domainName?: string; http?: { method: string } }
}

/** The same event with header names in lower case, as API Gateway sends them and `sam local` does not. */
export const lowerCased = (event: HttpEvent): HttpEvent => {
  const headers = Object.entries(event.headers ?? {})
  if (headers.some(([name]) => name !== name.toLowerCase()))
    event.headers = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]))
  return event
}

/** Reads a request from an event with `lowerCased` headers. `now` in seconds since the epoch. */
export const incoming = (event: HttpEvent, route: string, now: number): Incoming => {
  const { headers = {} } = event
  const header = (name: string) => (Object.hasOwn(headers, name) ? headers[name] : undefined)
  const cookieHeader = event.cookies ?? [header('cookie') ?? []].flat()
  return {
    id: event.requestContext.requestId,
    now,
    domainName: event.requestContext.domainName,
    method: event.requestContext.http?.method,
    route,
    header,
    bearer: bearerOf(header('authorization')),
    cookieHeader,
    cookies: cookies(cookieHeader),
    query: query(event.rawQueryString ?? ''),
    rawPath: event.rawPath,
    path: (name) => event.pathParameters?.[name] ?? '',
    get body() {
      return event.body
    },
    facts: { cookies: [] },
  }
}

/**
 * Everything after the scheme and its spaces, valid or not: a bad bearer must not fall back to the cookie.
 */
const bearerOf = (authorization: string | undefined): string | undefined =>
  /^\s*bearer(?: +|(?![\w-]))(.*)/is.exec(authorization ?? '')?.[1]

/** A response to API Gateway, in payload format 2.0. */
export type Answer = {
  statusCode: number
  headers: Record<string, string>
  cookies?: string[]
  body?: string
}

/** An answer with a body. Only this file sets status codes. */
export const answer = (status: number, type: string, body: string): Answer => ({
  statusCode: status,
  headers: { 'content-type': `${type}; charset=utf-8` },
  body,
})

/** 200 with JSON. A `statusCode` member is not allowed: the known client would stop polling for good. */
export const ok = <T extends object>(body: T & { statusCode?: never }): Answer =>
  answer(200, 'application/json', JSON.stringify(body))

/** 200 without a body, with these headers. */
export const granted = (headers: Readonly<Record<string, string>>): Answer => ({
  statusCode: 200,
  headers: { ...headers },
})

/** A redirect to a checked URL. 303 after a POST: RFC 9700 section 4.12. */
export const redirect = (status: 302 | 303, to: ReturnUrl | LoginUrl | LogoutUrl): Answer => ({
  statusCode: status,
  headers: { location: to },
})

/** Maximum bytes of response headers. API Gateway allows 10,240; proxies in front of it often only 8 kB. */
const maxHeaderBytes = 8000

/** The answer with as many of the cookies as fit, in the given order. */
export const withCookies = (answer: Answer, cookies: readonly SetCookie[]): Answer => {
  let bytes = Object.entries(answer.headers).reduce(
    (sum, [name, value]) => sum + name.length + value.length + 4,
    0,
  )
  const fitting = [...new Set([...(answer.cookies ?? []), ...cookies])].filter((cookie) => {
    bytes += 'set-cookie: '.length + cookie.length + 2
    return bytes <= maxHeaderBytes
  })
  return fitting.length === 0 ? answer : { ...answer, cookies: fitting }
}
