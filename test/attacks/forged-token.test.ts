import { deepEqual, equal, rejects } from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it, mock } from 'node:test'
import { signedClaims, unverifiedToken } from '../../lib/session/token.ts'
import { type KeySet, keySet, publicKeysFrom } from '../../lib/state/key-set.ts'
import { encoded, type Forgery, forged, pairOf, publicJwk, uselessKeys, verdict } from '../support/forger.ts'
import { sending } from '../support/key-set-server.ts'
import { acceptedEverywhere, endsNothing, openForgedGateway, refusedEverywhere } from '../support/present.ts'
import vectors from '../vectors/token-headers.json' with { type: 'json' }

mock.timers.enable({ apis: ['Date'], now: Date.now() })
const gateway = await openForgedGateway()
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })
const strangers = forged({ by: stranger.privateKey })

const es256 = { alg: 'ES256', kid: 'es256' }
const eddsa = { alg: 'EdDSA', kid: 'ed' }
const noSignature = { header: { alg: 'none' }, signature: 'empty' } as const

/** Verdicts on forgeries, by what is forged. */
const verdicts = async (forgeries: Readonly<Record<string, Forgery>>): Promise<Record<string, string>> => {
  const seen: Record<string, string> = {}
  for (const [what, forgery] of Object.entries(forgeries)) seen[what] = await verdict(forged(forgery))
  return seen
}
const allAs = (code: string, forgeries: object) =>
  Object.fromEntries(Object.keys(forgeries).map((what) => [what, code]))

describe('The algorithm of a token', () => {
  it('is that of its key, spelled exactly and signed so, or the signature counts for nothing', async () => {
    const spellings = ['nOnE', 'None', ' RS256', 'RS256 ', 'rs256', '', 'RS256\0', 'toString', '__proto__']
    const others = ['RS384', 'RS512', 'PS256', 'ES256', 'EdDSA', 'HS256'] as const
    const hmacs = ['HMAC with the public PEM', 'HMAC with the public JWK', 'HMAC with nothing'] as const
    const forgeries: Record<string, Forgery> = {
      'none, with some signature': { header: { alg: 'none' }, signature: 'one byte' },
      'none, with a good signature': { header: { alg: 'none' }, signature: 'RS256' },
      ...Object.fromEntries([...spellings, ...others].map((alg) => [`alg ${alg}`, { header: { alg } }])),
      ...Object.fromEntries(
        hmacs.flatMap((signature) =>
          ['HS256', 'RS256'].map((alg) => [`${signature} as ${alg}`, { header: { alg }, signature }]),
        ),
      ),
      'RS256 under an RS512 key': { header: { kid: 'rs512' } },
      'RS256 under a PS256 key': { header: { kid: 'ps256' } },
      'RS512 signed as RS256': { signature: 'RS512' },
      'PS256 signed as RS256': { signature: 'PS256' },
      'RS256 under an EdDSA key': { header: { kid: 'ed' }, by: pairOf('rs256').privateKey },
      'a signature of one byte': { signature: 'one byte' },
      'a signature of zeros': { signature: 'all zero, as long as RSA' },
      'ES256 of zeros (CVE-2022-21449)': { header: es256, signature: 'all zero' },
      'ES256 in DER': { header: es256, signature: 'ES256 in DER' },
      'EdDSA of zeros': { header: eddsa, signature: 'all zero' },
      'Ed25519 under a key of EdDSA': { header: { ...eddsa, alg: 'Ed25519' }, signature: 'EdDSA' },
      'a key of the sender under the kid of a good one': { by: stranger.privateKey },
    }
    deepEqual(await verdicts(forgeries), allAs('token_signature', forgeries))
  })

  it('is a text, beside a signature', async () => {
    const forgeries: Record<string, Forgery> = { noSignature, 'an empty signature': { signature: 'empty' } }
    for (const alg of [['RS256'], 256, null, { name: 'RS256' }, true, undefined])
      forgeries[`alg ${JSON.stringify(alg)}`] = { header: { alg } }
    deepEqual(await verdicts(forgeries), allAs('token_malformed', forgeries))
  })

  it('is taken under the key that is made for it', async () => {
    const forgeries: Record<string, Forgery> = { es256: { header: es256 }, ed: { header: eddsa } }
    for (const alg of ['RS256', 'RS512', 'PS256'])
      forgeries[alg] = { header: { alg, kid: alg.toLowerCase() } }
    deepEqual(await verdicts(forgeries), allAs('good', forgeries))
  })

  it('is compared before the key is even asked for', async () => {
    const asked = { times: 0 }
    // A key that is bound to no algorithm: only our own comparison stands between it and RS512.
    const unbound: KeySet = {
      algorithm: () => 'RS256',
      key: () => {
        asked.times++
        return pairOf('rs256').publicKey as unknown as ReturnType<KeySet['key']>
      },
    }
    const token = unverifiedToken(forged({ header: { alg: 'RS512' } }))
    await rejects(signedClaims(token, unbound), { code: 'token_signature' })
    equal(asked.times, 0)
    await signedClaims(unverifiedToken(forged()), unbound)
    equal(asked.times, 1)
  })

  it('is that for which the key was imported, so that the key itself refuses another', async () => {
    const keys = keySet(await publicKeysFrom({ keys: [publicJwk('rs256', 'RS256')] }))
    const careless: KeySet = { ...keys, algorithm: () => 'RS512' }
    const token = unverifiedToken(forged({ header: { alg: 'RS512' } }))
    await rejects(signedClaims(token, careless), { code: 'token_signature' })
  })
})

describe('The header of a token', () => {
  it('names a key and asks for nothing of the sender’s choice', async () => {
    for (const { what, code, whole, header, without = [], long = {} } of vectors as readonly {
      what: string
      code: string
      whole?: string
      header?: object
      without?: readonly string[]
      long?: Readonly<Record<string, number>>
    }[]) {
      const gone = Object.fromEntries(without.map((name) => [name, undefined]))
      const filled = Object.fromEntries(Object.entries(long).map(([name, size]) => [name, 'k'.repeat(size)]))
      const raw = forged(
        whole === undefined
          ? { header: { ...header, ...gone, ...filled } }
          : { wholeHeader: whole, signature: 'RS256' },
      )
      equal(await verdict(raw), code || 'good', what)
    }
  })

  it('is UTF-8, and no deeper than it needs to be', async () => {
    const latin = Buffer.from('{"alg":"RS256","kid":"rs256","cty":"\xff"}', 'latin1')
    const deep = `{"alg":"RS256","kid":"rs256","cty":${'['.repeat(2000)}${']'.repeat(2000)}}`
    equal(await verdict(forged({ wholeHeader: latin })), 'token_malformed')
    equal(await verdict(forged({ wholeHeader: deep, signature: 'RS256' })), 'token_malformed')
  })

  it('brings no key of its own, with a good signature, under a known and an unknown kid', async () => {
    for (const kid of ['rs256', 'mine']) {
      const header = { kid, jwk: publicJwk(kid, 'RS256', stranger) }
      equal(await verdict(forged({ header, by: stranger.privateKey })), 'token_malformed')
    }
  })

  it('finds a key by its exact kid, and none that is not for verifying tokens', async () => {
    const kids = [
      '__proto__',
      'constructor',
      '../rs256',
      'rs256\0',
      ' rs256',
      'RS256',
      '*',
      'k'.repeat(256),
      '\ud800',
    ]
    const useless = uselessKeys().flatMap(({ kid }) => (kid !== '' && kid.length <= 256 ? [kid] : []))
    for (const kid of [...kids, ...useless])
      equal(await verdict(forged({ header: { kid } })), 'token_key_unknown', JSON.stringify(kid))
  })
})

describe('A forged token', () => {
  for (const [what, code, raw] of [
    ['without a signature', 'token_malformed', forged(noSignature)],
    ['of another algorithm', 'token_signature', forged({ header: { alg: 'RS512' } })],
    ['of a key of the sender', 'token_signature', strangers],
    [
      'of a key that nobody knows',
      'token_key_unknown',
      forged({ header: { kid: 'canary-kid\r\nlevel: error' } }),
    ],
    ['for another purpose', 'token_purpose', forged({ header: { typ: 'at+jwt' } })],
  ] as const)
    it(`is refused everywhere, and ends no session: ${what}`, async () => {
      await refusedEverywhere(gateway, raw, code)
      await endsNothing(gateway, raw)
      equal(gateway.lines.filter((line) => line.includes('canary-kid')).length, 0, 'the kid is in the log')
    })

  it('is not remembered as good by a part of it: the same claims under another signature are verified anew', async () => {
    const good = forged()
    const poll = async (bearer: string) => (await gateway.call('token-is-set', { bearer })).statusCode
    const other = `${good.split('.').slice(0, 2).join('.')}.${encoded(Buffer.alloc(256, 7))}`
    deepEqual([await poll(good), await poll(other), await poll(good)], [200, 401, 200])
  })
})

describe('A withdrawn key', () => {
  it('that comes back under the same kid with other numbers verifies nothing of the old', async () => {
    const before = forged()
    gateway.keySet.answer = sending({ keys: [publicJwk('rs256', 'RS256', stranger)] })
    equal((await gateway.refresh()).outcome, 'changed')
    gateway.clock.ahead = 120
    await refusedEverywhere(gateway, before, 'token_signature')
    await acceptedEverywhere(gateway, forged({ by: stranger.privateKey }))
  })
})
