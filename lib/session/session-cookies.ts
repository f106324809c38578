import type { Config } from '../config.ts'
import type { Jar } from '../http/cookies.ts'
import type { Incoming } from '../http/messages.ts'
import { Problem } from '../problem.ts'
import { sealIn, sealOf } from './seal.ts'
import type { UnverifiedToken } from './token.ts'

/** Which session cookies of a request count: contract, section 4. A cookie cannot say who set it. */

type CookieDeps = Readonly<{
  config: Pick<Config, 'sessionSeal'>
  jar: Jar
  /** Takes a token apart; throws for what is none. */
  read: (raw: string) => UnverifiedToken
}>

/** The different values of the session cookie. */
export const sessionValues = (
  request: Incoming,
  { sessionName }: Pick<Jar, 'sessionName'>,
): readonly string[] => [...new Set(request.cookies.values(sessionName))]

/** The tokens among these values. */
export const readable = (values: readonly string[], read: CookieDeps['read']): UnverifiedToken[] =>
  values.flatMap((raw) => {
    try {
      return [read(raw)]
    } catch {
      return []
    }
  })

/** Without a seal either of two session cookies may be planted, so neither is trusted and all are cleared. */
const unsealed = (
  { jar, read }: CookieDeps,
  request: Incoming,
  values: readonly string[],
): UnverifiedToken[] => {
  const [only = '', ...others] = values
  if (others.length === 0) return [read(only)]
  request.facts.cookies.push(...jar.clearSession(request.route, 'all'))
  const [org, ...more] = new Set(readable(values, read).map((token) => token.unverifiedClaims.org))
  if (org !== undefined && more.length === 0) request.facts.claimedOrg = org
  throw new Problem('token_duplicate')
}

/**
 * With a seal only a cookie of the sealed person counts. What else there is may be planted, and is cleared.
 */
const sealed = (
  { jar, read }: CookieDeps,
  request: Incoming,
  values: readonly string[],
  seal: string,
): UnverifiedToken[] => {
  const tokens = readable(values, read)
  const own = tokens.filter((token) => sealOf(token.unverifiedClaims) === seal)
  if (own.length === 0 || request.cookies.values(jar.sessionName).length > 1)
    request.facts.cookies.push(...jar.clearSession(request.route, 'others'))
  if (own.length > 0) return own
  const [stranger] = tokens
  if (stranger === undefined) throw new Problem('token_malformed')
  request.facts.claimedOrg = stranger.unverifiedClaims.org
  throw new Problem('session_of_another_person')
}

/**
 * The tokens of the session cookies that count, at least one and all of one person; or the refusal that says
 * why none does.
 */
export const sessionTokens = (deps: CookieDeps, request: Incoming): UnverifiedToken[] => {
  const values = sessionValues(request, deps.jar)
  if (values.length === 0) throw new Problem('token_missing')
  const seal = deps.config.sessionSeal ? sealIn(request, deps.jar) : undefined
  return seal === undefined ? unsealed(deps, request, values) : sealed(deps, request, values, seal)
}
