import { equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { signedClaims, unverifiedToken } from '../../lib/session/token.ts'
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
    for (const raw of [...tokens.slice(0, 500), first]) await verify(raw, keys)
    equal(asked.times, 500)
    for (const raw of [...tokens.slice(500), second]) await verify(raw, keys)
    equal(asked.times, 501)
    await verify(first, keys)
    equal(asked.times, 502)
  })

  it('leaves nothing behind when the signatures do not hold, nor for other keys when they do', async () => {
    const [one, other] = [counted(), counted()]
    for (const times of [1, 2]) {
      await rejects(verify(forged({ signature: 'one byte' }), one.keys), { code: 'token_signature' })
      equal(one.asked.times, times)
    }
    const raw = forged()
    for (const { keys } of [one, other]) await verify(raw, keys)
    equal(other.asked.times, 1)
  })
})
