import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import type { LoginUrl, LogoutUrl } from '../redirect/login-url.ts'
import type { ReturnUrl } from '../redirect/return-url.ts'
import { type Cookies, cookies, type SetCookie } from './cookies.ts'
import { type Query, query } from './query.ts'

/** What is learned about a request on its way: for the log, the metrics and the answer to a failure. */
export type Facts = {
  org?: string | undefined
  subject?: string | undefined
  /** The code of a success that has one, for the log. */
  code?: string
  /** Where a person may start the login again. */
  again?: LoginUrl
  /** Headers that go with the answer even when it is a refusal. */
  headers?: Readonly<Record<string, string>>
  /** Organisation that a token claims. Not verified: it names where a new login could begin. */
  claimedOrg?: string
  /** The login that a refusal may offer. Judged before it is offered. */
  login?: Readonly<{ org: string; callback: string }>
  /** The request id of the refused callback that a page of `/login-failed` is about. */
  refusedRequest?: string
  /** Cookies of the answer, success or refusal, the most important first. The chain sets them. */
  cookies: SetCookie[]
}

/** A request, independent of the event it came in. */
export type Incoming = Readonly<{
  id: string
  /** When it arrived, in seconds since the epoch. Everything about the request is judged at this time. */
  now: number
  /** The host at which API Gateway took the request; never read from a header. `sam local` names none. */
  domainName: string | undefined
  /** The route's name in the service's route table. */
  route: string
  header(name: string): string | undefined
  /**
   * The token of `Authorization: Bearer`, or an empty string for a bearer without one. RFC 6750 section 2.1.
   */
  bearer: string | undefined
  /** The raw Cookie header, and the same parsed. */
  cookieHeader: readonly string[]
  cookies: Cookies
  query: Query
  /** As it arrived, percent-encoding included. */
  rawPath: string | undefined
  path(name: string): string
  /** The body, once the chain has parsed it. */
  body: unknown
  facts: Facts
}>

/**
 * The members of an event that are read. `sam local` keeps the case of header names and leaves the cookie
 * header in place.
 */
export type HttpEvent = Pick<APIGatewayProxyEventV2, 'rawQueryString' | 'isBase64Encoded'> & {
  rawPath?: string | undefined
  headers?: Record<string, string | undefined>
  cookies?: string[] | undefined
  body?: unknown
  pathParameters?: Record<string, string | undefined> | undefined
  requestContext: { requestId: string; domainName?: string; http?: { method: string } }
}

/**
 * The same event with the names of its headers in lower case, as API Gateway sends them and `sam local` does
 * not.
 */
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
 * Everything after the scheme and its spaces is the token, valid or not: a bearer never falls back to the
 * cookie.
 */
const bearerOf = (authorization: string | undefined): string | undefined =>
  /^\s*bearer(?: +|(?![\w-]))(.*)/is.exec(authorization ?? '')?.[1]

/** What API Gateway is given: payload format 2.0. */
export type Answer = {
  statusCode: number
  headers: Record<string, string>
  cookies?: string[]
  body?: string
}

/** An answer with a body. Statuses are written in this file alone. */
export const answer = (status: number, type: string, body: string): Answer => ({
  statusCode: status,
  headers: { 'content-type': `${type}; charset=utf-8` },
  body,
})

/**
 * 200 with JSON. The known client stops polling for good when it sees a member `statusCode`, so none is
 * allowed.
 */
export const ok = <T extends object>(body: T & { statusCode?: never }): Answer =>
  answer(200, 'application/json', JSON.stringify(body))

/** 200 without a body, with these headers. */
export const granted = (headers: Readonly<Record<string, string>>): Answer => ({
  statusCode: 200,
  headers: { ...headers },
})

/** A redirect to a branded address. 303 after a POST: RFC 9700 section 4.12. */
export const redirect = (status: 302 | 303, to: ReturnUrl | LoginUrl | LogoutUrl): Answer => ({
  statusCode: status,
  headers: { location: to },
})

/** Response headers of one answer, bytes. API Gateway allows 10,240; proxies in front of it often 8 kB. */
const maxHeaderBytes = 8000

/** The answer with as many of the cookies as fit, in order of importance. */
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
