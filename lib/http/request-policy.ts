import type { Config } from '../config.ts'
import { Problem } from '../problem.ts'
import type { Route } from '../routes.ts'
import { checkCookieGrammar } from './cookies.ts'
import type { Incoming } from './messages.ts'

/** Enforces what the row of a route says about its requests, before the handler sees them. */

type PolicyConfig = Pick<Config, 'publicUrl' | 'corsOrigins'>

/**
 * Fetch destinations that are no top-level page: frames and subresources. `empty` is not among them: with
 * mode `navigate` it is a navigation that a service worker passed on, and no script can make one.
 */
const embedded = new Set(
  [
    'iframe frame fencedframe embed object image script style font audio video track worker sharedworker',
    'serviceworker manifest report xslt audioworklet paintworklet webidentity json text speculationrules',
  ].flatMap((line) => line.split(' ')),
)

/** W3C Secure Purpose, and the older headers that browsers send with a prefetch. */
const purposeHeaders = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz']

/** A navigation by W3C Fetch Metadata, or a request without such headers (curl, old browsers). */
export const isNavigation = ({ header }: Incoming): boolean => {
  if (purposeHeaders.some((name) => /prefetch|prerender|preview/i.test(header(name) ?? ''))) return false
  const [mode, dest] = [header('sec-fetch-mode'), header('sec-fetch-dest')]
  if (mode === undefined) return dest === undefined || dest === 'document'
  return (
    mode === 'navigate' &&
    !(dest ?? '')
      .toLowerCase()
      .split(/[\s,]+/)
      .some((each) => embedded.has(each))
  )
}

/**
 * Whether a person may be behind a request: it comes from a browser or brings cookies. Link scanners and
 * monitors do neither, so what they are answered says nothing about how logins go.
 */
export const maybePerson = ({ header, cookieHeader }: Pick<Incoming, 'header' | 'cookieHeader'>): boolean =>
  header('sec-fetch-mode') !== undefined || cookieHeader.length > 0

/** The login that a page may open in a window, after it fetched one by script. */
const offerLogin = (request: Incoming): void => {
  const org = request.route === 'org-login' ? request.path('org') : request.query.one('org')
  const callback = request.query.one('callback')
  if (org !== undefined && callback !== undefined) request.facts.login = { org, callback }
}

/**
 * Whether the cookies of a request may change anything. OWASP's order: Origin, then Sec-Fetch-Site. `Origin:
 * null` is what a referrer policy or a sandbox leaves of any origin, so it says nothing. Without either the
 * request comes from no browser, and is refused only if it carries a cookie. One without a cookie is judged
 * all the same when a browser says where it comes from: SameSite=Lax keeps the cookie back, and the answer
 * would still clear it.
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
 * Refuses requests that the row does not admit. A bearer is exempt from CSRF: no foreign page can send one
 * without a preflight.
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

/** Checks the form of a request, whatever its route. Health and 404 read no cookies. */
export const checkForm = (
  { route, cookieHeader }: Pick<Incoming, 'route' | 'cookieHeader'>,
  { strictCookies }: Pick<Config, 'strictCookies'>,
): void => {
  if (strictCookies && route !== 'health' && route !== 'not-found') checkCookieGrammar(cookieHeader)
}
