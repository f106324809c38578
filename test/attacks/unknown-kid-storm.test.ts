import { deepEqual, equal } from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { forged, goodKeys, publicJwk } from '../support/forger.ts'
import { asProblem, codeOf, fromOurPage } from '../support/gateway.ts'
import { sending } from '../support/key-set-server.ts'
import { openForgedGateway } from '../support/present.ts'

mock.timers.enable({ apis: ['Date'], now: Date.now() })

const gateway = await openForgedGateway()
const instances = 10

const ten = () => Promise.all(Array.from({ length: instances }, () => gateway.open('token-is-set')))
type Polls = Awaited<ReturnType<typeof ten>>

/** The codes of this many concurrent requests, each with its own unknown key. */
const storm = async (polls: Polls, times: number, iat = gateway.now()): Promise<(string | undefined)[]> => {
  const answers = Array.from({ length: times }, (_, number) => {
    const bearer = forged({ header: { kid: `unknown ${number}` }, claims: { iat, exp: iat + 28_800 } })
    return polls[number % instances]?.({ bearer, headers: asProblem })
  })
  return [...new Set((await Promise.all(answers)).map((answer) => answer && codeOf(answer)))]
}
/** The statuses of one request to each instance. */
const statuses = async (polls: Polls, bearer: string): Promise<number[]> => {
  const answers = await Promise.all(polls.map((poll) => poll({ bearer })))
  return [...new Set(answers.map(({ statusCode }) => statusCode))]
}

const later = (seconds: number) => {
  gateway.clock.ahead += seconds
  gateway.keySet.asked = 0
  gateway.asked.times = 0
}

describe('Tokens with unknown key ids', () => {
  it('cause one fetch per cooldown for ten instances, and valid tokens stay accepted', async () => {
    later(60)
    const polls = await ten()
    const storming = storm(polls, 100)
    deepEqual(await statuses(polls, forged()), [200])
    deepEqual(await storming, ['token_key_unknown'])
    equal(gateway.keySet.asked, 1)

    // No fetch in the cooldown. A token that may be newer than the keys is pending, an older one refused.
    later(10)
    const older = gateway.now() - 71
    deepEqual(await storm(polls, 20, older), ['token_key_unknown'])
    deepEqual(await storm(polls, 20, older + 1), ['token_key_pending'])
    deepEqual([gateway.keySet.asked, gateway.asked.times], [0, 0])
    later(50)
    deepEqual(await storm(polls, 20), ['token_key_unknown'])
    equal(gateway.keySet.asked, 1)
  })

  it('are accepted by every instance after one fetch when the key set has the new key', async () => {
    later(60)
    gateway.keySet.answer = sending({ keys: [...goodKeys(), publicJwk('new', 'RS256')] })
    deepEqual(await statuses(await ten(), forged({ header: { kid: 'new' } })), [200])
    equal(gateway.keySet.asked, 1)
  })

  it('end no session at a logout, and cause one key set fetch there', async () => {
    later(60)
    gateway.front.reset()
    for (const number of [1, 2, 3]) {
      const cookies = [`imidToken=${forged({ header: { kid: `leave ${number}` } })}`]
      equal((await gateway.call('logout', { cookies, headers: fromOurPage })).statusCode, 200)
    }
    deepEqual([gateway.keySet.asked, gateway.front.calls.write], [1, 0])
  })

  it('are pending only if newer than the keys while fetches fail; no grace begins', async () => {
    await gateway.refresh()
    const keysAt = gateway.now()
    later(70)
    gateway.keySet.answer = (response) => response.destroy()
    deepEqual(await storm(await ten(), 20, keysAt - 61), ['token_key_unknown'])
    deepEqual(await storm(await ten(), 20, keysAt - 60), ['token_key_pending'])
    deepEqual(await storm(await ten(), 20, gateway.now() + 61), ['token_key_unknown'])
    equal((await gateway.health()).inGrace, false)
  })
})
