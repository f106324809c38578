import { deepEqual, equal, notEqual, rejects, strictEqual, throws } from 'node:assert/strict'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { describe, it } from 'node:test'
import { mayHaveNewKey, signedClaims, tokenIn, unverifiedToken } from '../lib/session/token.ts'
import { keySet, publicKeysFrom } from '../lib/state/key-set.ts'
import { each } from './support/each.ts'

/** Tokens taken apart, with nothing around them: what a header may say, and what names a session. */

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
const keys = keySet([{ kid: 'k', alg: 'ES256', kty: 'EC', crv: 'P-256', x, y }])

const header = { kid: 'k', alg: 'ES256' }
const claims = { org: 'demo', sub: 'somebody', iat: 1000, exp: 2000, ntt: 'id_token', jti: 'one' }

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const signed = (first: object = header, second: object = claims): string => {
  const input = `${part(first)}.${part(second)}`
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}
const sessionOf = (more: object): string =>
  unverifiedToken(signed(header, { ...claims, ...more })).unverifiedClaims.session
const digest = (...lines: readonly (string | Uint8Array)[]): string => {
  const sum = createHash('sha256')
  for (const line of lines) sum.update(line).update('\n')
  return sum.digest('base64url')
}

describe('The header of a token, taken apart', () => {
  each('is refused for a header that is not allowed', [
    ...['crit', 'b64', 'zip', 'enc', 'jku', 'jwk', 'x5u', 'x5c'].map(
      (member) => ['token_malformed', { [member]: 'x' }] as const,
    ),
    ['token_malformed', { other: {} }],
    ['token_malformed', { other: null }],
    ['token_malformed', { kid: '' }],
    ['token_malformed', { kid: 5 }],
    ['token_malformed', { kid: 'k'.repeat(257) }],
    ['token_malformed', { alg: undefined }],
    ['token_malformed', { alg: 5 }],
    ['token_purpose', { typ: 'at+jwt' }],
    ['token_purpose', { typ: '' }],
    ['token_purpose', { typ: 5 }],
  ])(([code, more]) =>
    throws(() => unverifiedToken(signed({ ...header, ...more })), { name: 'Problem', code }),
  )

  each('is taken with a header that is allowed', [
    {},
    { typ: 'JWT' },
    { typ: 'jwt' },
    { cty: 'x' },
    { ver: 1 },
    { kid: 'k'.repeat(256) },
  ])((more) => {
    const { kid, algorithm } = unverifiedToken(signed({ ...header, ...more }))
    deepEqual([kid, algorithm], ['kid' in more ? more.kid : 'k', 'ES256'])
  })
})

describe('A session', () => {
  it('is named by organisation, subject and jti', () => {
    equal(sessionOf({}), digest('jti', '["demo","somebody","one"]'))
    equal(sessionOf({ exp: 3000 }), sessionOf({}))
    for (const more of [{ org: 'other' }, { sub: 'other' }, { jti: 'other' }])
      notEqual(sessionOf(more), sessionOf({}))
  })

  each('is named by its claims where it has no jti', [undefined, '', 5, ['one'], null])((jti) => {
    const payload = Buffer.from(JSON.stringify({ ...claims, jti }))
    equal(sessionOf({ jti }), digest('payload', payload))
    notEqual(sessionOf({ jti }), sessionOf({ jti, exp: 3000 }))
  })
})

describe('A token that these keys have verified', () => {
  it('is not taken apart again, until it has run out', async () => {
    const raw = signed()
    const first = tokenIn(raw, keys, 1500)
    notEqual(tokenIn(raw, keys, 1500), first)
    await signedClaims(first, keys)
    strictEqual(tokenIn(raw, keys, 1999), first)
    notEqual(tokenIn(raw, keys, 2000), first)
    notEqual(tokenIn(raw, keys, 1500), first, 'it was forgotten')
  })

  it('says nothing for the same claims under another signature, or under other keys', async () => {
    const raw = signed()
    const token = unverifiedToken(raw)
    await signedClaims(token, keys)
    const [head, body] = raw.split('.')
    const forged = `${head}.${body}.${Buffer.alloc(64, 1).toString('base64url')}`
    await rejects(signedClaims(tokenIn(forged, keys, 1500), keys), { code: 'token_signature' })
    await rejects(signedClaims(token, keySet([])), { code: 'token_key_unknown' })
    const renamed = keySet([{ kid: 'k', alg: 'ES384', kty: 'EC', crv: 'P-256', x, y }])
    await rejects(signedClaims(token, renamed), { code: 'token_signature', cause: undefined })
  })
})

describe('The two names of one Edwards signature, RFC 8037 and RFC 9864', () => {
  const pair = generateKeyPairSync('ed25519')
  const point = pair.publicKey.export({ format: 'jwk' }).x ?? ''

  for (const keyAlg of ['EdDSA', 'Ed25519'])
    for (const tokenAlg of ['EdDSA', 'Ed25519'])
      it(`${keyAlg === tokenAlg ? 'take' : 'refuse'} a token of ${tokenAlg} under a key of ${keyAlg}`, async () => {
        const published = { kid: 'k', alg: keyAlg, kty: 'OKP', crv: 'Ed25519', x: point }
        const set = keySet(await publicKeysFrom({ keys: [published] }))
        const input = `${part({ kid: 'k', alg: tokenAlg })}.${part(claims)}`
        const raw = `${input}.${sign(null, Buffer.from(input), pair.privateKey).toString('base64url')}`
        const verified = signedClaims(unverifiedToken(raw), set)
        if (keyAlg === tokenAlg) equal((await verified).subject, 'somebody')
        else await rejects(verified, { code: 'token_signature', cause: undefined })
      })
})

describe('A token of an unknown key, when the keys were last accepted at 1,000', () => {
  each('asks for newer keys only when the token may be signed with one', [
    ['was issued a minute before that', 940, 5000, 2000, true],
    ['was issued earlier', 939, 5000, 2000, false],
    ['was issued a minute from now', 2060, 5000, 2000, true],
    ['was issued later than that', 2061, 5000, 2000, false],
    ['has run out', 1500, 2000, 2000, false],
    ['runs out in a second', 1500, 2001, 2000, true],
  ])(([, iat, exp, now, expected]) =>
    equal(mayHaveNewKey(unverifiedToken(signed(header, { ...claims, iat, exp })), 1000, now), expected),
  )
})
