import { decodeProtectedHeader } from 'jose'
import * as oidc from 'openid-client'
import type { Incoming } from '../../lib/http/messages.ts'
import { causes } from '../../lib/log.ts'
import { longestLifetime, type Organisation } from '../organisations.ts'
import { refuse, SignInProblem } from '../problem.ts'
import { clockTolerance, type Provider } from '../provider/provider.ts'
import type { SignIn } from './pending-sign-ins.ts'

/** Exchanges the code and checks the ID token, with the checks that openid-client leaves to its users. */

export type Claims = Readonly<Record<string, unknown>>

/** The verified claims of a person. */
export type Exchanged = Readonly<{
  /** Only the claims of the ID token. */
  idToken: Claims & Readonly<{ sub: string }>
  /** The same, and those of the userinfo endpoint. The ID token takes precedence. */
  claims: Claims
  raw: string
}>

/** The provider or the person refused. The gateway is given the same `error`. */
export class Declined extends Error {
  readonly error: string
  constructor(error: string) {
    super('declined')
    this.error = error
  }
}

/** An ID token comes straight from the token endpoint, so it was issued just now. Seconds. */
const maxAge = 600

const refused = (reason: unknown): never => refuse('provider_answer_refused', reason)

/** An `error` of RFC 6749 section 4.1.2.1, or `other` for anything that does not look like one. */
const errorWord = (error: unknown): string =>
  typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? error : 'other'

/** The provider's own `error`, which comes in two shapes. */
const providerError = (error: unknown): string | undefined => {
  if (error instanceof oidc.ResponseBodyError) return errorWord(error.error)
  if (error instanceof oidc.WWWAuthenticateChallengeError) return errorWord(error.cause[0]?.parameters.error)
  return undefined
}

/** Throws a failure of the exchange as one of the catalogue. */
const throwFailure = (error: unknown): never => {
  for (const each of causes(error)) if (each instanceof SignInProblem) throw each
  if (error instanceof oidc.AuthorizationResponseError) throw new Declined(errorWord(error.error))
  const said = providerError(error)
  if (said === undefined) return refused(error)
  return refuse(said === 'invalid_grant' ? 'code_refused' : 'provider_misconfigured', said)
}

/** Checks that openid-client does not make: OpenID Connect Core section 3.1.3.7. */
const checkIdToken = (claims: Claims, raw: string, { provider }: Organisation, now: number): void => {
  const { azp, iat, exp, sub } = claims
  const { typ }: { typ?: unknown } = decodeProtectedHeader(raw)
  if (azp !== undefined && azp !== provider.clientId) refused('azp')
  if (typ !== undefined && !(typeof typ === 'string' && typ.toLowerCase() === 'jwt')) refused('typ')
  if (typeof iat !== 'number' || iat > now + clockTolerance || iat < now - maxAge) refused('iat')
  if (typeof exp !== 'number' || exp > now + longestLifetime) refused('exp')
  if (typeof sub !== 'string' || sub === '' || sub.length > 255) refused('sub')
}

/**
 * The redirect URI with the parameters of the answer. Built from our own address, never from the request's.
 */
const currentUrl = (redirectUri: string, { query }: Incoming): URL => {
  const url = new URL(redirectUri)
  for (const name of ['code', 'state', 'iss', 'error', 'response']) {
    const value = query.one(name)
    if (value !== undefined) url.searchParams.set(name, value)
  }
  return url
}

/** Exchanges the code. Throws `Declined`, or a failure of the catalogue. */
export const exchange = async (
  { config }: Provider,
  organisation: Organisation,
  signIn: SignIn,
  { request, redirectUri, now }: Readonly<{ request: Incoming; redirectUri: string; now: number }>,
): Promise<Exchanged> => {
  const url = currentUrl(redirectUri, request)
  const checks = {
    expectedState: signIn.state,
    expectedNonce: signIn.nonce,
    pkceCodeVerifier: signIn.verifier,
    idTokenExpected: true,
  }
  const tokens = await oidc.authorizationCodeGrant(config, url, checks).catch(throwFailure)
  const idToken = tokens.claims()
  const raw = tokens.id_token
  if (idToken === undefined || raw === undefined) return refused('no ID token')
  checkIdToken(idToken, raw, organisation, now)
  if (!organisation.provider.useUserinfoEndpoint) return { idToken, claims: idToken, raw }
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, idToken.sub).catch(throwFailure)
  return { idToken, claims: { ...userinfo, ...idToken }, raw }
}
