import { constants, generateKeyPair, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint, type JWTPayload, errors as joseErrors, jwtVerify } from 'jose'
import { own } from './input.ts'

/** One RSA key. `at` is the second in which it was made. */
export type Key = { kid: string; at: number; privateKey: KeyObject; publicKey: KeyObject }
/** Every key ever held, the published ones among them, and the one that signs. */
export type KeyRing = { held: Key[]; published: Key[]; signing: Key; atStart: readonly [Key, Key] }
/** The parts of a token before they are encoded. */
export type Json = Record<string, unknown>

/** The longest life of a token in seconds, as the documented key set states it. */
export const maxTokenTTL = 604_800

const generate = promisify(generateKeyPair)

/** A new RSA key, named by its thumbprint (RFC 7638), so that no two starts share a `kid`. */
export const newKey = async (modulusLength = 2048): Promise<Key> => {
  const { privateKey, publicKey } = await generate('rsa', { modulusLength })
  const kid = await calculateJwkThumbprint(publicKey)
  return { kid, at: Math.floor(Date.now() / 1000), privateKey, publicKey }
}

/** A ring with two published keys. The second signs, so that nobody gets by with taking the first. */
export const newKeyRing = async (): Promise<KeyRing> => {
  const [spare, signing] = await Promise.all([newKey(), newKey()])
  return { held: [spare, signing], published: [spare, signing], signing, atStart: [spare, signing] }
}

/** As at the start: the first two keys are published, the second of them signs. Later keys stay held. */
export const resetKeys = (ring: KeyRing): void => {
  ring.published = [...ring.atStart]
  ring.signing = ring.atStart[1]
}

/** A public key as the documented key set shows it. */
export const publicJwk = ({ kid, publicKey }: Key): Json => {
  const { kty, n, e } = publicKey.export({ format: 'jwk' })
  return { kty, use: 'sig', alg: 'RS512', kid, n, e }
}

/** The documented document around these keys. */
export const jwks = (published: readonly Key[], keys = published.map(publicJwk)): Json => ({
  keys,
  keysMeta: Object.fromEntries(published.map(({ kid, at }) => [kid, { at }])),
  maxTokenTTL,
})

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
const signatures: Readonly<Record<string, { hash: string; padding?: number; saltLength?: number }>> = {
  RS256: { hash: 'sha256' },
  RS384: { hash: 'sha384' },
  RS512: { hash: 'sha512' },
  PS256: { hash: 'sha256', ...pss },
  PS384: { hash: 'sha384', ...pss },
  PS512: { hash: 'sha512', ...pss },
}

const encoded = (part: Json): string => Buffer.from(JSON.stringify(part)).toString('base64url')

/**
 * A compact JWS of any header and any claims. Written out here because a library rightly refuses to make the
 * tokens that tests need. An `alg` that is not RSA still gets an RS512 signature, and `none` an empty one.
 */
export const signed = (key: Key, claims: Json, changes: Json = {}): string => {
  const header = without({ alg: 'RS512', kid: key.kid, typ: 'JWT', ...changes })
  const input = `${encoded(header)}.${encoded(without(claims))}`
  const { alg } = header
  if (alg === 'none') return `${input}.`
  const { hash, ...padding } = own(signatures, String(alg)) ?? { hash: 'sha512' }
  return `${input}.${sign(hash, Buffer.from(input), { key: key.privateKey, ...padding }).toString('base64url')}`
}

const without = (part: Json): Json =>
  Object.fromEntries(Object.entries(part).filter(([, value]) => value !== null))

/**
 * The claims of a token that this ring signed and that has not expired. Withdrawn keys count: otherwise
 * withdrawing the signing key would shut the Admin API too, and nobody could read the state that the test is
 * about.
 */
export const verified = async (
  ring: KeyRing,
  token: string,
  purpose: string,
): Promise<JWTPayload | undefined> => {
  try {
    const key = ({ kid }: { kid?: string }): KeyObject => {
      const found = ring.held.find((candidate) => candidate.kid === kid)
      if (found === undefined) throw new joseErrors.JWKSNoMatchingKey()
      return found.publicKey
    }
    const { payload } = await jwtVerify<{ ntt?: unknown }>(token, key, {
      algorithms: ['RS512'],
      requiredClaims: ['exp', 'sub'],
    })
    return payload.ntt === purpose ? payload : undefined
  } catch (error) {
    if (error instanceof joseErrors.JOSEError) return undefined
    throw error
  }
}
