import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { unchecked } from '../../lib/config.ts'
import { type Code, Problem } from '../../lib/problem.ts'
import { type TokenRules, unverifiedToken, verifiedToken } from '../../lib/session/token.ts'
import { keySet, publicKeysFrom } from '../../lib/state/key-set.ts'

/** Makes tokens that a library refuses to make: any header and payload, under any signature. */

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')

type Pair = { publicKey: KeyObject; privateKey: KeyObject }
type Sign = (input: string, key: KeyObject) => Buffer

const rsaWith =
  (hash: string, padding = constants.RSA_PKCS1_PADDING): Sign =>
  (input, key) =>
    sign(hash, Buffer.from(input), { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST })

const ecdsa =
  (dsaEncoding: 'ieee-p1363' | 'der'): Sign =>
  (input, key) =>
    sign('sha256', Buffer.from(input), { key, dsaEncoding })

const signatures = {
  RS256: rsaWith('sha256'),
  RS512: rsaWith('sha512'),
  PS256: rsaWith('sha256', constants.RSA_PKCS1_PSS_PADDING),
  ES256: ecdsa('ieee-p1363'),
  'ES256 in DER': ecdsa('der'),
  EdDSA: (input, key) => sign(null, Buffer.from(input), key),
  'HMAC with the public PEM': (input) =>
    createHmac('sha256', rsa.publicKey.export({ format: 'pem', type: 'spki' }))
      .update(input)
      .digest(),
  'all zero': () => Buffer.alloc(64),
  'one byte': () => Buffer.from([1]),
  empty: () => Buffer.alloc(0),
} as const satisfies Record<string, Sign>

type SignatureName = keyof typeof signatures

/** The public key of a pair, as in a key set. */
export const publicJwk = (kid: string, alg: string, { publicKey }: Pair = rsa, more: object = {}) => ({
  ...publicKey.export({ format: 'jwk' }),
  use: 'sig',
  alg,
  kid,
  ...more,
})

const pairs = new Map<unknown, Pair>([
  ['es256', ec],
  ['ed', ed],
  ['ed25519', ed],
])

/** The key pair for this `kid`: the same RSA pair for every `kid` of an RSA key. */
export const pairOf = (kid: unknown): Pair => pairs.get(kid) ?? rsa

/** Keys for every accepted algorithm. The RSA keys differ only in `kid` and `alg`. */
export const goodKeys = () => [
  publicJwk('rs256', 'RS256'),
  publicJwk('rs512', 'RS512'),
  publicJwk('ps256', 'PS256'),
  publicJwk('es256', 'ES256', ec),
  publicJwk('ed', 'EdDSA', ed),
  publicJwk('ed25519', 'Ed25519', ed),
]

/** Seconds since the epoch. A test that compares to the second freezes `Date` first. */
export const now = (): number => Math.floor(Date.now() / 1000)

/** The claims of an ordinary ID token of `demo`, eight hours long. */
export const claims = (): Record<string, unknown> => ({
  ntt: 'id_token',
  sub: 'someone',
  org: 'demo',
  groups: ['north-desk'],
  iat: now(),
  exp: now() + 8 * 3600,
  jti: 'session 1',
})

export const encoded = (part: unknown): string =>
  (part instanceof Uint8Array
    ? Buffer.from(part)
    : Buffer.from(typeof part === 'string' ? part : JSON.stringify(part))
  ).toString('base64url')

export type Forgery = Readonly<{
  /** Members that replace those of the default header; `undefined` removes one. */
  header?: Readonly<Record<string, unknown>>
  /** The whole header: JSON text, bytes or a value. */
  wholeHeader?: unknown
  claims?: Readonly<Record<string, unknown>>
  wholePayload?: unknown
  /** The signature, by default that of the `alg` in the header. */
  signature?: SignatureName
  /** The private key, by default that of the `kid` in the header. */
  by?: KeyObject
}>

const isSignature = (name: unknown): name is SignatureName =>
  typeof name === 'string' && Object.hasOwn(signatures, name)

/** A compact JWS, valid except for what the forgery changes. */
export const forged = (forgery: Forgery = {}): string => {
  const header: Record<string, unknown> = { alg: 'RS256', kid: 'rs256', typ: 'JWT', ...forgery.header }
  const payload = forgery.wholePayload ?? { ...claims(), ...forgery.claims }
  const input = `${encoded(forgery.wholeHeader ?? header)}.${encoded(payload)}`
  const name = forgery.signature ?? (isSignature(header.alg) ? header.alg : 'RS256')
  const make: Sign = signatures[name]
  return `${input}.${make(input, forgery.by ?? pairOf(header.kid).privateKey).toString('base64url')}`
}

const keys = keySet(await publicKeysFrom({ keys: goodKeys() }))
const rules: TokenRules = { issuer: unchecked, audience: unchecked, maxTokenAge: 604_800 }

/** Verifies this text with the forger's keys: `good`, or the code of the refusal. */
export const verdict = async (raw: string, more: Partial<TokenRules> = {}): Promise<Code | 'good'> => {
  try {
    await verifiedToken(unverifiedToken(raw), keys, { ...rules, ...more }, now())
    return 'good'
  } catch (error) {
    if (error instanceof Problem) return error.code
    throw error
  }
}
