import { json, type Reply } from './exchange.ts'
import { html, page } from './html.ts'
import { type Json, jwks, type KeyRing, newKey, publicJwk } from './keys.ts'

/** Where the redirected key set lies. It is a good one: only the count of requests shows who followed. */
export const elsewhere = '/v1/jwks-elsewhere'

/** The good document with one key more, or another in place of a good one of the same `kid`. */
const including = (ring: KeyRing, odd: Json): Reply => {
  const { kid: oddKid } = odd
  const good = ring.published.filter(({ kid }) => kid !== oddKid).map(publicJwk)
  return json(jwks(ring.published, [...good, odd]))
}

/** Every way in which the key set can be bad, by its name. */
const malformations = {
  html: () => page(200, 'Service is being updated', html`<p>Come back later.</p>`),
  empty: () => ({ ...json(''), body: '' }),
  'not-json': () => ({ ...json(''), body: '{"keys":[{"kty":"RSA",' }),
  'no-keys': () => json(jwks([])),
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
  'weak-rsa': async (ring) => including(ring, publicJwk(await newKey(1024))),
  huge: ({ published }) => json({ ...jwks(published), padding: 'x'.repeat(11_000_000) }),
  redirect: () => ({ status: 302, headers: { location: elsewhere }, body: '' }),
  endless: () => ({ ...json(''), body: '{"keys":[', endless: true }),
} as const satisfies Record<string, (ring: KeyRing) => Reply | Promise<Reply>>

/** The name of one way to be bad. */
export type Malformation = keyof typeof malformations

/** The names, for whoever has to choose one. */
export const malformationNames = Object.keys(malformations) as Malformation[]

/** `GET /v1/jwks`: the documented document, or what the switch makes of it. */
export const keySet = (ring: KeyRing, malformed: Malformation | null): Reply | Promise<Reply> =>
  malformed === null ? json(jwks(ring.published)) : malformations[malformed](ring)
