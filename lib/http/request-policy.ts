import type { Config } from '../config.ts'
import { Problem } from '../problem.ts'
import { ownLoginUrl } from '../redirect/login-url.ts'
import { organisationName } from '../redirect/organisation-name.ts'
import type { HttpRouteName, Route } from '../routes.ts'
import { checkCookieGrammar } from './cookies.ts'
import type { Incoming } from './messages.ts'

/** What the row of a route promises about its requests, enforced before the route sees them. */

type PolicyConfig = Pick<Config, 'publicUrl' | 'corsOrigins'>

/** W3C Fetch Metadata and Secure Purpose; `Purpose` and `X-Moz` are what older browsers sent with a prefetch. */
export const isNavigation = ({ header }: Incoming): boolean => {
  const purposes = [header('sec-purpose'), header('purpose'), header('x-moz')]
  // Stryker disable next-line StringLiteral: what stands for no header is no prefetch.
  if (purposes.some((purpose) => /prefetch|prerender|preview/i.test(purpose ?? ''))) return false
  return (
    (header('sec-fetch-mode') ?? 'navigate') === 'navigate' &&
    (header('sec-fetch-dest') ?? 'document') === 'document'
  )
}

/** What a page that fetched a login may open in a window instead. Checked, as always, when it is followed. */
const offerLogin = (name: string, request: Incoming, config: PolicyConfig): void => {
  const org =
    name === 'login' ? request.query.one('org') : name === 'org-login' ? request.path('org') : undefined
  const callback = request.query.one('callback')
  if (org !== undefined && callback !== undefined)
    request.facts.again = ownLoginUrl(config, organisationName(org), callback)
}

/**
 * Whether the cookies of a request may change anything. OWASP's order: Origin, then Sec-Fetch-Site. Without either the request comes
 * from no browser, and is refused only if it carries a cookie. One without a cookie is judged all the same when a browser says
 * where it comes from: SameSite=Lax keeps the cookie back, and the answer would still clear it.
 */
export const cookiesMayAct = (
  request: Incoming,
  config: Pick<Config, 'publicUrl' | 'corsOrigins'>,
): boolean => {
  const origin = request.header('origin')
  if (origin !== undefined)
    return origin === config.publicUrl || config.corsOrigins.some((listed) => listed === origin)
  const site = request.header('sec-fetch-site')
  return site === undefined ? request.cookieHeader.length === 0 : site === 'same-origin'
}

/** Reads from the row who may ask, and refuses the others. A bearer is no cookie: a foreign page cannot send one without a preflight. */
export const enforce =
  (name: HttpRouteName, route: Route, config: PolicyConfig) =>
  (request: Incoming): void => {
    if ('only' in route && !isNavigation(request)) {
      offerLogin(name, request, config)
      throw new Problem('not_a_navigation')
    }
    if ('post' in route && request.bearer === undefined && !cookiesMayAct(request, config))
      throw new Problem('foreign_origin')
  }

/** What is asked of the form of a request, whatever its route makes of it. Health is for programs and reads no cookie. */
export const checkForm = (
  name: HttpRouteName,
  { cookieHeader }: Pick<Incoming, 'cookieHeader'>,
  { strictCookies }: Pick<Config, 'strictCookies'>,
): void => {
  if (strictCookies && name !== 'health') checkCookieGrammar(cookieHeader)
}
