import { deepEqual, equal } from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { each } from '../support/each.ts'
import { encoded, forged, verdict } from '../support/forger.ts'
import { fromOurPage } from '../support/gateway.ts'
import { acceptedEverywhere, openForgedGateway, refusedEverywhere } from '../support/present.ts'

mock.timers.enable({ apis: ['Date'], now: Date.now() })

const good = forged()
const [header = '', payload = '', signature = ''] = good.split('.')
const other = forged({ claims: { sub: 'somebody else', jti: 'session 2' } }).split('.')
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The same bytes in another spelling: the bits that base64url leaves unused at the end of a part are set. */
const respelled = (part = ''): string =>
  `${part.slice(0, -1)}${alphabet[alphabet.indexOf(part.at(-1) ?? 'A') + 1] ?? ''}`
/** A token of which this part leaves bits unused, made so by a claim or header member of the right length, with those bits set. */
const withSpareBits = (make: (filler: string) => string, part: 0 | 1): string => {
  const parts = ['a', 'ab', 'abc'].map((filler) => make(filler).split('.'))
  const roomy = parts.find((each) => (each[part]?.length ?? 0) % 4 !== 0) ?? []
  return roomy.map((each, index) => (index === part ? respelled(each) : each)).join('.')
}
/** With `+` and `/` instead of `-` and `_`: found by trying, since not every token holds one of them. */
const standardAlphabet = (): string => {
  for (let number = 0; ; number++) {
    const raw = forged({ claims: { jti: `${number}` } })
    const end = raw.split('.')[2] ?? ''
    if (/[-_]/.test(end)) return raw.slice(0, -end.length) + end.replaceAll('-', '+').replaceAll('_', '/')
  }
}
const within = (at: string): string => `${header}.${payload.slice(0, 8)}${at}${payload.slice(8)}.${signature}`
const flipped = Buffer.from(signature, 'base64url').map((byte, index) => (index === 100 ? byte ^ 1 : byte))

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
/** The twin of an ECDSA signature, (r, n - s), which anybody can make and which verifies as well. */
const twin = (raw: string): string => {
  const [start, middle, end = ''] = raw.split('.')
  const bytes = Buffer.from(end, 'base64url')
  const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
  const twinned = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')])
  return `${start}.${middle}.${encoded(twinned)}`
}

describe('A malleable token', () => {
  each('is refused in every spelling but the one that was signed', [
    ...[
      '',
      header,
      `${header}.${payload}`,
      `${good}.${signature}`,
      `${good}.${signature}.${signature}`,
      '..',
    ],
    ...[
      `.${payload}.${signature}`,
      `${header}..${signature}`,
      `${header}.${payload}.`,
      `${good}.`,
      `.${good}`,
    ],
    ...[` \t${good}`, `${good}\n`, `${good}\0`, `\ufeff${good}`, `"${good}"`, `Bearer ${good}`],
    ...[`${header}=.${payload}.${signature}`, `${good}==`, within(' '), within('!')],
    ...[good.replaceAll('.', '\uff0e'), good.replaceAll('.', '%2E'), standardAlphabet()],
    withSpareBits((cty) => forged({ header: { cty } }), 0),
    withSpareBits((jti) => forged({ claims: { jti } }), 1),
    `${header}.${payload}.${respelled(signature)}`,
    // All parts are decoded before any of them is parsed: this header has another code.
    `${encoded({ typ: 'at+jwt' })}.${payload}=.${signature}`,
    ...[good.padEnd(8193, 'A'), '.'.repeat(200_000)],
  ])(async (raw) => equal(await verdict(raw), 'token_malformed'))

  each('is looked at up to 8,192 characters, and refused with a part of another or one bit changed', [
    good.padEnd(8192, 'A'),
    `${header}.${other[1]}.${signature}`,
    `${header}.${payload}.${other[2]}`,
    `${header}.${payload}.${encoded(flipped)}`,
  ])(async (raw) => equal(await verdict(raw), 'token_signature'))

  it('stays ended when its signature is replaced by its twin, with a jti and without', async () => {
    const gateway = await openForgedGateway()
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
