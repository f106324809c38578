import { createHash } from 'node:crypto'
import { AccessDenied, ConfigError, Unauthorized, Unavailable } from './errors.ts'
import { type Person, personInHeaders } from './person.ts'
import { queryOf, type Rule } from './rule.ts'

export { AccessDenied, ConfigError, Unauthorized, Unavailable } from './errors.ts'
export type { Person } from './person.ts'
export type { Rule } from './rule.ts'

/** Headers as `node:http` has them (names in lower case), or anything with `get`, like those of `fetch`. */
export type RequestHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | Readonly<{ get(name: string): string | null | undefined }>

export type Settings = Readonly<{
  /** Address of the gateway: `https://id.example.com`. */
  gateway: string
  /** Where browsers reach this service: `https://editor.example.com`. Needed for redirects to the login. */
  origin?: string
  /** How long an answer is remembered, in seconds: 2 by default, 0 for not at all, 60 at most. */
  remember?: number
  /** Name of the session cookie: `imidToken` by default. */
  cookie?: string
  /** Instead of the global `fetch`. */
  fetch?: typeof fetch
}>

export type Authorization = Readonly<{
  /** The person of a request for whom the rule holds, or one of the four errors. */
  authorize(headers: RequestHeaders, rule: Rule & { required: false }): Promise<Person | undefined>
  authorize(headers: RequestHeaders, rule: Rule): Promise<Person>
  /** The address of the login at an organisation, which comes back to `page`. */
  login(org: string, page: string): string
  /**
   * The same for this request, when it is a navigation that `error` keeps out for want of a login; else
   * undefined.
   */
  loginFor(
    error: unknown,
    rule: Rule,
    request: Readonly<{ method?: string | undefined; url?: string | undefined; headers: RequestHeaders }>,
  ): string | undefined
}>

/** Answers that are remembered at once; the oldest goes first. */
const maxRemembered = 10_000
/** How long the gateway may take, in milliseconds. */
const timeout = 3000

const headerOf = (headers: RequestHeaders, name: string): string => {
  if ('get' in headers && typeof headers.get === 'function') return headers.get(name) ?? ''
  const value = (headers as Readonly<Record<string, string | readonly string[] | undefined>>)[name] ?? ''
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

/**
 * What speaks for a person: a bearer, which goes first, or session cookie and seal. Nothing else leaves the
 * service.
 */
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
    // What cannot stand in a header was never a session.
    .filter((pair) => ours.some((start) => pair.startsWith(start)) && /^[ -~]*$/.test(pair))
    .join('; ')
  return cookie === '' ? undefined : { cookie }
}

/** Fetch Metadata, and where a browser sends none, whether it would rather have a page. */
const isNavigation = (method: string | undefined, headers: RequestHeaders): boolean => {
  if (method !== 'GET' && method !== 'HEAD') return false
  const [mode, dest] = [headerOf(headers, 'sec-fetch-mode'), headerOf(headers, 'sec-fetch-dest')]
  if (/prefetch|prerender/i.test(headerOf(headers, 'sec-purpose') + headerOf(headers, 'purpose')))
    return false
  if (mode === '') return /text\/html/.test(headerOf(headers, 'accept'))
  return mode === 'navigate' && /^(?:document|empty|)$/.test(dest)
}

/** Asks the gateway who somebody is and what they may do. There is no other place that decides it. */
export const authorization = (settings: Settings): Authorization => {
  const { gateway, origin, remember, ours, ask } = settingsIn(settings)
  const answers = new Map<string, { until: number; answer: Promise<Person> }>()

  const answerTo = async (headers: Record<string, string>, query: string, unit: string | undefined) => {
    try {
      const init = { headers, redirect: 'manual', signal: AbortSignal.timeout(timeout) } as const
      const response = await ask(`${gateway}/imsg-service/v1/authorize?${query}`, init)
      await response.arrayBuffer()
      const { status } = response
      return { status, person: status === 200 && personInHeaders((name) => response.headers.get(name), unit) }
    } catch (error) {
      throw new Unavailable(error)
    }
  }

  const fresh = async (headers: Record<string, string>, query: string, rule: Rule): Promise<Person> => {
    const { status, person } = await answerTo(headers, query, rule.unit)
    if (status === 401) throw new Unauthorized()
    if (status === 403) throw new AccessDenied()
    if (status === 400) throw new ConfigError(`the gateway refuses the rule ${query}`)
    // Whoever answers 200 without a person, or with one of another organisation, is not the gateway.
    if (!person || (rule.org !== '*' && person.org !== rule.org)) throw new Unavailable(status)
    return person
  }

  /** One question at a time for the same credentials and rule, and its answer for a while. */
  const asked = (credentials: Record<string, string>, query: string, rule: Rule): Promise<Person> => {
    const key = createHash('sha256')
      .update(JSON.stringify([credentials, query]))
      .digest('base64url')
    const before = answers.get(key)
    if (before !== undefined && before.until > performance.now()) return before.answer
    const answer = fresh(credentials, query, rule)
    // Until it is there, everybody waits for it; from then on its age counts from the question.
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

  const authorize = async (headers: RequestHeaders, rule: Rule): Promise<Person | undefined> => {
    const query = queryOf(rule)
    const credentials = credentialsIn(headers, ours)
    try {
      if (credentials === undefined) throw new Unauthorized()
      return await asked(credentials, query, rule)
    } catch (error) {
      if (rule.required === false && error instanceof Unauthorized) return undefined
      throw error
    }
  }

  const login = (org: string, page: string): string =>
    `${gateway}/imsg-service/v1/org/${encodeURIComponent(org)}/login?callback=${encodeURIComponent(page)}`

  return {
    authorize: authorize as Authorization['authorize'],
    login,
    loginFor: (error, { org }, { method, url = '/', headers }) =>
      error instanceof Unauthorized && org !== '*' && origin !== undefined && isNavigation(method, headers)
        ? login(org, origin + (url.startsWith('/') ? url : '/'))
        : undefined,
  }
}
