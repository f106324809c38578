import { equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { keySet, publicKeysFrom } from '../../lib/jwks.ts'
import { signedClaims, unverifiedToken } from '../../lib/token.ts'
import { forged, goodKeys } from './forger.ts'

describe('A flood of good tokens', () => {
  it('fills no memory: a key set remembers the last 500 it has verified', async () => {
    const keys = keySet(await publicKeysFrom({ keys: goodKeys() }))
    const header = { alg: 'EdDSA', kid: 'ed' }
    for (let number = 0; number < 520; number++) {
      await signedClaims(unverifiedToken(forged({ header, claims: { jti: `${number}` } })), keys)
      equal(keys.verified.size, Math.min(number + 1, 500))
    }
    const [oldest] = keys.verified
    await signedClaims(unverifiedToken(forged({ header })), keys)
    equal(keys.verified.has(oldest ?? ''), false)
  })

  it('remembers no token whose signature did not hold', async () => {
    const keys = keySet(await publicKeysFrom({ keys: goodKeys() }))
    await signedClaims(unverifiedToken(forged({ signature: 'one byte' })), keys).catch(() => {})
    equal(keys.verified.size, 0)
  })
})
