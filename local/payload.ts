import { isJsonObject, type JsonObject } from '../lib/json-object.ts'
import { objectIn } from './json.ts'

/**
 * What API Gateway does between HTTP and a function with payload format 2.0. All of its behaviour that this
 * project relies on is in this file. Facts marked (unverified) were not found in its documentation.
 */

/** The parts of an HTTP request, as `node:http` has them. */
export type Incoming = Readonly<{
  method: string
  /** The request target: path and query, still encoded. */
  target: string
  /** Names and values alternately, as received. */
  rawHeaders: readonly string[]
  body: Buffer
}>

/** The route that was chosen, and the values of its parameters, decoded. */
export type MatchedRoute = Readonly<{ routeKey: string; pathParameters: Readonly<Record<string, string>> }>

/** The response to the browser. A header may occur more than once, like `set-cookie`. */
export type Outgoing = Readonly<{ status: number; headers: readonly [string, string][]; body: Buffer }>

/** Request line and header values together: "Quotas for configuring and running an HTTP API". */
export const headerLimit = 10_240

/** API Gateway's own error responses. */
const refusals = {
  badRequest: [400, 'Bad Request'], // (unverified)
  notFound: [404, 'Not Found'],
  headersTooLarge: [431, 'Request Header Fields Too Large'], // (unverified)
  failed: [500, 'Internal Server Error'],
} as const

/** One of API Gateway's own error responses: a JSON object with a `message`. */
export const refusal = (name: keyof typeof refusals): Outgoing => {
  const [status, message] = refusals[name]
  const body = Buffer.from(JSON.stringify({ message }))
  return { status, headers: [['content-type', 'application/json']], body }
}

/** Path and query of a request target, both still encoded. */
export const splitTarget = (target: string): { path: string; query: string } => {
  const [path = ''] = target.split('?', 1)
  return { path, query: target.slice(path.length + 1) }
}

/** The size that `headerLimit` limits. */
export const headerSize = ({ method, target, rawHeaders }: Omit<Incoming, 'body'>): number =>
  `${method} ${target} HTTP/1.1`.length +
  rawHeaders.reduce((sum, text, index) => (index % 2 ? sum + text.length : sum), 0)

const joined = (pairs: readonly [string, string][]): Record<string, string> => {
  const values = new Map<string, string>()
  for (const [name, value] of pairs) {
    const earlier = values.get(name)
    values.set(name, earlier === undefined ? value : `${earlier},${value}`)
  }
  return Object.fromEntries(values)
}

const headerPairs = (rawHeaders: readonly string[]): [string, string][] => {
  const pairs: [string, string][] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2)
    pairs.push([(rawHeaders[index] ?? '').toLowerCase(), rawHeaders[index + 1] ?? ''])
  return pairs
}

/** Whether a body is passed as text. Forms, `+json` types (unverified) and everything else are base64. */
const isText = (type: string): boolean =>
  /^(text\/[^;]+|application\/(json|xml|javascript))\s*(;|$)/i.test(type)

/**
 * The event for a request, without members that no function reads. Empty members are missing, not null. The
 * path must be validly encoded.
 */
export const eventFrom = (request: Incoming, chosen: MatchedRoute, requestId: string) => {
  const { path, query } = splitTarget(request.target)
  const rawPath = decodeURIComponent(path)
  const pairs = headerPairs(request.rawHeaders)
  const cookies = pairs.flatMap(([name, value]) => (name === 'cookie' && value ? value.split('; ') : []))
  const headers = joined(pairs.filter(([name]) => name !== 'cookie'))
  const { host = 'localhost', 'content-type': type = '' } = headers
  const text = isText(type)

  return {
    version: '2.0',
    routeKey: chosen.routeKey,
    rawPath,
    rawQueryString: query,
    ...(cookies.length > 0 && { cookies }),
    headers,
    requestContext: {
      domainName: host.replace(/:\d+$/, ''),
      http: { method: request.method, path: rawPath },
      requestId,
      stage: '$default',
    },
    ...(Object.keys(chosen.pathParameters).length > 0 && { pathParameters: chosen.pathParameters }),
    ...(request.body.length > 0 && { body: request.body.toString(text ? 'utf8' : 'base64') }),
    isBase64Encoded: request.body.length > 0 && !text,
  }
}

/**
 * The response for a function's result, which is JSON text. A malformed result is a 500. So is one without a
 * status or with a base64 body, which API Gateway would accept: no function of this project returns one.
 */
export const answerFrom = (json: string): Outgoing => {
  const { statusCode: status, headers = {}, cookies = [], body = '' }: JsonObject = objectIn(json) ?? {}
  if (typeof status !== 'number' || !isJsonObject(headers) || !Array.isArray(cookies))
    return refusal('failed')
  if (typeof body !== 'string') return refusal('failed')
  const pairs = [...Object.entries(headers), ...cookies.map((cookie) => ['set-cookie', cookie] as const)]
  return {
    status,
    headers: pairs.map(([name, value]) => [name.toLowerCase(), String(value)]),
    body: Buffer.from(body),
  }
}
