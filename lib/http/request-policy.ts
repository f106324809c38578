import type { Config } from '../config.ts'
import { Problem } from '../problem.ts'
import type { Route } from '../routes.ts'
import { checkCookieGrammar } from './cookies.ts'
import type { Incoming } from './messages.ts'

/** What the row of a route promises about its requests, enforced before the route sees them. */

type PolicyConfig = Pick<Config, 'publicUrl' | 'corsOrigins'>

/**
 * The destinations of Fetch that are no page of their own: frames, and what a page loads. `empty` is not among them: with mode
 * `navigate` it is a navigation that the page's service worker passed on, and no script can make one.
 */
const embedded = new Set(
  [
    'iframe frame fencedframe embed object image script style font audio video track worker sharedworker',
    'serviceworker manifest report xslt audioworklet paintworklet webidentity json text speculationrules',
  ].flatMap((line) => line.split(' ')),
)

/** W3C Secure Purpose, and what browsers sent with a prefetch before it. */
const purposeHeaders = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz']

/** W3C Fetch Metadata: a navigation by its mode, or a request that says nothing of itself. */
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
 * Whether a person may be behind a request: it comes from a browser, or brings cookies. Link scanners and monitors do neither, and
 * what they get says nothing of how logins go.
 */
export const maybePerson = ({ header, cookieHeader }: Pick<Incoming, 'header' | 'cookieHeader'>): boolean =>
  header('sec-fetch-mode') !== undefined || cookieHeader.length > 0

/** The login that a page which fetched one may open in a window instead. */
const offerLogin = (request: Incoming): void => {
  const org = request.route === 'org-login' ? request.path('org') : request.query.one('org')
  const callback = request.query.one('callback')
  if (org !== undefined && callback !== undefined) request.facts.login = { org, callback }
}

/**
 * Whether the cookies of a request may change anything. OWASP's order: Origin, then Sec-Fetch-Site. `Origin: null` is what a referrer
 * policy or a sandbox leaves of any origin, so it says nothing. Without either the request comes
 * from no browser, and is refused only if it carries a cookie. One without a cookie is judged all the same when a browser says
 * where it comes from: SameSite=Lax keeps the cookie back, and the answer would still clear it.
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

/** Reads from the row who may ask, and refuses the others. A bearer is no cookie: a foreign page cannot send one without a preflight. */
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

/** What is asked of the form of a request, whatever its route makes of it. Health and 404 read no cookie. */
export const checkForm = (
  { route, cookieHeader }: Pick<Incoming, 'route' | 'cookieHeader'>,
  { strictCookies }: Pick<Config, 'strictCookies'>,
): void => {
  if (strictCookies && route !== 'health' && route !== 'not-found') checkCookieGrammar(cookieHeader)
}
