import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { keySet, publicKeysFrom } from '../lib/state/key-set.ts'
import { each } from './support/each.ts'
import { goodKeys, publicJwk } from './support/forger.ts'

const refused = (keys: readonly object[], message: string) =>
  rejects(publicKeysFrom({ keys }), { name: 'KeySetError', message })

const usable = async (keys: readonly unknown[]): Promise<string[]> =>
  (await publicKeysFrom({ keys })).map(({ kid }) => kid)

const good = publicJwk('good', 'RS256')
const { kty, n, e } = good

/** An odd number of so many bits, as JWK writes it. It need not be a product of primes to be read. */
const odd = (bits: number): string => {
  const bytes = Buffer.alloc(Math.ceil(bits / 8), 0xff)
  bytes[0] = 2 ** (bits % 8 || 8) - 1
  return bytes.toString('base64url')
}

/** A coordinate that is on no curve together with itself. */
const off = 'A'.repeat(43)

describe('A key set', () => {
  it('is kept in one order, with the members that a key is made of and no others', async () => {
    const keys = await publicKeysFrom({ keys: [...goodKeys(), publicJwk('a', 'RS256')] })
    deepEqual(keys, await publicKeysFrom({ keys: [publicJwk('a', 'RS256'), ...goodKeys().reverse()] }))
    deepEqual(
      keys.map(({ kid }) => kid),
      ['a', 'ed', 'es256', 'ps256', 'rs256', 'rs512'],
    )
    deepEqual(await publicKeysFrom({ keys: [{ ...good, x5c: ['certificate'], more: 1 }] }), [
      { kid: 'good', alg: 'RS256', kty, n, e },
    ])
  })

  it('has each key with its algorithm, and no other', async () => {
    const keys = keySet(await publicKeysFrom({ keys: [good] }))
    deepEqual([keys.key('good')?.alg, keys.key('another')], ['RS256', undefined])
  })

  each('takes a key of each kind that we can use', [
    ...[{ use: undefined }, { use: undefined, key_ops: ['verify'] }, { kid: 'k'.repeat(256) }],
    // Zeros in front of its numbers, 8,192 bits, an exponent of eight bytes.
    ...[{ n: `AAAA${n}`, e: `AAAA${e}` }, { n: odd(8192) }, { e: odd(64) }],
  ])(async (members) => equal((await usable([{ ...good, ...members }])).length, 1))

  each('is none when it is no key set', [undefined, null, [good], 'keys', {}, { keys: { 0: good } }])(
    (document) => rejects(publicKeysFrom(document), { name: 'KeySetError', message: 'not a key set' }),
  )

  each('is refused whole when it gives away a secret or is ambiguous', [
    ...[{ kty: 'oct', k: 'x' }, { kty: 'oct' }, { k: 'x' }].map(
      (more) => [more, 'a symmetric key is published'] as const,
    ),
    ...['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth'].map(
      (member) => [{ [member]: 'x' }, 'a private key is published'] as const,
    ),
    // Also in a key for something else.
    [{ use: 'enc', d: 'x' }, 'a private key is published'],
    [{ kid: 'good' }, 'two keys carry the same kid'],
  ])(([more, words]) => refused([good, { ...good, kid: 'other', ...more }], words))

  it('takes a name that only one usable key has', async () => {
    for (const twin of [{ use: 'enc' }, { n: odd(1024) }])
      deepEqual(await usable([good, { ...good, ...twin }]), ['good'])
  })

  it('holds 32 keys at most', async () => {
    const keys = Array.from({ length: 33 }, (_, n) => ({ ...good, kid: `key-${n}` }))
    equal((await usable(keys.slice(1))).length, 32)
    await refused(keys, 'too many keys')
  })

  it('passes over keys without a name, however many', async () => {
    const nameless = { ...good, kid: undefined }
    deepEqual(await usable([nameless, good, nameless, { ...good, kid: 5 }, { ...good, kid: 5 }]), ['good'])
  })

  each('passes over a key that we cannot use', [
    ...[undefined, 5, '', 'k'.repeat(257)].map((kid) => ({ kid })),
    ...[undefined, ['RS256']].map((alg) => ({ alg })),
    // Of another kind or curve than its algorithm, or for something else than verifying.
    ...[{ kty: 'EC' }, { crv: 'P-256' }, { use: 'enc' }, { key_ops: ['sign', ''] }],
    // A modulus too short, too long, or none.
    ...[odd(2047), odd(8193), undefined, 'A'.repeat(400)].map((modulus) => ({ n: modulus })),
    // No exponent, or one that is zero, 3, even, or of nine bytes.
    ...[undefined, 'AAAA', 'Aw', 'AQAC', odd(72)].map((exponent) => ({ e: exponent })),
    { alg: 'ES256', kty: 'EC', crv: 'P-256', x: off, y: off },
    { alg: 'Ed25519', kty: 'OKP', crv: 'Ed25519' },
  ])(async (members) => {
    deepEqual(await usable([good, { ...good, kid: 'other', ...members }]), ['good'])
    await refused([{ ...good, ...members }], 'no key that can be used')
  })

  it('passes over entries that are no keys at all', async () =>
    deepEqual(await usable([null, [good], 'good', 5, good]), ['good']))
})
