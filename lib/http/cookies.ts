import type { Config } from '../config.ts'
import { Problem } from '../problem.ts'
import { methodAndPath, prefix, type Route, routes } from '../routes.ts'

/** The gateway's cookies: names, lifetimes and attributes. */

declare const brand: unique symbol
/** A serialised `Set-Cookie` value. Created only in this module. */
export type SetCookie = string & { readonly [brand]: 'SetCookie' }

/** The cookies of a request. Values are not trimmed, unquoted or decoded: RFC 6265bis section 5.6. */
export type Cookies = Readonly<{
  /** Every value of the cookies with exactly this name. */
  values(name: string): readonly string[]
  /** Name and value of every cookie whose name starts with this. */
  beginning(start: string): readonly (readonly [name: string, value: string])[]
}>

const octets = '[!#-+\\--:<-[\\]-~]*'
const strictPair = new RegExp(`^[!#$%&'*+\\-.^_\`|~0-9A-Za-z]+=(?:${octets}|"${octets}")$`)

/** The pairs of a Cookie header. Only one space after a semicolon is removed. */
const pairsOf = (header: readonly string[]): string[] =>
  header.flatMap((part) =>
    part.split(';').map((pair, index) => (index > 0 && pair.startsWith(' ') ? pair.slice(1) : pair)),
  )

/** Parses the Cookie headers of a request. Malformed pairs belong to other services and are ignored. */
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

/**
 * For `STRICT_COOKIE_MODE`: throws `bad_cookies` for a pair outside the grammar of RFC 6265 section 4.2.1.
 */
export const checkCookieGrammar = (header: readonly string[]): void => {
  if (!header.flatMap((part) => part.split('; ')).every((pair) => strictPair.test(pair)))
    throw new Problem('bad_cookies')
}

/** Maximum size of name and value together. Browsers may drop a larger cookie: RFC 6265bis section 5.6. */
export const maxCookieBytes = 4096

/** Seconds that a login may take: enough for a password reset and a second factor. */
export const loginLifetime = 1800
/** Seconds within which another finished login for the same page counts towards a login loop. */
export const loopLifetime = 60

/** The cookies of one configuration: their names, and how each is set and cleared. */
export type Jar = Readonly<{
  sessionName: string
  sealName: string
  /** Prefix of the cookies of pending logins. */
  loginPrefix: string
  loopName: string
  /**
   * Whether this is a cookie of the gateway, including the session cookie. Services must not receive these.
   */
  isOwn(name: string): boolean
  /**
   * The session cookie, which expires with the token. Throws `token_too_large` when a browser might drop it.
   */
  session(token: string, secondsLeft: number): SetCookie
  seal(value: string, secondsLeft: number): SetCookie
  noSeal(): SetCookie
  /**
   * Clears the session cookie for every path and domain from which it could reach this host, starting with
   * the most likely ones on `route`. `others` keeps the one that the gateway itself sets.
   */
  clearSession(route: string, which: 'all' | 'others'): SetCookie[]
  login(name: string, value: string): SetCookie
  noLogin(name: string): SetCookie
  loop(value: string): SetCookie
  noLoop(): SetCookie
}>

/** The parent domains of a host that can share a cookie with it, down to two labels. */
const parents = (host: string): string[] => {
  // An IP address has no parents.
  if (/\.\d+$/.test(host)) return []
  const labels = host.split('.')
  return labels.slice(0, -1).map((_, index) => labels.slice(index).join('.'))
}

/** The path of a route, unless it has parameters. */
const pathOf = (name: string): string[] => {
  const row = Object.entries<Route>(routes).find(([key]) => key === name)?.[1]
  const path = row && methodAndPath(row)?.path
  return path === undefined || path.includes('{') ? [] : [path]
}

/**
 * Cookie paths that match a route (RFC 6265 section 5.1.4): those above all routes, those of `first`, the
 * rest.
 */
const cookiePaths = (first: string): string[] => {
  const parent = prefix.slice(0, prefix.indexOf('/', 1))
  const paths = [prefix, parent, ...pathOf(first), ...Object.keys(routes).flatMap(pathOf)]
  return ['/', ...new Set(paths.flatMap((path) => [path, `${path}/`]))]
}

/**
 * The name without `__Host-` or `__Secure-`. Browsers refuse these prefixes over plain http, as on loopback.
 */
export const plainName = (name: string): string => name.replace(/^__(Host|Secure)-/i, '')

/** Serialises a cookie that scripts cannot read. Plain http on loopback does not allow `Secure`. */
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

type JarConfig = Pick<Config, 'cookieName' | 'cookieDomain' | 'publicUrl' | 'loopback'>
type Scope = Readonly<{ path: string; domain?: string | undefined }>

/** Every path and domain from which a session cookie of this name could reach the gateway. */
const sessionScopes = (name: string, publicUrl: string, route: string): Scope[] => {
  // A __Host- cookie has no domain and the path /.
  if (name.startsWith('__Host-')) return [{ path: '/' }]
  const domains = [undefined, ...parents(new URL(publicUrl).hostname)]
  return cookiePaths(route).flatMap((path) => domains.map((domain) => ({ path, domain })))
}

/**
 * Builds the cookies. `SameSite=Lax` and not Strict, because the browser returns from the identity service,
 * another site, by a link.
 */
export const jar = ({ cookieName, cookieDomain, publicUrl, loopback }: JarConfig): Jar => {
  const nameOf = (name: string) => (loopback ? plainName(name) : name)
  const sessionName = nameOf(cookieName)
  const ownPrefix = nameOf('__Host-imsg-')
  const sealName = `${ownPrefix}seal`
  const loginPrefix = `${ownPrefix}login-`
  const loopName = `${ownPrefix}rounds`

  const set = (name: string, value: string, seconds: number, { path, domain }: Scope = { path: '/' }) => {
    const scope = [`Path=${path}`, ...(domain === undefined ? [] : [`Domain=${domain}`])]
    return setCookie(name, value, seconds, scope, loopback)
  }

  return {
    sessionName,
    sealName,
    loginPrefix,
    loopName,
    isOwn: (name) => name === sessionName || name.startsWith(ownPrefix),
    session: (token, secondsLeft) => {
      if (sessionName.length + 1 + token.length > maxCookieBytes) throw new Problem('token_too_large')
      return set(sessionName, token, secondsLeft, { path: '/', domain: cookieDomain })
    },
    seal: (value, secondsLeft) => set(sealName, value, secondsLeft),
    noSeal: () => set(sealName, '', 0),
    clearSession: (route, which) =>
      sessionScopes(sessionName, publicUrl, route)
        .filter(({ path, domain }) => which === 'all' || path !== '/' || domain !== cookieDomain)
        .map((scope) => set(sessionName, '', 0, scope)),
    login: (name, value) => set(name, value, loginLifetime),
    noLogin: (name) => set(name, '', 0),
    loop: (value) => set(loopName, value, loopLifetime),
    noLoop: () => set(loopName, '', 0),
  }
}
