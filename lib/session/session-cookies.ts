import type { Config } from '../config.ts'
import type { Jar } from '../http/cookies.ts'
import type { Incoming } from '../http/messages.ts'
import { Problem } from '../problem.ts'
import { sealIn, sealOf } from './seal.ts'
import type { UnverifiedToken } from './token.ts'

/** Chooses which session cookies of a request to trust: docs/login.md. */

type CookieDeps = Readonly<{
  config: Pick<Config, 'sessionSeal'>
  jar: Jar
  /** Parses a token, or throws. */
  read: (raw: string) => UnverifiedToken
}>

/** The values of the session cookie, without duplicates. */
export const sessionValues = (
  request: Incoming,
  { sessionName }: Pick<Jar, 'sessionName'>,
): readonly string[] => [...new Set(request.cookies.values(sessionName))]

/** At least one token. */
type Tokens = readonly [UnverifiedToken, ...UnverifiedToken[]]

/** The values that are tokens. */
export const readable = (values: readonly string[], read: CookieDeps['read']): UnverifiedToken[] =>
  values.flatMap((raw) => {
    try {
      return [read(raw)]
    } catch {
      return []
    }
  })

/** Without a seal, any of several session cookies may be planted: none is trusted and all are cleared. */
const unsealed = ({ jar, read }: CookieDeps, request: Incoming, values: readonly string[]): Tokens => {
  const [only = '', ...others] = values
  if (others.length === 0) return [read(only)]
  request.facts.cookies.push(...jar.clearSession(request.route, 'all'))
  const [org, ...more] = new Set(readable(values, read).map((token) => token.unverifiedClaims.org))
  if (more.length === 0) request.facts.claimedOrg = org
  throw new Problem('token_duplicate')
}

/** With a seal, only cookies of the sealed person are trusted. Others may be planted and are cleared. */
const sealed = (
  { jar, read }: CookieDeps,
  request: Incoming,
  values: readonly string[],
  seal: string,
): Tokens => {
  const tokens = readable(values, read)
  const [own, ...others] = tokens.filter((token) => sealOf(token.unverifiedClaims) === seal)
  if (own === undefined || request.cookies.values(jar.sessionName).length > 1)
    request.facts.cookies.push(...jar.clearSession(request.route, 'others'))
  if (own !== undefined) return [own, ...others]
  const [stranger] = tokens
  if (stranger === undefined) throw new Problem('token_malformed')
  request.facts.claimedOrg = stranger.unverifiedClaims.org
  throw new Problem('session_of_another_person')
}

/**
 * The tokens of the trusted session cookies: at least one, all of the same person. Throws when there is none.
 */
export const sessionTokens = (deps: CookieDeps, request: Incoming): Tokens => {
  const values = sessionValues(request, deps.jar)
  if (values.length === 0) throw new Problem('token_missing')
  const seal = deps.config.sessionSeal ? sealIn(request, deps.jar) : undefined
  return seal === undefined ? unsealed(deps, request, values) : sealed(deps, request, values, seal)
}
