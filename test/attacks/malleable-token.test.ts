import { deepEqual, equal } from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { encoded, forged, verdict } from '../support/forger.ts'
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
const respelled = (part = ''): string => {
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

/** With `+` and `/` instead of `-` and `_`: found by trying, since not every token holds one of them. */
const standardAlphabet = (): string => {
  for (let number = 0; ; number++) {
    const raw = forged({ claims: { jti: `${number}` } })
    const end = raw.split('.')[2] ?? ''
    if (/[-_]/.test(end)) return raw.slice(0, -end.length) + end.replaceAll('-', '+').replaceAll('_', '/')
  }
}
/** The signature padded until the whole token has this length. */
const padded = (length: number): string => good.padEnd(length, 'A')
const within = (at: string): string => `${header}.${payload.slice(0, 8)}${at}${payload.slice(8)}.${signature}`

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
  it('is refused in every spelling but the one that was signed', async () => {
    const spellings: Readonly<Record<string, string>> = {
      empty: '',
      'one part': header,
      'two parts': `${header}.${payload}`,
      'four parts': `${good}.${signature}`,
      'five parts, as of an encrypted token': `${good}.${signature}.${signature}`,
      'three empty parts': '..',
      'an empty header': `.${payload}.${signature}`,
      'an empty payload': `${header}..${signature}`,
      'an empty signature': `${header}.${payload}.`,
      'a dot at the end': `${good}.`,
      'a dot at the start': `.${good}`,
      'a leading space and a tab': ` \t${good}`,
      'a trailing newline': `${good}\n`,
      'a trailing NUL': `${good}\0`,
      'a byte order mark': `\ufeff${good}`,
      'quotes around it': `"${good}"`,
      'the scheme inside the token': `Bearer ${good}`,
      'a header with padding': `${header}=.${payload}.${signature}`,
      'a signature with padding': `${good}==`,
      'white space inside a part': within(' '),
      'a character outside the alphabet inside a part': within('!'),
      'full-width dots': good.replaceAll('.', '\uff0e'),
      'percent-encoded dots': good.replaceAll('.', '%2E'),
      'the standard base64 alphabet': standardAlphabet(),
      'a header with its unused bits set': [respelled(roomyHeader[0]), ...roomyHeader.slice(1)].join('.'),
      'a payload with its unused bits set': [
        roomyPayload[0],
        respelled(roomyPayload[1]),
        roomyPayload[2],
      ].join('.'),
      'a signature with its unused bits set': `${header}.${payload}.${respelled(signature)}`,
      // All parts are decoded before any of them is parsed: this header has another code.
      'a header of another purpose beside padding': `${encoded({ typ: 'at+jwt' })}.${payload}=.${signature}`,
      '8,193 characters': padded(8193),
      '200 kB of dots': '.'.repeat(200_000),
    }
    const seen: Record<string, string> = {}
    for (const [what, raw] of Object.entries(spellings)) seen[what] = await verdict(raw)
    deepEqual(seen, Object.fromEntries(Object.keys(spellings).map((what) => [what, 'token_malformed'])))
  })

  it('is refused everywhere, and ends no session', async () => {
    for (const raw of [`${good} `, `${good}==`, 'a.b.c']) {
      await refusedEverywhere(gateway, raw, 'token_malformed')
      await endsNothing(gateway, raw)
    }
    await refusedAtTheRoutes(gateway, '', 'token_malformed')
    await refusedAtTheCallback(gateway, '', 'bad_query', 400)
  })

  it('is looked at up to 8,192 characters', async () => equal(await verdict(padded(8192)), 'token_signature'))

  it('is refused with one bit changed, and with parts of another good token', async () => {
    const other = forged({ claims: { sub: 'somebody else', jti: 'session 2' } }).split('.')
    const flipped = Buffer.from(signature, 'base64url')
    flipped[100] = (flipped[100] ?? 0) ^ 1
    for (const raw of [
      `${header}.${other[1]}.${signature}`,
      `${header}.${payload}.${other[2]}`,
      `${header}.${payload}.${encoded(flipped)}`,
    ])
      equal(await verdict(raw), 'token_signature')
  })

  it('stays ended when its signature is replaced by its twin, with a jti and without', async () => {
    for (const claims of [{ jti: 'twin' }, { jti: undefined, sub: 'twin' }]) {
      const raw = forged({ header: { alg: 'ES256', kid: 'es256' }, claims })
      deepEqual(twin(raw).split('.').slice(0, 2), raw.split('.').slice(0, 2))
      for (const one of [raw, twin(raw)]) await acceptedEverywhere(gateway, one)
      const cookies = [`imidToken=${raw}`]
      equal((await gateway.call('logout', { cookies, headers: fromOurPage })).statusCode, 200)
      for (const one of [raw, twin(raw)]) await refusedEverywhere(gateway, one, 'token_revoked')
    }
  })
})
