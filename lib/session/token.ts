import { createHash, hash } from 'node:crypto'
import { compactVerify, type JWK } from 'jose'
import { type Config, unchecked } from '../config.ts'
import { Problem } from '../problem.ts'
import type { KeySet } from '../state/key-set.ts'

/** Longest compact JWS that is looked at, in characters. */
const longestToken = 8192
/** How far the clock of the identity service may be ahead of ours, in seconds. */
const clockSkew = 60
/** How many verified tokens a key set remembers. */
const mostRemembered = 500

/** A parsed token that is not verified. Its claims may be used to look things up, and for nothing else. */
export type UnverifiedToken = Readonly<{
  raw: string
  /** SHA-256 of the whole token, signature included: the key under which it is remembered as verified. */
  digest: string
  kid: string
  algorithm: string
  unverifiedClaims: Claims
}>

/** The known claims of a token. Nothing else of its payload is kept. */
export type Claims = Readonly<{
  org: string
  subject: string
  /** Whole seconds since the epoch, a fraction counted against the token. */
  issued: number
  expires: number
  notBefore: number | undefined
  kind: unknown
  groups: readonly string[]
  /** Of an access token: `service:permission`, in the whole organisation and by the name of each unit. */
  permissions: { org: readonly string[]; units: ReadonlyMap<string, readonly string[]> }
  /** As the identity service knows them; empty where it says nothing. */
  name: string
  email: string
  issuer: unknown
  audience: unknown
  /** Names this session in the table: contract, section 6. */
  session: string
}>

/**
 * Claims whose signature, times and purpose hold. Whether the session was ended is for `authenticate.ts` to
 * ask.
 */
declare const brand: unique symbol
export type Token = Claims & { readonly [brand]: 'Token' }

const malformed = (): never => {
  throw new Problem('token_malformed')
}

type Loose = Readonly<Record<string, unknown>>
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Canonical base64url (RFC 4648 section 5): with a changed unused bit the same token would have a second
 * spelling.
 */
const decodedPart = (part: string): Buffer => {
  const bytes = Buffer.from(part, 'base64url')
  return part !== '' && bytes.toString('base64url') === part ? bytes : malformed()
}

const jsonObject = (bytes: Uint8Array): Loose => {
  try {
    const value: unknown = JSON.parse(strict.decode(bytes))
    return isObject(value) ? value : malformed()
  } catch {
    return malformed()
  }
}

/**
 * Header members that ask for a key, an encoding or a feature of the sender's choice: RFC 8725 section 3.10,
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

/** NumericDate, RFC 7519 section 2: seconds since the epoch, which may have a fraction. */
const numericDate = (value: unknown): number =>
  typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : wrongClaims()

/** Longest identifier, in characters once it is encoded: two of them fit into a key of the table. */
const longestIdentifier = 900

/**
 * An identifier: present, short, and free of controls and lone surrogates, so that it can stand in a key and
 * a log line.
 */
const identifier = (value: unknown): string =>
  typeof value === 'string' &&
  value !== '' &&
  value.isWellFormed() &&
  encodeURIComponent(value).length <= longestIdentifier &&
  !/\p{Cc}/u.test(value)
    ? value
    : wrongClaims()

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : []

const permissionsOf = (value: unknown): Claims['permissions'] => {
  if (!isObject(value)) return { org: [], units: new Map() }
  const units = isObject(value.units) ? Object.entries(value.units) : []
  return { org: texts(value.org), units: new Map(units.map(([name, held]) => [name, texts(held)])) }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

const personOf = (value: unknown): Pick<Claims, 'name' | 'email'> => {
  const { given_name, family_name, email } = isObject(value) ? value : {}
  const name = [given_name, family_name].map(text).filter((part) => part !== '')
  return { name: name.join(' '), email: text(email) }
}

const sha256 = (...parts: readonly (string | Uint8Array)[]): string => {
  const sum = createHash('sha256')
  for (const part of parts) sum.update(part).update('\n')
  return sum.digest('base64url')
}

/** The tokens that a key set has verified, by digest. A new key set starts empty. */
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

const takenApart = (raw: string, digest: string): UnverifiedToken => {
  const parts = raw.split('.')
  if (parts.length !== 3) return malformed()
  const [header, payload, signature] = parts as [string, string, string]
  decodedPart(signature)
  // All three parts are decoded before any is parsed.
  const [headerBytes, payloadBytes] = [decodedPart(header), decodedPart(payload)]
  return { raw, digest, ...headerOf(headerBytes), unverifiedClaims: claimsOf(payloadBytes) }
}

const short = (raw: string): string => (raw.length > longestToken ? malformed() : raw)

/** Takes a compact JWS apart (RFC 7515 section 7.1), or refuses it. Nothing of it is trusted yet. */
export const unverifiedToken = (raw: string): UnverifiedToken => takenApart(raw, digestOf(short(raw)))

/**
 * The same, from memory when these keys verified the token before. Its times and revocation are still checked
 * on every request, and it is forgotten when it expires.
 */
export const tokenIn = (raw: string, keys: KeySet | undefined, now: number): UnverifiedToken => {
  const verified = keys && verifiedBy.get(keys)
  if (verified === undefined) return unverifiedToken(raw)
  const digest = digestOf(short(raw))
  const token = verified.get(digest)
  if (token !== undefined && token.unverifiedClaims.expires > now) return token
  verified.delete(digest)
  return takenApart(raw, digest)
}

/** The settings that a verified token has to match. */
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

const signatureHolds = async (token: UnverifiedToken, keys: KeySet): Promise<void> => {
  const { raw, digest, kid, algorithm } = token
  const verified = verifiedBy.get(keys) ?? new Map<string, UnverifiedToken>()
  if (verified.has(digest)) return
  try {
    await compactVerify(raw, keys.key(kid) as JWK, { algorithms: [algorithm] })
  } catch (error) {
    throw new Problem('token_signature', error)
  }
  if (verified.size >= mostRemembered) verified.delete(verified.keys().next().value as string)
  verifiedBy.set(keys, verified.set(digest, token))
}

/**
 * Whether a token whose key is unknown may be signed with a key that was published after `keysAt`, when the
 * keys were last accepted, and could then be good: contract, section 6.
 */
export const mayHaveNewKey = (
  { unverifiedClaims: { issued, expires } }: UnverifiedToken,
  keysAt: number,
  now: number,
): boolean => issued >= keysAt - clockSkew && issued <= now + clockSkew && expires > now

/**
 * The claims of a token whose signature holds, whatever its times: enough to end a session, never to use one.
 * Throws `token_key_unknown` first, so that the caller may look for newer keys.
 */
export const signedClaims = async (token: UnverifiedToken, keys: KeySet): Promise<Claims> => {
  const algorithm = keys.algorithm(token.kid)
  if (algorithm === undefined) throw new Problem('token_key_unknown')
  if (algorithm !== token.algorithm) throw new Problem('token_signature')
  await signatureHolds(token, keys)
  return token.unverifiedClaims
}

/**
 * Verifies the signature and what the claims have to say: contract, section 6. `now` in seconds since the
 * epoch.
 */
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
