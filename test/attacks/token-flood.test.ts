import { equal, notEqual, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { signedClaims, tokenIn, unverifiedToken } from '../../lib/session/token.ts'
import { type KeySet, keySet, publicKeysFrom } from '../../lib/state/key-set.ts'
import { forged, goodKeys } from '../support/forger.ts'

const good = keySet(await publicKeysFrom({ keys: goodKeys() }))

/** Keys that count how often one of them is needed: a token that is remembered needs none. */
const counted = () => {
  const asked = { times: 0 }
  const key: KeySet['key'] = (kid) => {
    asked.times++
    return good.key(kid)
  }
  return { asked, keys: { ...good, key } }
}

const verify = (raw: string, keys: KeySet) => signedClaims(unverifiedToken(raw), keys)

describe('A flood of tokens', () => {
  it('fills no memory: the last 500 that were verified are remembered, and the one before them is forgotten', async () => {
    const { asked, keys } = counted()
    const tokens = Array.from({ length: 501 }, (_, number) =>
      forged({ header: { alg: 'EdDSA', kid: 'ed' }, claims: { jti: `${number}` } }),
    )
    const [first = '', second = ''] = tokens
    for (const raw of tokens.slice(0, 500)) await verify(raw, keys)
    equal(asked.times, 500)
    await verify(first, keys)
    equal(asked.times, 500)

    await verify(tokens[500] ?? '', keys)
    await verify(second, keys)
    equal(asked.times, 501)
    await verify(first, keys)
    equal(asked.times, 502)
  })

  it('leaves nothing behind when the signatures do not hold', async () => {
    const { asked, keys } = counted()
    const bad = forged({ signature: 'one byte' })
    for (const times of [1, 2]) {
      await rejects(verify(bad, keys), { code: 'token_signature' })
      equal(asked.times, times)
    }
  })

  it('is not taken apart again, as long as each has not run out, and then it is forgotten', async () => {
    const { keys } = counted()
    const raw = forged({ claims: { iat: 1_800_000_000, exp: 1_800_000_600 } })
    const [before, at] = [1_800_000_599, 1_800_000_600]
    const first = tokenIn(raw, keys, before)
    notEqual(tokenIn(raw, keys, before), first)
    await signedClaims(first, keys)
    equal(tokenIn(raw, keys, before), first)
    equal(tokenIn(raw, keys, before), first)
    notEqual(tokenIn(raw, undefined, before), first)
    notEqual(tokenIn(raw, keys, at), first)
    notEqual(tokenIn(raw, keys, before), first)
  })

  it('that one set of keys has verified means nothing to another', async () => {
    const [one, other] = [counted(), counted()]
    const raw = forged()
    await verify(raw, one.keys)
    await verify(raw, other.keys)
    equal(other.asked.times, 1)
  })
})
