import { json, type Reply } from './exchange.ts'
import { type Json, jwks, type KeyRing, publicJwk } from './keys.ts'

/** The valid document with another key, which replaces one with the same `kid`. */
const including = (ring: KeyRing, odd: Json): Reply => {
  const { kid: oddKid } = odd
  const good = ring.published.filter(({ kid }) => kid !== oddKid).map(publicJwk)
  return json(jwks(ring.published, [...good, odd]))
}

/** Every kind of broken key set, by name. */
const malformations = {
  'duplicate-kid': ({ published, atStart, signing }) => {
    const twins = atStart.map((key) => ({ ...publicJwk(key), kid: signing.kid }))
    return json(jwks(published, twins))
  },
  symmetric: (ring) =>
    including(ring, {
      kty: 'oct',
      use: 'sig',
      alg: 'HS512',
      kid: 'symmetric',
      k: Buffer.alloc(64, 7).toString('base64url'),
    }),
  private: (ring) => {
    const whole = ring.signing.privateKey.export({ format: 'jwk' })
    return including(ring, { ...whole, ...publicJwk(ring.signing) })
  },
} as const satisfies Record<string, (ring: KeyRing) => Reply>

/** The name of a kind of broken key set. */
export type Malformation = keyof typeof malformations

/** All names. */
export const malformationNames = Object.keys(malformations) as Malformation[]

/** `GET /v1/jwks`: the key set, or the broken one that the switch selects. */
export const keySet = (ring: KeyRing, malformed: Malformation | null): Reply =>
  malformed === null ? json(jwks(ring.published)) : malformations[malformed](ring)
