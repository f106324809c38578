import { equal, rejects } from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { signedClaims, unverifiedToken } from '../../lib/session/token.ts'
import { type KeySet, keySet, publicKeysFrom } from '../../lib/state/key-set.ts'
import { type Forgery, forged, pairOf, publicJwk } from '../support/forger.ts'
import { acceptedEverywhere, endsNothing, openForgedGateway, refusedEverywhere } from '../support/present.ts'

mock.timers.enable({ apis: ['Date'], now: Date.now() })
const gateway = await openForgedGateway()

const confusions: readonly (readonly [what: string, forgery: Forgery, code: string])[] = [
  ['no algorithm, no signature', { header: { alg: 'none' }, signature: 'empty' }, 'token_malformed'],
  ['no algorithm, some signature', { header: { alg: 'none' }, signature: 'one byte' }, 'token_signature'],
  ['no algorithm, good signature', { header: { alg: 'none' }, signature: 'RS256' }, 'token_signature'],
  ...[
    'nOnE',
    'NONE',
    'None',
    ' RS256',
    'RS256 ',
    'rs256',
    'Rs256',
    '',
    'RS256\0',
    'toString',
    '__proto__',
  ].map((alg) => [`the algorithm ${JSON.stringify(alg)}`, { header: { alg } }, 'token_signature'] as const),
  ...[['RS256'], 256, null, { name: 'RS256' }, true, undefined].map(
    (alg) =>
      [
        `an algorithm that is ${alg === undefined ? 'missing' : JSON.stringify(alg)}`,
        { header: { alg } },
        'token_malformed',
      ] as const,
  ),
  ...(['HMAC with the public PEM', 'HMAC with the public JWK', 'HMAC with nothing'] as const).flatMap(
    (signature) =>
      (['HS256', 'HS512', 'RS256'] as const).map(
        (alg) =>
          [`${signature}, said to be ${alg}`, { header: { alg }, signature }, 'token_signature'] as const,
      ),
  ),
  ...(['RS384', 'RS512', 'PS256', 'ES256', 'EdDSA', 'HS256'] as const).map(
    (alg) => [`${alg} under an RS256 key`, { header: { alg } }, 'token_signature'] as const,
  ),
  ['RS256 under an RS512 key', { header: { kid: 'rs512' } }, 'token_signature'],
  ['RS256 under a PS256 key', { header: { kid: 'ps256' } }, 'token_signature'],
  ['RS512 signed as RS256', { signature: 'RS512' }, 'token_signature'],
  ['PS256 signed as RS256', { signature: 'PS256' }, 'token_signature'],
  ['RS256 under an EdDSA key', { header: { kid: 'ed' }, by: pairOf('rs256').privateKey }, 'token_signature'],
  ['an empty signature', { signature: 'empty' }, 'token_malformed'],
  ['a signature of one byte', { signature: 'one byte' }, 'token_signature'],
  ['a signature of zeros', { signature: 'all zero, as long as RSA' }, 'token_signature'],
  [
    'ES256 of zeros (CVE-2022-21449)',
    { header: { alg: 'ES256', kid: 'es256' }, signature: 'all zero' },
    'token_signature',
  ],
  ['ES256 in DER', { header: { alg: 'ES256', kid: 'es256' }, signature: 'ES256 in DER' }, 'token_signature'],
  ['EdDSA of zeros', { header: { alg: 'EdDSA', kid: 'ed' }, signature: 'all zero' }, 'token_signature'],
  [
    'Ed25519, the other name of EdDSA, which the key does not carry',
    { header: { alg: 'Ed25519', kid: 'ed' }, signature: 'EdDSA' },
    'token_signature',
  ],
]

describe('Algorithm confusion', () => {
  for (const [what, forgery, code] of confusions)
    it(`refuses ${what}`, async () => {
      await refusedEverywhere(gateway, forged(forgery), code)
      await endsNothing(gateway, forged(forgery))
    })

  for (const [alg, kid] of [
    ['RS256', 'rs256'],
    ['RS512', 'rs512'],
    ['PS256', 'ps256'],
    ['ES256', 'es256'],
    ['EdDSA', 'ed'],
  ])
    it(`takes ${alg} under the key that is made for it`, () =>
      acceptedEverywhere(gateway, forged({ header: { alg, kid } })))

  it('costs the database nothing once the keys are in memory', async () => {
    equal((await gateway.call('token-is-set', { bearer: forged() })).statusCode, 200)
    gateway.front.reset()
    for (const forgery of [
      { signature: 'one byte' },
      { header: { alg: 'RS512' } },
      { claims: { exp: 1 } },
    ] as const)
      equal((await gateway.call('token-is-set', { bearer: forged(forgery) })).statusCode, 401)
    equal(gateway.front.calls.read, 0)
  })

  it('refuses another algorithm before the key is even asked for', async () => {
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

  it('imports each key for its own algorithm, so that the key itself refuses another', async () => {
    const keys = keySet(await publicKeysFrom({ keys: [publicJwk('rs256', 'RS256')] }))
    const careless: KeySet = { ...keys, algorithm: () => 'RS512' }
    const token = unverifiedToken(forged({ header: { alg: 'RS512' } }))
    await rejects(signedClaims(token, careless), { code: 'token_signature' })
  })
})
