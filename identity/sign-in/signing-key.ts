import { createHash, createPublicKey } from 'node:crypto'
import { GetPublicKeyCommand, type KMSClient, SignCommand } from '@aws-sdk/client-kms'
import { calculateJwkThumbprint } from 'jose'
import { refuse } from '../problem.ts'
import type { KeyName } from '../settings.ts'

/** Our keys, which live in KMS and never leave it. */

/** A public key as the documented key set shows it. `at`: the second from which it was published. */
type PublishedKey = Readonly<{
  jwk: Readonly<{ kty: string; use: 'sig'; alg: 'RS512'; kid: string; n: string; e: string }>
  at: number
}>

export type SigningKeys = Readonly<{
  /** Every published key. */
  published(): Promise<readonly PublishedKey[]>
  /** A compact JWS over these claims. Throws `signing_unavailable`. */
  sign(claims: object): Promise<string>
}>

const unavailable = (error: unknown): never => refuse('signing_unavailable', error)

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

/** The keys behind this client; the first signs. A public key never changes, so it is fetched once. */
export const signingKeys = (kms: KMSClient, names: readonly KeyName[]): SigningKeys => {
  const known = new Map<string, Promise<PublishedKey>>()

  const fetched = async ({ id, made }: KeyName): Promise<PublishedKey> => {
    const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: id })).catch(unavailable)
    const key = createPublicKey({ key: Buffer.from(PublicKey ?? []), format: 'der', type: 'spki' })
    const { kty = '', n = '', e = '' } = key.export({ format: 'jwk' })
    // RFC 7638.
    const kid = await calculateJwkThumbprint({ kty, n, e })
    return { jwk: { kty, use: 'sig', alg: 'RS512', kid, n, e }, at: Date.parse(made) / 1000 }
  }

  const publicKey = (name: KeyName): Promise<PublishedKey> => {
    const key = known.get(name.id) ?? fetched(name)
    known.set(name.id, key)
    // A failed fetch is tried again by the next request.
    key.catch(() => known.delete(name.id))
    return key
  }

  return {
    published: () => Promise.all(names.map(publicKey)),
    sign: async (claims) => {
      const [name] = names
      if (name === undefined) return unavailable('no key')
      const { jwk } = await publicKey(name)
      const input = `${encoded({ alg: jwk.alg, kid: jwk.kid, typ: 'JWT' })}.${encoded(claims)}`
      // A digest, because KMS takes messages of 4,096 bytes at most.
      const command = new SignCommand({
        KeyId: name.id,
        MessageType: 'DIGEST',
        Message: createHash('sha512').update(input).digest(),
        SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_512',
      })
      const { Signature = new Uint8Array() } = await kms.send(command).catch(unavailable)
      return `${input}.${Buffer.from(Signature).toString('base64url')}`
    },
  }
}
