import type { Context } from 'aws-lambda'
import type { Answer } from '../../lib/http/messages.ts'
import { type EndpointName, methodAndPath, routes } from '../../lib/routes.ts'

/** Requests as a test says them, as API Gateway passes them on, and what a browser makes of the answers. */

export const publicUrl = 'https://gw.example.test'

/** The settings without which no function starts. */
export const requiredSettings = {
  PUBLIC_URL: publicUrl,
  IMAS_URL: 'https://imas.example.test',
  TOKEN_ISSUER: 'unchecked',
  TOKEN_AUDIENCE: 'unchecked',
}

/** A request as a test says it. Cookies are raw pairs. */
export type Request = Readonly<{
  query?: string
  headers?: Record<string, string>
  cookies?: readonly string[]
  body?: string
  base64?: boolean
  path?: Record<string, string>
  bearer?: string
  /** HEAD, where a route answers that too. */
  method?: 'HEAD'
  /** The host at which API Gateway took it. */
  domainName?: string
}>

let requests = 0

/** The event that API Gateway makes of it: payload format 2.0. */
export const eventOf = (name: EndpointName, request: Request) => {
  const at = methodAndPath(routes[name])
  const { method = at?.method ?? 'GET', domainName } = request
  const path = at?.path ?? ''
  const rawPath = path.replace('{org}', request.path?.org ?? '')
  return {
    version: '2.0',
    routeKey: `${method} ${path}`,
    rawPath,
    rawQueryString: request.query ?? '',
    headers: {
      ...(request.bearer === undefined ? {} : { authorization: `Bearer ${request.bearer}` }),
      ...Object.fromEntries(
        Object.entries(request.headers ?? {}).map(([key, value]) => [key.toLowerCase(), value]),
      ),
    },
    ...(request.cookies === undefined ? {} : { cookies: [...request.cookies] }),
    ...(request.path === undefined ? {} : { pathParameters: request.path }),
    ...(request.body === undefined ? {} : { body: request.body }),
    isBase64Encoded: request.base64 ?? false,
    requestContext: {
      requestId: `request-${++requests}`,
      ...(domainName === undefined ? {} : { domainName }),
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
      stage: '$default',
    },
  }
}

export const context = {
  awsRequestId: 'test',
  functionName: 'test',
  // Long enough for a machine that is busy with other tests: running out of time has tests of its own.
  getRemainingTimeInMillis: () => 60_000,
} as unknown as Context

/** A `Set-Cookie` value taken apart. */
export type Crumb = Readonly<{ name: string; value: string; attributes: readonly string[] }>

export const crumb = (text: string): Crumb => {
  const [pair = '', ...attributes] = text.split('; ')
  const end = pair.indexOf('=')
  return { name: pair.slice(0, end), value: pair.slice(end + 1), attributes }
}

/** The cookies that an answer sets, and the names of those it takes away. */
export const set = (answer: Answer): Crumb[] =>
  (answer.cookies ?? []).map(crumb).filter(({ value }) => value !== '')
export const cleared = (answer: Answer): string[] => [
  ...new Set((answer.cookies ?? []).map(crumb).flatMap(({ name, value }) => (value === '' ? [name] : []))),
]

/** The `code` of a refusal, asked for as a problem document. */
export const codeOf = (answer: Answer): string => JSON.parse(answer.body ?? '{}').code ?? ''

/** The domain and path of a cookie, which with its name say where a browser keeps it. */
const slotOf = ({ attributes }: Crumb): string =>
  attributes.filter((attribute) => /^(Domain|Path)=/.test(attribute)).join()

/** A browser's cookies, kept from answer to answer. Clearing another slot leaves a cookie where it is. */
export const browser = () => {
  const cookies = new Map<string, string>()
  const slots = new Map<string, string>()
  return {
    take: (answer: Answer): Answer => {
      for (const one of (answer.cookies ?? []).map(crumb)) {
        if (one.value === '' && (slots.get(one.name) ?? 'Path=/') !== slotOf(one)) continue
        one.value === '' ? cookies.delete(one.name) : cookies.set(one.name, one.value)
        slots.set(one.name, slotOf(one))
      }
      return answer
    },
    pairs: (): string[] => [...cookies].map(([name, value]) => `${name}=${value}`),
    cookies,
  }
}

/** Same-origin, as a page of ours sends a POST. */
export const fromOurPage = { origin: publicUrl }
/** What a browser adds to a link that is followed. */
export const navigation = {
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'cross-site',
}
export const asProblem = { accept: 'application/problem+json' }

/** Names of our own cookies without what is the same in all of them or random: `seal`, `rounds`, `login`. */
const shortName = ({ name }: Crumb): string => name.replace(/^__Host-imsg-(seal|rounds|login).*/, '$1')

/**
 * All that an answer does, to be compared as a whole: what is not in it did not happen. `code`: of a problem
 * document. `sets` and `clears`: names of cookies.
 */
export const effect = (answer: Answer): Record<string, unknown> => {
  const crumbs = (answer.cookies ?? []).map(crumb)
  const names = (which: readonly Crumb[]) => [...new Set(which.map(shortName))].join(' ')
  const all = {
    status: answer.statusCode,
    code: answer.headers['content-type']?.startsWith('application/problem+json') ? codeOf(answer) : '',
    to: answer.headers.location ?? '',
    sets: names(crumbs.filter(({ value }) => value !== '')),
    clears: names(crumbs.filter(({ value }) => value === '')),
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
}
