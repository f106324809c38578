import { generateKeyPair, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint } from 'jose'

/** An RSA key. `at`: when it was created, in seconds since the epoch. */
export type Key = { kid: string; at: number; privateKey: KeyObject; publicKey: KeyObject }
/** The published keys, and the one that signs. */
export type KeyRing = { published: Key[]; signing: Key; atStart: readonly [Key, Key] }
/** The parts of a token before they are encoded. */
export type Json = Record<string, unknown>

/** Maximum lifetime of a token in seconds, as stated in the documented key set. */
export const maxTokenTTL = 604_800

const generate = promisify(generateKeyPair)

/** Creates an RSA key. Its `kid` is its thumbprint (RFC 7638), so it differs after each start. */
export const newKey = async (): Promise<Key> => {
  const { privateKey, publicKey } = await generate('rsa', { modulusLength: 2048 })
  const kid = await calculateJwkThumbprint(publicKey)
  return { kid, at: Math.floor(Date.now() / 1000), privateKey, publicKey }
}

/** Creates a key ring with two published keys. The second signs, so that taking the first key fails. */
export const newKeyRing = async (): Promise<KeyRing> => {
  const [spare, signing] = await Promise.all([newKey(), newKey()])
  return { published: [spare, signing], signing, atStart: [spare, signing] }
}

/** Resets the ring: the first two keys are published and the second signs. */
export const resetKeys = (ring: KeyRing): void => {
  ring.published = [...ring.atStart]
  ring.signing = ring.atStart[1]
}

/** A public key in the form of the documented key set. */
export const publicJwk = ({ kid, publicKey }: Key): Json => {
  const { kty, n, e } = publicKey.export({ format: 'jwk' })
  return { kty, use: 'sig', alg: 'RS512', kid, n, e }
}

/** A key set document with these keys, in the documented form. */
export const jwks = (published: readonly Key[], keys = published.map(publicJwk)): Json => ({
  keys,
  keysMeta: Object.fromEntries(published.map(({ kid, at }) => [kid, { at }])),
  maxTokenTTL,
})

const encoded = (part: Json): string => Buffer.from(JSON.stringify(part)).toString('base64url')

const without = (part: Json): Json =>
  Object.fromEntries(Object.entries(part).filter(([, value]) => value !== null))

/**
 * Signs a compact JWS with any header and any claims; null removes a member. The signature is always RS512. A
 * library would refuse to create some tokens that tests need.
 */
export const signed = (key: Key, claims: Json, changes: Json = {}): string => {
  const header = without({ alg: 'RS512', kid: key.kid, typ: 'JWT', ...changes })
  const input = `${encoded(header)}.${encoded(without(claims))}`
  return `${input}.${sign('sha512', Buffer.from(input), key.privateKey).toString('base64url')}`
}
