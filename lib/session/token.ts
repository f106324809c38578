import { createHash, hash } from 'node:crypto'
import { compactVerify } from 'jose'
import { type Config, unchecked } from '../config.ts'
import { isJsonObject, type JsonObject } from '../json-object.ts'
import { Problem } from '../problem.ts'
import type { KeySet } from '../state/key-set.ts'

/** Maximum length of a compact JWS, in characters. */
const maxTokenLength = 8192
/** Seconds by which the clock of the identity service may be ahead. */
const clockSkew = 60
/** Maximum number of verified tokens that are cached for each key set. */
const maxCached = 500

/** A parsed token that is not verified. Its claims may only be used to look things up. */
export type UnverifiedToken = Readonly<{
  raw: string
  /** SHA-256 of the whole token with its signature: its key in the cache of verified tokens. */
  digest: string
  kid: string
  algorithm: string
  unverifiedClaims: Claims
}>

/** The claims of a token that the gateway uses. The rest of its payload is dropped. */
export type Claims = Readonly<{
  org: string
  subject: string
  /** Whole seconds since the epoch. A fraction is rounded so that the token is valid for less time. */
  issued: number
  expires: number
  notBefore: number | undefined
  kind: unknown
  groups: readonly string[]
  /** Only in an access token: `service:permission`, for the whole organisation and for each unit by name. */
  permissions: { org: readonly string[]; units: ReadonlyMap<string, readonly string[]> }
  /** From the identity service; empty when it sends none. */
  name: string
  email: string
  issuer: unknown
  audience: unknown
  /** Id of this session in the table. */
  session: string
}>

declare const brand: unique symbol
/**
 * Verified claims: signature, times, issuer, audience and purpose. Revocation is checked in
 * `authenticate.ts`.
 */
export type Token = Claims & { readonly [brand]: 'Token' }

const malformed = (): never => {
  throw new Problem('token_malformed')
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Decodes canonical base64url (RFC 4648 section 5). Lenient decoding would accept variants of a token. */
const decodedPart = (part: string): Buffer => {
  const bytes = Buffer.from(part, 'base64url')
  return part !== '' && bytes.toString('base64url') === part ? bytes : malformed()
}

const jsonObject = (bytes: Uint8Array): JsonObject => {
  try {
    const value: unknown = JSON.parse(strict.decode(bytes))
    return isJsonObject(value) ? value : malformed()
  } catch {
    return malformed()
  }
}

/**
 * Header members that would let the sender choose a key, an encoding or a feature: RFC 8725 section 3.10,
 * RFC 7515 section 4.1.11.
 */
const refusedMembers = ['crit', 'b64', 'zip', 'enc', 'jku', 'jwk', 'x5u', 'x5c']

const headerOf = (bytes: Uint8Array): { kid: string; algorithm: string } => {
  const header = jsonObject(bytes)
  if (refusedMembers.some((member) => Object.hasOwn(header, member))) return malformed()
  // No other header parameter is an object: RFC 7515 section 4.1.
  if (Object.values(header).some((value) => typeof value === 'object')) return malformed()
  const { kid, alg, typ } = header
  if (typ !== undefined && !(typeof typ === 'string' && typ.toUpperCase() === 'JWT'))
    throw new Problem('token_purpose')
  if (typeof kid !== 'string' || kid === '' || kid.length > 256 || typeof alg !== 'string') return malformed()
  return { kid, algorithm: alg }
}

const wrongClaims = (): never => {
  throw new Problem('token_claims')
}

/** A NumericDate (RFC 7519 section 2): seconds since the epoch, possibly with a fraction. */
const numericDate = (value: unknown): number =>
  typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : wrongClaims()

/** Maximum length of an encoded identifier. Two of them fit into a key of the table. */
const maxIdentifierLength = 900

/** Parses an identifier without control characters and lone surrogates, safe in a key and a log line. */
const identifier = (value: unknown): string =>
  typeof value === 'string' &&
  value !== '' &&
  value.isWellFormed() &&
  encodeURIComponent(value).length <= maxIdentifierLength &&
  !/\p{Cc}/u.test(value)
    ? value
    : wrongClaims()

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : []

const permissionsOf = (value: unknown): Claims['permissions'] => {
  if (!isJsonObject(value)) return { org: [], units: new Map() }
  const units = isJsonObject(value.units) ? Object.entries(value.units) : []
  return { org: texts(value.org), units: new Map(units.map(([name, held]) => [name, texts(held)])) }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

const personOf = (value: unknown): Pick<Claims, 'name' | 'email'> => {
  const { given_name, family_name, email } = isJsonObject(value) ? value : {}
  const name = [given_name, family_name].map(text).filter((part) => part !== '')
  return { name: name.join(' '), email: text(email) }
}

const sha256 = (...parts: readonly (string | Uint8Array)[]): string => {
  const sum = createHash('sha256')
  for (const part of parts) sum.update(part).update('\n')
  return sum.digest('base64url')
}

/** Verified tokens of each key set, by digest. */
const verifiedBy = new WeakMap<KeySet, Map<string, UnverifiedToken>>()

const digestOf = (raw: string): string => hash('sha256', raw)

const claimsOf = (payload: Uint8Array): Claims => {
  const claims = jsonObject(payload)
  const org = identifier(claims.org)
  const subject = identifier(claims.sub)
  const id = claims.jti
  return {
    org,
    subject,
    issued: Math.floor(numericDate(claims.iat)),
    expires: Math.floor(numericDate(claims.exp)),
    notBefore: claims.nbf === undefined ? undefined : Math.ceil(numericDate(claims.nbf)),
    kind: claims.ntt,
    groups: texts(claims.groups),
    permissions: permissionsOf(claims.permissions),
    ...personOf(claims.userinfo),
    issuer: claims.iss,
    audience: claims.aud,
    session:
      typeof id === 'string' && id !== ''
        ? sha256('jti', JSON.stringify([org, subject, id]))
        : sha256('payload', payload),
  }
}

const parsed = (raw: string, digest: string): UnverifiedToken => {
  const [header = '', payload = '', signature = '', ...more] = raw.split('.')
  if (more.length > 0) return malformed()
  decodedPart(signature)
  // All three parts are decoded before any is parsed.
  const [headerBytes, payloadBytes] = [decodedPart(header), decodedPart(payload)]
  return { raw, digest, ...headerOf(headerBytes), unverifiedClaims: claimsOf(payloadBytes) }
}

const lengthChecked = (raw: string): string => (raw.length > maxTokenLength ? malformed() : raw)

/** Parses a compact JWS (RFC 7515 section 7.1), or throws. Verifies nothing. */
export const unverifiedToken = (raw: string): UnverifiedToken => parsed(raw, digestOf(lengthChecked(raw)))

/** Like `unverifiedToken`, from the cache when these keys have verified the token and it has not expired. */
export const tokenIn = (raw: string, keys: KeySet | undefined, now: number): UnverifiedToken => {
  const verified = keys && verifiedBy.get(keys)
  if (verified === undefined) return unverifiedToken(raw)
  const digest = digestOf(lengthChecked(raw))
  const token = verified.get(digest)
  if (token !== undefined && token.unverifiedClaims.expires > now) return token
  verified.delete(digest)
  return parsed(raw, digest)
}

/** Settings that a token must match. */
export type TokenRules = Pick<Config, 'issuer' | 'audience' | 'maxTokenAge'>

const checkTimes = (claims: Claims, now: number, maxTokenAge: number): void => {
  if (claims.expires <= now) throw new Problem('token_expired')
  if (claims.issued > now + clockSkew || (claims.notBefore ?? 0) > now + clockSkew)
    throw new Problem('token_from_future')
  if (claims.expires <= claims.issued) throw new Problem('token_claims')
  if (claims.expires - claims.issued > maxTokenAge) throw new Problem('token_lives_too_long')
}

const checkParties = (claims: Claims, { issuer, audience }: TokenRules): void => {
  if (issuer !== unchecked && claims.issuer !== issuer) throw new Problem('token_issuer')
  if (audience === unchecked) return
  const meant = Array.isArray(claims.audience) ? claims.audience : [claims.audience]
  if (!meant.includes(audience)) throw new Problem('token_audience')
}

/**
 * Whether a token with an unknown key may be signed with a key published after `keysAt`, when the keys were
 * last accepted.
 */
export const mayHaveNewKey = (
  { unverifiedClaims: { issued, expires } }: UnverifiedToken,
  keysAt: number,
  now: number,
): boolean => issued >= keysAt - clockSkew && issued <= now + clockSkew && expires > now

/**
 * The claims of a token with a valid signature, even if it has expired: enough to end a session, not to use
 * one. Throws `token_key_unknown` before any other problem, so that the caller can look for newer keys.
 */
export const signedClaims = async (token: UnverifiedToken, keys: KeySet): Promise<Claims> => {
  const { raw, digest, kid, algorithm, unverifiedClaims } = token
  const verified = verifiedBy.get(keys) ?? new Map<string, UnverifiedToken>()
  if (verified.has(digest)) return unverifiedClaims
  const key = keys.key(kid)
  if (key === undefined) throw new Problem('token_key_unknown')
  if (key.alg !== algorithm) throw new Problem('token_signature')
  try {
    await compactVerify(raw, key, { algorithms: [algorithm] })
  } catch (error) {
    throw new Problem('token_signature', error)
  }
  const [oldest = digest] = verified.keys()
  if (verified.size >= maxCached) verified.delete(oldest)
  verifiedBy.set(keys, verified.set(digest, token))
  return unverifiedClaims
}

/** Verifies signature and claims. `now` in seconds since the epoch. */
export const verifiedToken = async (
  token: UnverifiedToken,
  keys: KeySet,
  rules: TokenRules,
  now: number,
): Promise<Token> => {
  const claims = await signedClaims(token, keys)
  if (claims.kind !== 'id_token' && claims.kind !== 'access_token') throw new Problem('token_purpose')
  checkTimes(claims, now, rules.maxTokenAge)
  checkParties(claims, rules)
  return claims as Token
}
