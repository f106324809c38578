import { deepEqual, equal } from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { encoded, forged } from '../support/forger.ts'
import { fromOurPage } from '../support/gateway.ts'
import {
  acceptedEverywhere,
  endsNothing,
  openForgedGateway,
  refusedAtTheCallback,
  refusedAtTheRoutes,
  refusedEverywhere,
} from '../support/present.ts'

mock.timers.enable({ apis: ['Date'], now: Date.now() })
const gateway = await openForgedGateway()

const good = forged()
const [header = '', payload = '', signature = ''] = good.split('.')
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The same bytes in another spelling: the bits that base64url leaves unused at the end of a part are set. */
const respelled = (part: string): string => {
  const last = alphabet.indexOf(part.at(-1) ?? 'A')
  return `${part.slice(0, -1)}${alphabet[last + 1] ?? ''}`
}
/** A part whose length leaves unused bits, made so by a claim or header member of the right length. */
const spare = (make: (filler: string) => string, part: 0 | 1): readonly string[] => {
  for (const filler of ['a', 'ab', 'abc']) {
    const parts = make(filler).split('.')
    if ((parts[part]?.length ?? 0) % 4 !== 0) return parts
  }
  return []
}
const roomyHeader = spare((cty) => forged({ header: { cty } }), 0)
const roomyPayload = spare((jti) => forged({ claims: { jti } }), 1)

const malleable: readonly (readonly [what: string, raw: string])[] = [
  ['two parts', `${header}.${payload}`],
  ['one part', header],
  ['four parts', `${good}.${signature}`],
  ['five parts, as of an encrypted token', `${good}.${signature}.${signature}`],
  ['three empty parts', '..'],
  ['an empty header', `.${payload}.${signature}`],
  ['an empty payload', `${header}..${signature}`],
  ['an empty signature', `${header}.${payload}.`],
  ['dots alone', '....'],
  ['a dot at the end', `${good}.`],
  ['a dot at the start', `.${good}`],
  ['a leading space and a tab', ` \t${good}`],
  ['a trailing space', `${good} `],
  ['a trailing newline', `${good}\n`],
  ['a leading newline', `\n${good}`],
  ['a trailing NUL', `${good}\0`],
  ['a byte order mark', `\ufeff${good}`],
  ['quotes around it', `"${good}"`],
  ['the scheme inside the token', `Bearer ${good}`],
  ['a header with padding', `${header}=.${payload}.${signature}`],
  ['a signature with padding', `${good}==`],
  ['white space inside a part', `${header}.${payload.slice(0, 8)} ${payload.slice(8)}.${signature}`],
  [
    'a character outside the alphabet inside a part',
    `${header}.${payload.slice(0, 8)}!${payload.slice(8)}.${signature}`,
  ],
  ['full-width dots', good.replaceAll('.', '\uff0e')],
  ['percent-encoded dots', good.replaceAll('.', '%2E')],
  ['a header with its unused bits set', [respelled(roomyHeader[0] ?? ''), ...roomyHeader.slice(1)].join('.')],
  [
    'a payload with its unused bits set',
    [roomyPayload[0], respelled(roomyPayload[1] ?? ''), roomyPayload[2]].join('.'),
  ],
  ['a signature with its unused bits set', `${header}.${payload}.${respelled(signature)}`],
  [
    '8,193 characters',
    `${header}.${payload}.${signature.padEnd(8191 - header.length - payload.length, 'A')}`,
  ],
  ['200 kB', `${header}.${'A'.repeat(200_000)}.${signature}`],
  ['200 kB of dots', '.'.repeat(200_000)],
]

/** With `+` and `/` in the place of `-` and `_`: found by trying, since not every token holds one of them. */
const standardAlphabet = (): string => {
  for (let number = 0; ; number++) {
    const raw = forged({ claims: { jti: `${number}` } })
    const end = raw.split('.')[2] ?? ''
    if (/[-_]/.test(end)) return raw.slice(0, -end.length) + end.replaceAll('-', '+').replaceAll('_', '/')
  }
}

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
/** The twin of an ECDSA signature, (r, n - s), which anybody can make and which verifies as well. */
const twin = (raw: string): string => {
  const [start, middle, end = ''] = raw.split('.')
  const bytes = Buffer.from(end, 'base64url')
  const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
  const other = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')])
  return `${start}.${middle}.${encoded(other)}`
}

describe('A malleable token', () => {
  it('is good as it was signed', () => acceptedEverywhere(gateway, good))

  for (const [what, raw] of malleable)
    it(`is refused with ${what}`, async () => {
      await refusedEverywhere(gateway, raw, 'token_malformed')
      await endsNothing(gateway, raw)
    })

  it('is refused in the standard base64 alphabet', () =>
    refusedEverywhere(gateway, standardAlphabet(), 'token_malformed'))

  it('is refused when empty, which at the callback is no token at all', async () => {
    await refusedAtTheRoutes(gateway, '', 'token_malformed')
    await refusedAtTheCallback(gateway, '', 'bad_query', 400)
  })

  it('is looked at up to 8,192 characters', async () => {
    const long = `${header}.${payload}.${signature.padEnd(8190 - header.length - payload.length, 'A')}`
    equal(long.length, 8192)
    await refusedEverywhere(gateway, long, 'token_signature')
  })

  it('is decoded whole before any of it is parsed', async () => {
    const [, , sign] = good.split('.')
    await refusedEverywhere(gateway, `${encoded({ typ: 'at+jwt' })}.${payload}=.${sign}`, 'token_malformed')
  })

  it('is refused with one bit of any part changed, and with parts of another good token', async () => {
    const other = forged({ claims: { sub: 'somebody else', jti: 'session 2' } }).split('.')
    await refusedEverywhere(gateway, `${header}.${other[1]}.${signature}`, 'token_signature')
    await refusedEverywhere(gateway, `${header}.${payload}.${other[2]}`, 'token_signature')
    const flipped = Buffer.from(signature, 'base64url')
    flipped[100] = (flipped[100] ?? 0) ^ 1
    await refusedEverywhere(gateway, `${header}.${payload}.${encoded(flipped)}`, 'token_signature')
  })

  it('is not remembered as good by a part of it: the same claims under another signature are verified anew', async () => {
    const poll = (bearer: string) => gateway.call('token-is-set', { bearer })
    equal((await poll(good)).statusCode, 200)
    equal((await poll(`${header}.${payload}.${encoded(Buffer.alloc(256, 7))}`)).statusCode, 401)
    equal((await poll(good)).statusCode, 200)
  })

  for (const [what, claims] of [
    ['named by its jti', { jti: 'twin' }],
    ['without a jti', { jti: undefined, sub: 'twin' }],
  ] as const)
    it(`stays ended when its signature is replaced by its twin: a session ${what}`, async () => {
      const raw = forged({ header: { alg: 'ES256', kid: 'es256' }, claims })
      await acceptedEverywhere(gateway, raw)
      await acceptedEverywhere(gateway, twin(raw))
      const { statusCode } = await gateway.call('logout', {
        cookies: [`imidToken=${raw}`],
        headers: fromOurPage,
      })
      equal(statusCode, 200)
      await refusedEverywhere(gateway, twin(raw), 'token_revoked')
      await refusedEverywhere(gateway, raw, 'token_revoked')
    })

  it('differs from its twin in the signature alone', () => {
    const raw = forged({ header: { alg: 'ES256', kid: 'es256' } })
    deepEqual(twin(raw).split('.').slice(0, 2), raw.split('.').slice(0, 2))
    equal(twin(twin(raw)), raw)
  })
})
