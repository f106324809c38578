import type { Config } from '../config.ts'
import { Problem } from '../problem.ts'
import { methodAndPath, prefix, type Route, routes } from '../routes.ts'

/** The table of cookies: their names, lifetimes and attributes. Handlers say which cookie, never how. */

/** A serialised `Set-Cookie` value. Only this module makes one. */
declare const brand: unique symbol
export type SetCookie = string & { readonly [brand]: 'SetCookie' }

/** The cookies a request brought. Nothing is trimmed, unquoted or decoded: RFC 6265bis section 5.6. */
export type Cookies = Readonly<{
  /** Every value of a cookie of exactly this name. */
  values(name: string): readonly string[]
  /** Name and value of every cookie whose name begins so. */
  beginning(start: string): readonly (readonly [name: string, value: string])[]
}>

const octets = '[!#-+\\--:<-[\\]-~]*'
const strictPair = new RegExp(`^[!#$%&'*+\\-.^_\`|~0-9A-Za-z]+=(?:${octets}|"${octets}")$`)

/** The pairs of a Cookie header. Only the one space after a semicolon is removed. */
const pairsOf = (header: readonly string[]): string[] =>
  header.flatMap((part) =>
    part.split(';').map((pair, index) => (index > 0 && pair.startsWith(' ') ? pair.slice(1) : pair)),
  )

/** Reads what a browser sent and ignores malformed pairs: they belong to other services. */
export const cookies = (header: readonly string[]): Cookies => {
  const entries = pairsOf(header)
    .map((pair) => [pair, pair.indexOf('=')] as const)
    .filter(([, end]) => end > 0)
    .map(([pair, end]) => [pair.slice(0, end), pair.slice(end + 1)] as const)
  return {
    values: (name) => entries.filter(([key]) => key === name).map(([, value]) => value),
    beginning: (start) => entries.filter(([key]) => key.startsWith(start)),
  }
}

/** `STRICT_COOKIE_MODE`: a pair outside the grammar of RFC 6265 section 4.2.1 is a 400. */
export const checkCookieGrammar = (header: readonly string[]): void => {
  if (!header.flatMap((part) => part.split('; ')).every((pair) => strictPair.test(pair)))
    throw new Problem('bad_cookies')
}

/** Name and value together, in bytes. A browser may drop a longer cookie: RFC 6265bis section 5.6. */
export const largestCookie = 4096

/** How long a login may take, in seconds: enough for a password reset and a second factor. */
export const loginLifetime = 1800
/** How long a round of a login is remembered, in seconds. */
export const roundsLifetime = 60

/** The cookies of this configuration: names, and how each is set and cleared. */
export type Jar = Readonly<{
  sessionName: string
  sealName: string
  /** What the names of pending logins begin with. */
  loginPrefix: string
  roundsName: string
  /**
   * Whether a cookie of this name belongs to the gateway, the session included. Services do not get these.
   */
  isOwn(name: string): boolean
  /**
   * The session cookie, valid as long as the token. Throws `token_too_large` when a browser might drop it.
   */
  session(token: string, secondsLeft: number): SetCookie
  seal(value: string, secondsLeft: number): SetCookie
  noSeal(): SetCookie
  /**
   * Clears the session cookie in every variant that could have reached this host, the likeliest on `route`
   * first.
   * `others` spares the slot in which the gateway itself sets it.
   */
  clearSession(route: string, which: 'all' | 'others'): SetCookie[]
  login(name: string, value: string): SetCookie
  noLogin(name: string): SetCookie
  rounds(value: string): SetCookie
  noRounds(): SetCookie
}>

/**
 * The parents of a host that could share a cookie with it: two labels or more, so never a top-level domain.
 */
const parents = (host: string): string[] => {
  // An IP address has no parents.
  if (/\.\d+$/.test(host)) return []
  const labels = host.split('.')
  return labels.slice(0, -1).map((_, index) => labels.slice(index).join('.'))
}

/** Path of a route of the table without parameters. */
const pathOf = (name: string): string[] => {
  const row = Object.entries<Route>(routes).find(([key]) => key === name)?.[1]
  const path = row && methodAndPath(row)?.path
  return path === undefined || path.includes('{') ? [] : [path]
}

/**
 * Cookie paths that match a path of the route table (RFC 6265 section 5.1.4): those above all routes, then
 * those of `first`.
 */
const cookiePaths = (first: string): string[] => {
  const [parent = ''] = prefix.split(/(?=\/)/)
  const paths = [prefix, parent, ...pathOf(first), ...Object.keys(routes).flatMap(pathOf)]
  return ['/', ...new Set(paths.flatMap((path) => [path, `${path}/`]))]
}

/**
 * A cookie named `__Host-` or `__Secure-` cannot be set over plain http, so on loopback the prefix is left
 * off.
 */
export const plainName = (name: string): string => name.replace(/^__(Host|Secure)-/i, '')

/** One `Set-Cookie`, never for scripts. Plain http on loopback takes no `Secure`. */
export const setCookie = (
  name: string,
  value: string,
  seconds: number,
  scope: readonly string[],
  loopback: boolean,
): SetCookie =>
  [
    `${name}=${value}`,
    `Max-Age=${seconds}`,
    ...scope,
    'HttpOnly',
    ...(loopback ? [] : ['Secure']),
    'SameSite=Lax',
  ].join('; ') as SetCookie

type Slot = Readonly<{ path?: string; domain?: string | undefined }>

/**
 * Builds the jar. `SameSite=Lax`, never Strict: the browser comes back from the identity service, another
 * site, by a link.
 */
export const jar = ({
  cookieName,
  cookieDomain,
  publicUrl,
  loopback,
}: Pick<Config, 'cookieName' | 'cookieDomain' | 'publicUrl' | 'loopback'>): Jar => {
  const nameOf = (name: string) => (loopback ? plainName(name) : name)
  const sessionName = nameOf(cookieName)
  const ownPrefix = nameOf('__Host-imsg-')
  const sealName = `${ownPrefix}seal`
  const loginPrefix = `${ownPrefix}login-`
  const roundsName = `${ownPrefix}rounds`

  const set = (name: string, value: string, seconds: number, { path = '/', domain }: Slot = {}): SetCookie =>
    setCookie(
      name,
      value,
      seconds,
      [`Path=${path}`, ...(domain === undefined ? [] : [`Domain=${domain}`])],
      loopback,
    )

  // A __Host- cookie has one slot: without a domain, at the root.
  const single = sessionName.startsWith('__Host-')
  const domains = [undefined, ...(single ? [] : parents(new URL(publicUrl).hostname))]
  return {
    sessionName,
    sealName,
    loginPrefix,
    roundsName,
    isOwn: (name) => name === sessionName || name.startsWith(ownPrefix),
    session: (token, secondsLeft) => {
      if (sessionName.length + 1 + token.length > largestCookie) throw new Problem('token_too_large')
      return set(sessionName, token, secondsLeft, { domain: cookieDomain })
    },
    seal: (value, secondsLeft) => set(sealName, value, secondsLeft),
    noSeal: () => set(sealName, '', 0),
    clearSession: (route, which) =>
      (single ? ['/'] : cookiePaths(route)).flatMap((path) =>
        domains
          .filter((domain) => which === 'all' || path !== '/' || domain !== cookieDomain)
          .map((domain) => set(sessionName, '', 0, { path, domain })),
      ),
    login: (name, value) => set(name, value, loginLifetime),
    noLogin: (name) => set(name, '', 0),
    rounds: (value) => set(roundsName, value, roundsLifetime),
    noRounds: () => set(roundsName, '', 0),
  }
}
