import { createHash } from 'node:crypto'
import { AccessDenied, ConfigError, Unauthorized, Unavailable } from './errors.ts'
import { type Person, personInHeaders } from './person.ts'
import { queryOf, type Rule } from './rule.ts'

export { AccessDenied, ConfigError, Unauthorized, Unavailable } from './errors.ts'
export type { Person } from './person.ts'
export type { Rule } from './rule.ts'

type NodeHeaders = Readonly<Record<string, string | readonly string[] | undefined>>
type FetchHeaders = Readonly<{ get(name: string): string | null | undefined }>

/**
 * Headers of `node:http`, with names in lower case, or anything with `get`, like the `Headers` of `fetch`.
 */
export type RequestHeaders = NodeHeaders | FetchHeaders

/** How to reach the gateway, and how long to remember its answers. */
export type Settings = Readonly<{
  /** Address of the gateway: `https://id.example.com`. */
  gateway: string
  /** Where browsers reach this service: `https://editor.example.com`. Needed for redirects to the login. */
  origin?: string
  /** Seconds for which an answer is remembered: 2 by default, 0 for never, 60 at most. */
  remember?: number
  /** Name of the session cookie: `imidToken` by default. */
  cookie?: string
  /** Replaces the global `fetch`. */
  fetch?: typeof fetch
}>

/** Authorizes requests of a service. */
export type Authorization = Readonly<{
  /** The person of a request, if the rule holds. Throws one of the four errors. */
  authorize(headers: RequestHeaders, rule: Rule & { required: false }): Promise<Person | undefined>
  authorize(headers: RequestHeaders, rule: Rule): Promise<Person>
  /** URL of the login at an organisation that returns to `page`. */
  login(org: string, page: string): string
  /** URL of the login for a navigation that was refused with `Unauthorized`, otherwise undefined. */
  loginFor(
    error: unknown,
    rule: Rule,
    request: Readonly<{ method?: string | undefined; url?: string | undefined; headers: RequestHeaders }>,
  ): string | undefined
}>

/** Answers in memory. The oldest is dropped first. */
const maxRemembered = 10_000
/** Timeout of a question to the gateway, in milliseconds. */
const timeout = 3000

const isFetchHeaders = (headers: RequestHeaders): headers is FetchHeaders =>
  'get' in headers && typeof headers.get === 'function'

const headerOf = (headers: RequestHeaders, name: string): string => {
  if (isFetchHeaders(headers)) return headers.get(name) ?? ''
  const value = headers[name] ?? ''
  return typeof value === 'string' ? value : value.join(name === 'cookie' ? '; ' : ', ')
}

const isLoopback = ({ hostname }: URL): boolean =>
  /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)

const originIn = (name: string, text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))))
    throw new ConfigError(`${name}: has to be https, or http on localhost`)
  return url.origin
}

const settingsIn = (settings: Settings) => {
  const { remember = 2, cookie = 'imidToken', origin, fetch: ask = fetch } = settings
  if (!(remember >= 0 && remember <= 60)) throw new ConfigError('remember: has to be 0 to 60 seconds')
  return {
    gateway: originIn('gateway', settings.gateway),
    origin: origin === undefined ? undefined : originIn('origin', origin),
    remember: remember * 1000,
    ours: [`${cookie}=`, '__Host-imsg-seal=', 'imsg-seal='],
    ask,
  }
}

/** The headers sent to the gateway: a bearer, or else session cookie and seal. No other cookie is sent. */
const credentialsIn = (
  headers: RequestHeaders,
  ours: readonly string[],
): Record<string, string> | undefined => {
  const authorization = headerOf(headers, 'authorization')
  if (/^\s*bearer(?![\w-])/i.test(authorization)) return { authorization }
  const pairs = headerOf(headers, 'cookie')
    .split(';')
    .map((pair) => pair.trim())
  const cookie = pairs
    // A session cookie has only characters that are valid in a header.
    .filter((pair) => ours.some((start) => pair.startsWith(start)) && /^[ -~]*$/.test(pair))
    .join('; ')
  return cookie === '' ? undefined : { cookie }
}

/** Whether Fetch Metadata says that this is a navigation. Without it, whether the client accepts a page. */
const isNavigation = (method: string | undefined, headers: RequestHeaders): boolean => {
  if (method !== 'GET' && method !== 'HEAD') return false
  const [mode, dest] = [headerOf(headers, 'sec-fetch-mode'), headerOf(headers, 'sec-fetch-dest')]
  if (/prefetch|prerender/i.test(headerOf(headers, 'sec-purpose') + headerOf(headers, 'purpose')))
    return false
  if (mode === '') return /text\/html/.test(headerOf(headers, 'accept'))
  return mode === 'navigate' && /^(?:document|empty|)$/.test(dest)
}

type Ask = Readonly<{ gateway: string; ask: typeof fetch }>

/** The response of the gateway. Throws `Unavailable` when there is none or it cannot be read. */
const responseTo = async (
  { gateway, ask }: Ask,
  headers: Record<string, string>,
  query: string,
  unit: string | undefined,
): Promise<{ status: number; person: Person | undefined }> => {
  try {
    const init = { headers, redirect: 'manual', signal: AbortSignal.timeout(timeout) } as const
    const response = await ask(`${gateway}/imsg-service/v1/authorize?${query}`, init)
    await response.arrayBuffer()
    const { status } = response
    const person = status === 200 ? personInHeaders((name) => response.headers.get(name), unit) : undefined
    return { status, person }
  } catch (error) {
    throw new Unavailable(error)
  }
}

/** One question to the gateway. Throws one of the four errors. */
const askGateway = async (
  to: Ask,
  headers: Record<string, string>,
  query: string,
  { org, unit }: Rule,
): Promise<Person> => {
  const { status, person } = await responseTo(to, headers, query, unit)
  if (status === 401) throw new Unauthorized()
  if (status === 403) throw new AccessDenied()
  if (status === 400) throw new ConfigError(`the gateway refuses the rule ${query}`)
  // A 200 without a person, or with one of another organisation, is not from the gateway.
  if (person === undefined || (org !== '*' && person.org !== org)) throw new Unavailable(status)
  return person
}

/** Shares one answer between requests with the same key: while it is pending, and for `remember` ms. */
const answerCache = (remember: number) => {
  const answers = new Map<string, { until: number; answer: Promise<Person> }>()
  return (key: string, ask: () => Promise<Person>): Promise<Person> => {
    const before = answers.get(key)
    if (before !== undefined && before.until > performance.now()) return before.answer
    const answer = ask()
    // Concurrent requests wait for a pending answer. Its age counts from when it was requested.
    const entry = { until: Number.POSITIVE_INFINITY, answer }
    const until = performance.now() + remember
    const settled = (error?: unknown): void => {
      entry.until = until
      if ((error instanceof Unavailable || remember === 0) && answers.get(key) === entry) answers.delete(key)
    }
    answer.then(() => settled(), settled)
    answers.delete(key)
    answers.set(key, entry)
    const [oldest] = answers.keys()
    if (answers.size > maxRemembered && oldest !== undefined) answers.delete(oldest)
    return answer
  }
}

/** Asks the gateway who a person is and what they may do. */
export const authorization = (settings: Settings): Authorization => {
  const { gateway, origin, remember, ours, ask } = settingsIn(settings)
  const cached = answerCache(remember)

  function authorize(headers: RequestHeaders, rule: Rule & { required: false }): Promise<Person | undefined>
  function authorize(headers: RequestHeaders, rule: Rule): Promise<Person>
  async function authorize(headers: RequestHeaders, rule: Rule): Promise<Person | undefined> {
    const query = queryOf(rule)
    const credentials = credentialsIn(headers, ours)
    try {
      if (credentials === undefined) throw new Unauthorized()
      const key = createHash('sha256')
        .update(JSON.stringify([credentials, query]))
        .digest('base64url')
      return await cached(key, () => askGateway({ gateway, ask }, credentials, query, rule))
    } catch (error) {
      if (rule.required === false && error instanceof Unauthorized) return undefined
      throw error
    }
  }

  const login = (org: string, page: string): string =>
    `${gateway}/imsg-service/v1/org/${encodeURIComponent(org)}/login?callback=${encodeURIComponent(page)}`

  return {
    authorize,
    login,
    loginFor: (error, { org }, { method, url = '/', headers }) =>
      error instanceof Unauthorized && org !== '*' && origin !== undefined && isNavigation(method, headers)
        ? login(org, origin + (url.startsWith('/') ? url : '/'))
        : undefined,
  }
}
