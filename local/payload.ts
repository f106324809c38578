import { validateHeaderName, validateHeaderValue } from 'node:http'

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
  sourceIp: string
  /** HTTP/1.1 and the like. */
  protocol: string
}>

/** The route that was chosen, and the values of its parameters, decoded. */
export type Chosen = Readonly<{ routeKey: string; pathParameters: Readonly<Record<string, string>> }>

/** The response to the browser. A header may occur more than once, like `set-cookie`. */
export type Outgoing = Readonly<{ status: number; headers: readonly [string, string][]; body: Buffer }>

/** Request line and header values together: "Quotas for configuring and running an HTTP API". */
export const headerLimit = 10_240
export const bodyLimit = 10 * 1024 * 1024

/** API Gateway's own error responses. */
export const refusals = {
  badRequest: [400, 'Bad Request'], // (unverified)
  notFound: [404, 'Not Found'],
  tooLarge: [413, 'Request Entity Too Large'],
  headersTooLarge: [431, 'Request Header Fields Too Large'], // (unverified)
  failed: [500, 'Internal Server Error'],
  unavailable: [503, 'Service Unavailable'], // (unverified)
} as const

/** One of API Gateway's own error responses: a JSON object with a `message`. */
export const refusal = (name: keyof typeof refusals): Outgoing => {
  const [status, message] = refusals[name]
  return {
    status,
    headers: [['content-type', 'application/json']],
    body: Buffer.from(JSON.stringify({ message })),
  }
}

/** Path and query of a request target, both still encoded. */
export const splitTarget = (target: string): { path: string; query: string } => {
  const mark = target.indexOf('?')
  return mark < 0
    ? { path: target, query: '' }
    : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

/** The size that `headerLimit` limits. */
export const headerSize = ({ method, target, rawHeaders }: Omit<Incoming, 'body'>): number =>
  `${method} ${target} HTTP/1.1`.length +
  rawHeaders.reduce((sum, text, index) => (index % 2 ? sum + text.length : sum), 0)

const joined = (pairs: Iterable<readonly [string, string]>): Record<string, string> => {
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
const isText = (headers: Record<string, string>): boolean =>
  /^(text\/[^;]+|application\/(json|xml|javascript))\s*(;|$)/i.test(headers['content-type'] ?? '') &&
  (headers['content-encoding'] ?? 'identity') === 'identity'

const forwarding = (headers: Record<string, string>, { sourceIp }: Incoming): Record<string, string> => ({
  'x-forwarded-for': headers['x-forwarded-for'] ? `${headers['x-forwarded-for']}, ${sourceIp}` : sourceIp,
  'x-forwarded-proto': 'http',
})

/**
 * The event for a request, without members that only AWS can fill. Empty members are missing, not null. The
 * path must be validly encoded.
 */
export const eventFrom = (request: Incoming, chosen: Chosen, requestId: string) => {
  const { path, query } = splitTarget(request.target)
  const rawPath = decodeURIComponent(path)
  const pairs = headerPairs(request.rawHeaders)
  const cookies = pairs.flatMap(([name, value]) => (name === 'cookie' && value ? value.split('; ') : []))
  const headers = joined(pairs.filter(([name]) => name !== 'cookie'))
  const { host = 'localhost' } = headers
  const text = isText(headers)

  return {
    version: '2.0',
    routeKey: chosen.routeKey,
    rawPath,
    rawQueryString: query,
    ...(cookies.length > 0 && { cookies }),
    headers: { ...headers, ...forwarding(headers, request) },
    ...(query !== '' && { queryStringParameters: joined(new URLSearchParams(query)) }),
    requestContext: {
      domainName: host.replace(/:\d+$/, ''),
      http: {
        method: request.method,
        path: rawPath,
        protocol: request.protocol,
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId,
      routeKey: chosen.routeKey,
      stage: '$default',
    },
    ...(Object.keys(chosen.pathParameters).length > 0 && { pathParameters: chosen.pathParameters }),
    ...(request.body.length > 0 && { body: request.body.toString(text ? 'utf8' : 'base64') }),
    isBase64Encoded: request.body.length > 0 && !text,
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Headers of the connection, which belong to the front end and not to the function. */
const ownHeaders = new Set(['connection', 'content-length', 'keep-alive', 'transfer-encoding', 'upgrade'])

class Malformed extends Error {}

const header = (name: string, value: unknown): [string, string] => {
  if (!['string', 'number', 'boolean'].includes(typeof value)) throw new Malformed('header')
  validateHeaderName(name)
  validateHeaderValue(name, String(value))
  return [name.toLowerCase(), String(value)]
}

const proper = (result: Record<string, unknown>): Outgoing => {
  const { statusCode, headers = {}, cookies = [], body = '', isBase64Encoded = false } = result
  const status = Number(statusCode)
  if (!Number.isInteger(status) || status < 200 || status > 599) throw new Malformed('statusCode')
  if (!isRecord(headers) || !Array.isArray(cookies)) throw new Malformed('headers or cookies')
  if (typeof body !== 'string' || typeof isBase64Encoded !== 'boolean') throw new Malformed('body')

  const own = Object.entries(headers)
    .map(([name, value]) => header(name, value))
    .filter(([name]) => !ownHeaders.has(name))
  const typed = body === '' || own.some(([name]) => name === 'content-type')
  return {
    status,
    headers: [
      ...own,
      ...(typed ? [] : [header('content-type', 'text/plain;charset=UTF-8')]), // (unverified)
      ...cookies.map((cookie) => header('set-cookie', cookie)),
    ],
    body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'),
  }
}

/**
 * The response for a function's result, which is JSON text. A malformed result is a 500, and so is one
 * without a status, which API Gateway would accept: no function of this project returns one.
 */
export const answerFrom = (json: string): Outgoing => {
  try {
    const result: unknown = JSON.parse(json)
    if (!isRecord(result)) throw new Malformed('result')
    return proper(result)
  } catch {
    return refusal('failed')
  }
}
