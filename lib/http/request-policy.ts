import type { Config } from '../config.ts'
import { Problem } from '../problem.ts'
import type { Route } from '../routes.ts'
import { checkCookieGrammar } from './cookies.ts'
import type { Incoming } from './messages.ts'

/** Enforces the rules of a route's row before its handler runs. */

type PolicyConfig = Pick<Config, 'publicUrl' | 'corsOrigins'>

/**
 * Fetch destinations other than a top-level page. `empty` is not one of them: with mode `navigate` it is a
 * navigation that a service worker passed on, and scripts cannot send that.
 */
const embedded = new Set(
  [
    'iframe frame fencedframe embed object image script style font audio video track worker sharedworker',
    'serviceworker manifest report xslt audioworklet paintworklet webidentity json text speculationrules',
  ].flatMap((line) => line.split(' ')),
)

/** Headers that browsers send with a prefetch: W3C Secure Purpose, and older ones. */
const purposeHeaders = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz']

/** Whether W3C Fetch Metadata says that this is a navigation. True without it (curl, old browsers). */
export const isNavigation = ({ header }: Incoming): boolean => {
  if (purposeHeaders.some((name) => /prefetch|prerender|preview/i.test(header(name) ?? ''))) return false
  const [mode, dest] = [header('sec-fetch-mode'), header('sec-fetch-dest')]
  if (mode === undefined) return dest === undefined || dest === 'document'
  return (
    mode === 'navigate' &&
    !(dest ?? '')
      .toLowerCase()
      .split(/[\s,]/)
      .some((each) => embedded.has(each))
  )
}

/**
 * Whether a request may come from a person: it is from a browser or has cookies. Requests of link scanners
 * and monitors are left out of the login metrics.
 */
export const maybePerson = ({ header, cookieHeader }: Pick<Incoming, 'header' | 'cookieHeader'>): boolean =>
  header('sec-fetch-mode') !== undefined || cookieHeader.length > 0

/** Offers the login that a script tried to fetch, so that the page can open it in a window. */
const offerLogin = (request: Incoming): void => {
  const org = request.route === 'org-login' ? request.path('org') : request.query.one('org')
  const callback = request.query.one('callback')
  if (org !== undefined && callback !== undefined) request.facts.login = { org, callback }
}

/**
 * Whether the cookies of a request may change anything. Checks Origin first and then Sec-Fetch-Site, as OWASP
 * advises. `Origin: null` says nothing, because a referrer policy or sandbox can hide any origin. Without
 * both headers the request is not from a browser, and is refused only with a cookie. With them, a request
 * without cookies is checked too: SameSite=Lax may have withheld the cookie, and the answer would still clear
 * it.
 */
export const cookiesMayAct = (
  request: Incoming,
  config: Pick<Config, 'publicUrl' | 'corsOrigins'>,
): boolean => {
  const origin = request.header('origin')
  if (origin !== undefined && origin !== 'null')
    return origin === config.publicUrl || config.corsOrigins.some((listed) => listed === origin)
  const site = request.header('sec-fetch-site')
  if (site !== undefined) return site === 'same-origin'
  return origin === undefined && request.cookieHeader.length === 0
}

/**
 * Refuses requests that the route's row does not allow. A bearer is exempt from the CSRF check: another
 * origin cannot send one without a preflight.
 */
export const enforce =
  (route: Route, config: PolicyConfig) =>
  (request: Incoming): void => {
    if ('only' in route && !isNavigation(request)) {
      offerLogin(request)
      throw new Problem('not_a_navigation')
    }
    if ('post' in route && request.bearer === undefined && !cookiesMayAct(request, config))
      throw new Problem('foreign_origin')
  }

/** Checks the cookie grammar in strict mode. Health and 404 do not read cookies. */
export const checkForm = (
  { route, cookieHeader }: Pick<Incoming, 'route' | 'cookieHeader'>,
  { strictCookies }: Pick<Config, 'strictCookies'>,
): void => {
  if (strictCookies && route !== 'health' && route !== 'not-found') checkCookieGrammar(cookieHeader)
}
