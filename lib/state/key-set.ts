import { importJWK } from 'jose'
import { isJsonObject, type JsonObject } from '../json-object.ts'

/** The accepted signature algorithms and their key types: RFC 7518 section 3.1, RFC 8037, RFC 9864. */
export const algorithms = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
} as const satisfies Record<string, { kty: string; crv?: string }>

/** An accepted `alg`. */
export type Algorithm = keyof typeof algorithms

const algorithmNames: ReadonlySet<unknown> = new Set(Object.keys(algorithms))

const isAlgorithm = (value: unknown): value is Algorithm => algorithmNames.has(value)

/** A public key as stored in the state. Unknown members are dropped. */
export type PublicKey = Readonly<{
  kid: string
  alg: Algorithm
  kty: string
  crv?: string
  n?: string
  e?: string
  x?: string
  y?: string
}>

/** Keys by `kid`. Each key stays the same object, because jose caches imported keys by identity. */
export type KeySet = Readonly<{ key(kid: string): PublicKey | undefined }>

/** Thrown for a key set document that cannot be used. The message never quotes it. */
export class KeySetError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'KeySetError'
  }
}

const refuse = (message: string): never => {
  throw new KeySetError(message)
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** Refuses a whole set that publishes a secret key: its source is broken or compromised. */
const refuseSecrets = (keys: readonly JsonObject[]): void => {
  if (keys.some((key) => key.kty === 'oct' || 'k' in key)) refuse('a symmetric key is published')
  if (keys.some((key) => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth'].some((member) => member in key)))
    refuse('a private key is published')
}

/** A JWK number, big-endian, without leading zeros. */
const bytesOf = (number: string | undefined): Buffer => {
  const bytes = Buffer.from(number ?? '', 'base64url')
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0))
}

/** A modulus of 2048 to 8192 bits and an odd exponent above 2^16: FIPS 186-5 section 5.4. */
const soundRsa = (key: PublicKey): boolean => {
  const modulus = bytesOf(key.n)
  const exponent = bytesOf(key.e)
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24
  return (
    bits >= 2048 &&
    bits <= 8192 &&
    exponent.length >= 3 &&
    exponent.length <= 8 &&
    ((exponent.at(-1) ?? 0) & 1) === 1
  )
}

/** Parses an entry. Undefined when it is not understood or not for signatures. */
const described = (key: JsonObject): PublicKey | undefined => {
  const kid = text(key.kid)
  const { alg } = key
  if (kid === undefined || kid.length > 256 || !isAlgorithm(alg)) return undefined
  if (key.use !== undefined && key.use !== 'sig') return undefined
  if (Array.isArray(key.key_ops) && !key.key_ops.includes('verify')) return undefined
  const wanted: { kty: string; crv?: string } = algorithms[alg]
  if (key.kty !== wanted.kty || key.crv !== wanted.crv) return undefined
  const members = (['crv', 'n', 'e', 'x', 'y'] as const).flatMap((name) => {
    const value = text(key[name])
    return value === undefined ? [] : [[name, value] as const]
  })
  return { kid, alg, kty: wanted.kty, ...Object.fromEntries(members) }
}

/** Whether a key is safe to use. The import rejects, for example, a point that is not on its curve. */
const isSound = async (key: PublicKey): Promise<boolean> => {
  if (key.kty === 'RSA' && !soundRsa(key)) return false
  return importJWK({ ...key }, key.alg).then(
    () => true,
    () => false,
  )
}

/**
 * Parses a key set document (RFC 7517 section 5) and sorts its keys by `kid`. Entries that are not
 * understood, not for signatures, weak or broken are skipped. Throws `KeySetError`.
 */
export const publicKeysFrom = async (document: unknown): Promise<readonly PublicKey[]> => {
  const listed: unknown = isJsonObject(document) ? document.keys : undefined
  if (!Array.isArray(listed)) return refuse('not a key set')
  const entries = listed.filter(isJsonObject)
  refuseSecrets(entries)
  const candidates = entries.flatMap((entry) => described(entry) ?? [])
  const sound = await Promise.all(candidates.map(isSound))
  const keys = candidates.filter((_, index) => sound[index])
  if (keys.length === 0) return refuse('no key that can be used')
  if (keys.length > 32) return refuse('too many keys')
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length) return refuse('two keys carry the same kid')
  return keys.sort((a, b) => (a.kid < b.kid ? -1 : 1))
}

/** A key set in memory. Verification never uses the network. */
export const keySet = (keys: readonly PublicKey[]): KeySet => {
  const rows = new Map(keys.map((key) => [key.kid, key]))
  return { key: (kid) => rows.get(kid) }
}
