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
const ec = goodKeys().find(({ kid }) => kid === 'es256')

/** An odd number of this many bits, encoded as in a JWK. */
const odd = (bits: number): string => {
  const bytes = Buffer.alloc(Math.ceil(bits / 8), 0xff)
  bytes[0] = 2 ** (bits % 8 || 8) - 1
  return bytes.toString('base64url')
}

/** A coordinate: as both x and y it is not on the curve. */
const off = 'A'.repeat(43)

describe('A key set', () => {
  it('is sorted by kid, and keeps only the members that define a key', async () => {
    const keys = await publicKeysFrom({ keys: [...goodKeys(), { ...good, x5c: ['certificate'], more: 1 }] })
    deepEqual(keys, await publicKeysFrom({ keys: [good, ...goodKeys().reverse()] }))
    deepEqual(
      keys.map(({ kid }) => kid),
      ['ed', 'ed25519', 'es256', 'good', 'ps256', 'rs256', 'rs512'],
    )
    deepEqual(keySet(keys).key('good'), { kid: 'good', alg: 'RS256', kty, n, e })
    equal(keySet(keys).key('another'), undefined)
  })

  each('accepts keys without use, with a long kid, leading zeros or large numbers', [
    ...[{ use: undefined }, { use: undefined, key_ops: ['verify'] }, { kid: 'k'.repeat(256) }],
    // Zeros in front of its numbers, 8,192 bits, an exponent of eight bytes.
    ...[{ n: `AAAA${n}`, e: `AAAA${e}` }, { n: odd(8192) }, { e: odd(64) }],
  ])(async (members) => equal((await usable([{ ...good, ...members }])).length, 1))

  each('is refused when it is not an object with an array of keys', [
    undefined,
    null,
    [good],
    'keys',
    {},
    { keys: { 0: good } },
  ])((document) => rejects(publicKeysFrom(document), { name: 'KeySetError', message: 'not a key set' }))

  each('is refused when it publishes a private or symmetric key, or repeats a kid', [
    ...[{ kty: 'oct', k: 'x' }, { kty: 'oct' }, { k: 'x' }].map(
      (more) => [more, 'a symmetric key is published'] as const,
    ),
    ...['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth'].map(
      (member) => [{ [member]: 'x' }, 'a private key is published'] as const,
    ),
    // Also in a key with another use.
    [{ use: 'enc', d: 'x' }, 'a private key is published'],
    [{ kid: 'good' }, 'two keys carry the same kid'],
  ])(([more, words]) => refused([good, { ...good, kid: 'other', ...more }], words))

  it('may repeat the kid of an unusable key', async () => {
    for (const twin of [{ use: 'enc' }, { n: odd(1024) }])
      deepEqual(await usable([good, { ...good, ...twin }]), ['good'])
  })

  it('is refused with more than 32 keys', async () => {
    const keys = Array.from({ length: 33 }, (_, n) => ({ ...good, kid: `key-${n}` }))
    equal((await usable(keys.slice(1))).length, 32)
    await refused(keys, 'too many keys')
  })

  each('ignores unusable keys, and is refused when it has no other', [
    ...[undefined, 5, '', 'k'.repeat(257)].map((kid) => ({ kid })),
    ...[undefined, ['RS256'], 'HS256', 'toString'].map((alg) => ({ alg })),
    // Its type or curve does not fit its algorithm, or it is not for verifying.
    ...[{ kty: 'EC' }, { crv: 'P-256' }, { use: 'enc' }, { key_ops: ['sign', ''] }],
    // A modulus that is too short (also behind zeros), too long, missing or zero.
    ...[odd(2047), 'A'.repeat(200) + odd(1024), odd(8193), undefined, 'A'.repeat(400)].map((n) => ({ n })),
    // No exponent, or one that is zero, 3, even, or of nine bytes.
    ...[undefined, 'AAAA', 'Aw', 'AQAC', odd(72)].map((e) => ({ e })),
    { alg: 'ES256', kty: 'EC', crv: 'P-256', x: off, y: off },
    { alg: 'ES384', kty: 'EC', crv: 'P-256', x: ec?.x, y: ec?.y },
    { alg: 'Ed25519', kty: 'OKP', crv: 'Ed25519' },
  ])(async (members) => {
    deepEqual(await usable([good, { ...good, kid: 'other', ...members }]), ['good'])
    await refused([{ ...good, ...members }], 'no key that can be used')
  })

  it('ignores entries that are not keys', async () =>
    deepEqual(await usable([null, [good], 'good', 5, { ...good, kid: 5 }, { ...good, kid: 5 }, good]), [
      'good',
    ]))
})
