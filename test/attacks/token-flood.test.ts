import { equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { keySet, publicKeysFrom } from '../../lib/jwks.ts'
import { signedClaims, tokenIn, type UnverifiedToken, unverifiedToken } from '../../lib/token.ts'
import { forged, goodKeys } from './forger.ts'

describe('A flood of good tokens', () => {
  it('fills no memory: a key set remembers the last 500 it has verified', async () => {
    const keys = keySet(await publicKeysFrom({ keys: goodKeys() }))
    const header = { alg: 'EdDSA', kid: 'ed' }
    const tokens: UnverifiedToken[] = []
    const remembered = () => tokens.map((token) => tokenIn(token.raw, keys, 0) === token)
    for (let number = 0; number < 520; number++) {
      const token = unverifiedToken(forged({ header, claims: { jti: `${number}` } }))
      await signedClaims(token, keys)
      tokens.push(token)
    }
    equal(remembered().indexOf(true), 20)
    equal(remembered().lastIndexOf(false), 19)
  })

  it('remembers no token whose signature did not hold', async () => {
    const keys = keySet(await publicKeysFrom({ keys: goodKeys() }))
    const token = unverifiedToken(forged({ signature: 'one byte' }))
    await signedClaims(token, keys).catch(() => {})
    equal(tokenIn(token.raw, keys, 0) === token, false)
  })

  it('is not remembered beyond its time, nor by other keys', async () => {
    const keys = keySet(await publicKeysFrom({ keys: goodKeys() }))
    const token = unverifiedToken(forged({ header: { alg: 'EdDSA', kid: 'ed' } }))
    await signedClaims(token, keys)
    const { expires } = token.unverifiedClaims
    equal(tokenIn(token.raw, keySet(await publicKeysFrom({ keys: goodKeys() })), 0) === token, false)
    equal(tokenIn(token.raw, keys, expires - 1) === token, true)
    equal(tokenIn(token.raw, keys, expires) === token, false)
    equal(tokenIn(token.raw, keys, expires - 1) === token, false)
  })
})
