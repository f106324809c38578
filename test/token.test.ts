import { deepEqual, equal, notEqual, rejects, strictEqual } from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { describe, it, mock } from 'node:test'
import { mayHaveNewKey, signedClaims, tokenIn, unverifiedToken } from '../lib/session/token.ts'
import { type KeySet, keySet, publicKeysFrom } from '../lib/state/key-set.ts'
import { each } from './support/each.ts'
import {
  claims,
  encoded,
  type Forgery,
  forged,
  goodKeys,
  now,
  pairOf,
  publicJwk,
  verdict,
} from './support/forger.ts'
import claimVectors from './vectors/token-claims.json' with { type: 'json' }
import headerVectors from './vectors/token-headers.json' with { type: 'json' }

/** The rules for tokens. */

mock.timers.enable({ apis: ['Date'], now: Date.now() })
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })
const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`

describe('The envelope of a token', () => {
  const good = forged()
  const [header = '', payload = '', signature = ''] = good.split('.')
  const respelled = `${signature.slice(0, -1)}${String.fromCharCode(signature.charCodeAt(341) + 1)}`

  each('is three parts of canonical base64url', [
    ...['', '..', header, `${header}.${payload}`, `${good}.`, `.${good}`, `${good}.${signature}`],
    ...[`.${payload}.${signature}`, `${header}..${signature}`, `${header}.${payload}.`],
    ...[` ${good}`, `${good}\n`, `${good}\0`, `"${good}"`, good.replaceAll('.', '%2E')],
    ...[`${header}=.${payload}.${signature}`, `${header}.${payload}=.${signature}`, `${good}=`],
    // Its unused bits are set; the other base64 alphabet.
    `${header}.${payload}.${respelled}`,
    `${header}.${payload}.${encoded(Buffer.alloc(256, 0xff)).replaceAll('_', '/')}`,
    // All parts are decoded before any is parsed: this header has another code.
    `${encoded({ typ: 'at+jwt' })}.${payload}=.${signature}`,
    ...[good.padEnd(8193, 'A'), '.'.repeat(200_000)],
  ])(async (raw) => equal(await verdict(raw), 'token_malformed'))

  it('has 8,192 characters at most', async () =>
    equal(await verdict(good.padEnd(8192, 'A')), 'token_signature'))
})

describe('The algorithm of a token', () => {
  const [es256, eddsa, ed25519] = [
    { alg: 'ES256', kid: 'es256' },
    { alg: 'EdDSA', kid: 'ed' },
    { alg: 'Ed25519', kid: 'ed25519' },
  ]
  const others = ['none', 'nOnE', ' RS256', 'rs256', '', '__proto__', 'RS512', 'PS256', 'ES256', 'HS256']

  each<Forgery>('has to be that of its key, spelled exactly, with a valid signature', [
    ...others.map((alg) => ({ header: { alg } })),
    ...['HS256', 'RS256'].map((alg) => ({ header: { alg }, signature: 'HMAC with the public PEM' }) as const),
    { header: { kid: 'rs512' } },
    { header: { kid: 'ed' }, by: pairOf('rs256').privateKey },
    { signature: 'one byte' },
    // CVE-2022-21449
    { header: es256, signature: 'all zero' },
    { header: es256, signature: 'ES256 in DER' },
    { header: eddsa, signature: 'all zero' },
    // RFC 8037 and RFC 9864 have two names for one signature; a key has one of them.
    { header: { ...eddsa, alg: 'Ed25519' }, signature: 'EdDSA' },
    { by: stranger.privateKey },
  ])(async (forgery) => equal(await verdict(forged(forgery)), 'token_signature'))

  each<Forgery>('is refused when it is none or not a string, or the signature is missing', [
    { header: { alg: 'none' }, signature: 'empty' },
    ...[['RS256'], 256, null, true, undefined].map((alg) => ({ header: { alg } })),
  ])(async (forgery) => equal(await verdict(forged(forgery)), 'token_malformed'))

  each<Forgery>('is accepted when the key is declared for it', [
    { header: es256 },
    { header: eddsa },
    { header: ed25519, signature: 'EdDSA' },
    ...['RS256', 'RS512', 'PS256'].map((alg) => ({ header: { alg, kid: alg.toLowerCase() } })),
  ])(async (forgery) => equal(await verdict(forged(forgery)), 'good'))

  it('is refused unless the key is declared for it, even if the key could verify it', async () => {
    // An imported key verifies RS512 as well: only the comparison refuses it.
    const key = Object.assign(pairOf('rs256').publicKey, { alg: 'RS256' })
    const keys: KeySet = { key: () => key as unknown as ReturnType<KeySet['key']> }
    const token = unverifiedToken(forged({ header: { alg: 'RS512' } }))
    await rejects(signedClaims(token, keys), { code: 'token_signature' })
    await signedClaims(unverifiedToken(forged()), keys)
  })
})

describe('The header of a token', () => {
  type Vector = Readonly<{ code: string; whole?: string; header?: object }>
  each('is refused without a kid or with a critical extension', [
    ...(headerVectors as readonly Vector[]),
    { code: '', header: { typ: undefined } },
    ...[undefined, 'k'.repeat(257), 'k'.repeat(5000)].map((kid) => ({
      code: 'token_malformed',
      header: { kid },
    })),
  ])(async ({ code, whole, header }: Vector) => {
    const forgery: Forgery = whole ? { wholeHeader: whole, signature: 'RS256' } : { header: { ...header } }
    equal(await verdict(forged(forgery)), code || 'good')
  })

  each<Forgery>('is refused unless it is UTF-8 and flat, or when it contains a key', [
    { wholeHeader: Buffer.from('{"alg":"RS256","kid":"rs256","cty":"\xff"}', 'latin1') },
    { wholeHeader: `{"alg":"RS256","kid":"rs256","cty":${deep(2000)}}`, signature: 'RS256' },
    ...['rs256', 'mine'].map((kid) => ({
      header: { kid, jwk: publicJwk(kid, 'RS256', stranger) },
      by: stranger.privateKey,
    })),
  ])(async (forgery) => equal(await verdict(forged(forgery)), 'token_malformed'))

  each('has to match the kid of a key exactly', [
    ...['__proto__', 'constructor', 'rs256\0', ' rs256', 'RS256', 'k'.repeat(256), '\ud800'],
  ])(async (kid) => equal(await verdict(forged({ header: { kid } })), 'token_key_unknown'))
})

describe('The claims of a signed token', () => {
  /** `code`: '' for a good token. `fromNow`: claims in seconds from now. `payload`: all claims as text. */
  type Vector = Readonly<{ code: string; claims?: object; fromNow?: object; payload?: string }>
  each(
    'are accepted, or refused with a code of their own',
    claimVectors as readonly Vector[],
  )(async ({ code, claims: more, fromNow = {}, payload }) => {
    const times = Object.fromEntries(Object.entries(fromNow).map(([name, by]) => [name, now() + by]))
    const wholePayload = payload ?? { ...claims(), ...more, ...times }
    equal(await verdict(forged({ wholePayload })), code || 'good')
  })

  each('are refused when required ones are missing, or identifiers exceed 900 characters', [
    ...['exp', 'iat', 'sub', 'org'].map((name) => ['token_claims', { [name]: undefined }] as const),
    ['token_purpose', { ntt: undefined }],
    ['good', { sub: 'x'.repeat(900) }],
    ['token_claims', { sub: 'x'.repeat(901) }],
    ['token_claims', { org: 'x'.repeat(901) }],
    ['token_malformed', { sub: 'x'.repeat(10_000) }],
  ])(async ([code, more]) => equal(await verdict(forged({ claims: more })), code))

  const text = JSON.stringify(claims())
  const withByte = (byte: number) => {
    const payload = Buffer.from(text)
    payload[text.indexOf('someone')] = byte
    return payload
  }
  each('are refused unless they are UTF-8 without a byte order mark', [
    withByte(0xff),
    withByte(0xc0),
    `\ufeff${text}`,
  ])(async (wholePayload) => equal(await verdict(forged({ wholePayload })), 'token_malformed'))

  each('may be nested in an unused claim; the last of repeated claims counts', [
    ['token_claims', text.replace('"someone"', deep(2000))],
    ['good', text.replace('"jti"', `"other":${deep(1000)},"jti"`)],
    ['good', text.replace('"sub"', '"sub":5,"sub"')],
  ])(async ([code, wholePayload]) => equal(await verdict(forged({ wholePayload })), code))

  const issuer = 'https://identity.example.test'
  each('have to contain exactly the configured issuer', [
    ...[undefined, null, `${issuer}/`, 'https://Identity.example.test', [issuer], { [issuer]: 1 }],
  ])(async (iss) => equal(await verdict(forged({ claims: { iss } }), { issuer }), 'token_issuer'))

  each('have to contain the configured audience, as a string or in a list', [
    ...[undefined, '', 'Gateway', 'gateway other', [], ['a', 'b'], [['gateway']]].map(
      (aud) => ['token_audience', aud] as const,
    ),
    ...['gateway', ['other', 'gateway']].map((aud) => ['good', aud] as const),
  ])(async ([code, aud]) => {
    const raw = forged({ claims: { iss: issuer, aud } })
    equal(await verdict(raw, { issuer, audience: 'gateway' }), code)
  })
})

describe('A session', () => {
  const sessionOf = (more: object): string =>
    unverifiedToken(forged({ claims: { iat: 1000, exp: 2000, jti: 'one', ...more } })).unverifiedClaims
      .session
  const digest = (...lines: readonly string[]): string =>
    createHash('sha256')
      .update(`${lines.join('\n')}\n`)
      .digest('base64url')

  it('is named by organisation, subject and jti', () => {
    equal(sessionOf({}), digest('jti', '["demo","someone","one"]'))
    equal(sessionOf({ exp: 3000 }), sessionOf({}))
    for (const more of [{ org: 'other' }, { sub: 'other' }, { jti: 'other' }, { jti: 'ONE' }])
      notEqual(sessionOf(more), sessionOf({}))
  })

  each('is named by its claims where it has no jti', [undefined, '', 5, ['one'], null])((jti) => {
    const payload = JSON.stringify({ ...claims(), iat: 1000, exp: 2000, jti })
    equal(sessionOf({ jti }), digest('payload', payload))
    notEqual(sessionOf({ jti }), sessionOf({ jti, exp: 3000 }))
  })

  it('is issued and expires in whole seconds', () => {
    const { issued, expires } = unverifiedToken(
      forged({ claims: { iat: 1000.9, exp: 2000.9 } }),
    ).unverifiedClaims
    deepEqual([issued, expires], [1000, 2000])
  })

  it('is the same under another signature', () => {
    const signed = () => forged({ header: { alg: 'ES256', kid: 'es256' } })
    const [one, other] = [signed(), signed()]
    notEqual(one, other)
    equal(unverifiedToken(one).unverifiedClaims.session, unverifiedToken(other).unverifiedClaims.session)
  })
})

describe('A token that was verified before', () => {
  /** Keys that count how often one is looked up: a cached token needs none. */
  const counted = async (keys: readonly object[] = goodKeys()) => {
    const set = keySet(await publicKeysFrom({ keys }))
    const asked = { times: 0 }
    const key: KeySet['key'] = (kid) => {
      asked.times++
      return set.key(kid)
    }
    return { asked, keys: { ...set, key } }
  }
  const verify = (raw: string, keys: KeySet) => signedClaims(unverifiedToken(raw), keys)

  it('is not parsed again until it has expired', async () => {
    const { keys } = await counted()
    const raw = forged({ claims: { iat: 1000, exp: 2000 } })
    const first = tokenIn(raw, keys, 1500)
    notEqual(tokenIn(raw, keys, 1500), first)
    await signedClaims(first, keys)
    strictEqual(tokenIn(raw, keys, 1999), first)
    notEqual(tokenIn(raw, keys, 2000), first)
    notEqual(tokenIn(raw, keys, 1500), first, 'it was forgotten')
  })

  it('is verified again under another signature or other keys', async () => {
    const [{ keys }, other] = [await counted(), await counted()]
    const raw = forged()
    for (const set of [keys, other.keys]) await verify(raw, set)
    equal(other.asked.times, 1)
    const resigned = `${raw.slice(0, raw.lastIndexOf('.'))}.${encoded(Buffer.alloc(256, 7))}`
    await rejects(signedClaims(tokenIn(resigned, keys, now()), keys), { code: 'token_signature' })
    await rejects(verify(raw, keySet([])), { code: 'token_key_unknown' })
    const renamed = await counted([publicJwk('rs256', 'RS512')])
    await rejects(verify(raw, renamed.keys), { code: 'token_signature', cause: undefined })
  })

  it('is kept among the last 500, if its signature is valid', async () => {
    const { asked, keys } = await counted()
    const tokens = Array.from({ length: 501 }, (_, number) =>
      forged({ header: { alg: 'EdDSA', kid: 'ed' }, claims: { jti: `${number}` } }),
    )
    const [first = '', second = ''] = tokens
    for (const raw of [...tokens.slice(0, 500), first]) await verify(raw, keys)
    equal(asked.times, 500)
    for (const raw of [...tokens.slice(500), second]) await verify(raw, keys)
    equal(asked.times, 501)
    await verify(first, keys)
    equal(asked.times, 502)
    for (const times of [503, 504]) {
      await rejects(verify(forged({ signature: 'one byte' }), keys), { code: 'token_signature' })
      equal(asked.times, times)
    }
  })
})

describe('A token of an unknown key, when the keys were fetched at 1,000', () => {
  each('asks for newer keys only when the token may be signed with one', [
    ['was issued a minute before that', 940, 5000, 2000, true],
    ['was issued earlier', 939, 5000, 2000, false],
    ['was issued a minute from now', 2060, 5000, 2000, true],
    ['was issued later than that', 2061, 5000, 2000, false],
    ['has run out', 1500, 2000, 2000, false],
    ['runs out in a second', 1500, 2001, 2000, true],
  ])(([, iat, exp, at, expected]) =>
    deepEqual(mayHaveNewKey(unverifiedToken(forged({ claims: { iat, exp } })), 1000, at), expected),
  )
})
