import { createLocalJWKSet, decodeJwt, errors, type JSONWebKeySet, jwtVerify } from 'jose'
import { isJsonObject } from '../../lib/json-object.ts'
import { isIssuerOf, type Organisation } from '../organisations.ts'
import { refuse, SignInProblem } from '../problem.ts'
import { clockTolerance } from '../provider/provider.ts'
import type { Claims } from '../sign-in/exchange.ts'

/** Logout tokens: OpenID Connect Back-Channel Logout 1.0 section 2.6. */

const event = 'http://schemas.openid.net/event/backchannel-logout'
/** Seconds. It also limits tokens without `exp`. */
const maxAge = 300

export type LogoutToken = Claims & Readonly<{ iat: number }>

const refused = (reason: unknown): never => refuse('logout_token_refused', reason)

/** The unverified claims of a token from the right issuer, which say what to look up. */
export const unverifiedClaims = (token: string, { provider }: Organisation): Claims => {
  try {
    const claims = decodeJwt(token)
    if (isIssuerOf(provider, claims.iss)) return claims
  } catch (error) {
    return refused(error)
  }
  return refused('iss')
}

/** Whether a token was refused because the key set lacks its key. */
export const isUnknownKey = (error: unknown): boolean =>
  error instanceof SignInProblem && error.cause instanceof errors.JWKSNoMatchingKey

/** Verifies a token whose issuer is known to be right. Throws `logout_token_refused`. */
export const verifiedLogoutToken = async (
  token: string,
  keys: JSONWebKeySet,
  organisation: Organisation,
  now: number,
): Promise<LogoutToken> => {
  const { provider } = organisation
  const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys), {
    audience: provider.clientId,
    algorithms: [...provider.idTokenAlg],
    clockTolerance,
    currentDate: new Date(now * 1000),
    requiredClaims: ['iss', 'iat', 'jti', 'events'],
  }).catch(refused)
  const { typ } = protectedHeader
  const { iat = 0, sid, sub, events, nonce } = payload
  if (typ !== undefined && !/^(logout\+jwt|jwt)$/i.test(typ)) refused('typ')
  if (iat > now + clockTolerance || iat < now - maxAge - clockTolerance) refused('iat')
  if (!isJsonObject(events) || !isJsonObject(events[event])) refused('events')
  if (nonce !== undefined) refused('nonce')
  if (sid === undefined && sub === undefined) refused('neither sid nor sub')
  return { ...payload, iat }
}
