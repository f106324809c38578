import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it, mock } from 'node:test'
import { type Forgery, forged, goodKeys, pairOf, publicJwk, uselessKeys } from '../support/forger.ts'
import { fromOurPage } from '../support/gateway.ts'
import { sending } from '../support/key-set-server.ts'
import { acceptedEverywhere, endsNothing, openForgedGateway, refusedEverywhere } from '../support/present.ts'
import vectors from '../vectors/token-headers.json' with { type: 'json' }

mock.timers.enable({ apis: ['Date'], now: Date.now() })
const gateway = await openForgedGateway()
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })

type Vector = Readonly<{
  whole?: string
  header?: Readonly<Record<string, unknown>>
  without?: readonly string[]
  long?: Readonly<Record<string, number>>
}>

const forgeryOf = ({ whole, header = {}, without = [], long = {} }: Vector): Forgery => {
  if (whole !== undefined) return { wholeHeader: whole, signature: 'RS256' }
  const gone = Object.fromEntries(without.map((name) => [name, undefined]))
  const filled = Object.fromEntries(Object.entries(long).map(([name, size]) => [name, 'k'.repeat(size)]))
  return { header: { ...header, ...gone, ...filled } }
}

describe('The header of a token', () => {
  for (const { what, code, ...vector } of vectors)
    it(`is ${code === '' ? 'good' : 'refused'} with ${what}`, async () => {
      const raw = forged(forgeryOf(vector))
      if (code === '') return acceptedEverywhere(gateway, raw)
      await refusedEverywhere(gateway, raw, code)
      await endsNothing(gateway, raw)
    })

  it('is refused in invalid UTF-8', () =>
    refusedEverywhere(
      gateway,
      forged({ wholeHeader: Buffer.from('{"alg":"RS256","kid":"rs256","cty":"\xff"}', 'latin1') }),
      'token_malformed',
    ))

  it('is refused 2,000 levels deep', async () => {
    const deep = '['.repeat(2000) + ']'.repeat(2000)
    const wholeHeader = `{"alg":"RS256","kid":"rs256","cty":${deep}}`
    await refusedEverywhere(gateway, forged({ wholeHeader, signature: 'RS256' }), 'token_malformed')
  })
})

describe('A key of the sender', () => {
  it('is refused inside the header, with a good signature, under a known and an unknown kid', async () => {
    for (const kid of ['rs256', 'mine']) {
      const header = { kid, jwk: publicJwk(kid, 'RS256', stranger) }
      await refusedEverywhere(gateway, forged({ header, by: stranger.privateKey }), 'token_malformed')
    }
  })

  it('is refused under the kid of a good one', async () => {
    await refusedEverywhere(gateway, forged({ by: stranger.privateKey }), 'token_signature')
    await endsNothing(gateway, forged({ by: stranger.privateKey }))
  })

  it('is refused under the kid of a good one by an instance that just started, and nobody is asked for keys', async () => {
    for (const [name, request] of [
      ['token-is-set', { bearer: forged({ by: stranger.privateKey }) }],
      ['logout', { bearer: forged({ by: stranger.privateKey }), headers: fromOurPage }],
    ] as const) {
      const cold = await gateway.open(name)
      gateway.front.reset()
      gateway.asked.times = 0
      await cold(request)
      deepEqual([name, gateway.front.calls, gateway.asked.times], [name, { read: 1, write: 0 }, 0])
    }
  })

  for (const kid of [
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '../rs256',
    'rs256\0',
    'rs256\n',
    ' rs256',
    'RS256',
    '*',
    "rs256' OR '1'='1",
    'k'.repeat(256),
    '0',
    'undefined',
    '\ud800',
    '\u2028',
  ])
    it(`is refused under the kid ${JSON.stringify(kid.slice(0, 30))}`, async () => {
      await refusedEverywhere(gateway, forged({ header: { kid } }), 'token_key_unknown')
      await endsNothing(gateway, forged({ header: { kid } }))
    })

  for (const { kid } of uselessKeys().filter(({ kid }) => kid !== '' && kid.length <= 256))
    it(`is refused when the key set holds it as a key ${kid}`, () =>
      refusedEverywhere(gateway, forged({ header: { kid } }), 'token_key_unknown'))

  it('says its kid to no log line and no answer', async () => {
    const kid = 'canary-kid\r\nlevel: error'
    await refusedEverywhere(gateway, forged({ header: { kid } }), 'token_key_unknown')
    equal(gateway.lines.filter((line) => line.includes('canary-kid')).length, 0)
  })
})

describe('A withdrawn key', () => {
  it('is refused as soon as an instance believes the newer state, even for a token it has verified', async () => {
    const raw = forged({ header: { alg: 'RS512', kid: 'rs512' } })
    await acceptedEverywhere(gateway, raw)

    gateway.keySet.answer = sending({ keys: goodKeys().filter(({ kid }) => kid !== 'rs512') })
    await gateway.refresh()
    const other = await gateway.open('token-is-set')
    equal((await other({ bearer: raw })).statusCode, 401)

    // An instance believes its own copy for less than a minute; the contract allows ten.
    gateway.clock.ahead = 60
    await refusedEverywhere(gateway, raw, 'token_key_unknown')
    await acceptedEverywhere(gateway, forged())
  })

  it('that comes back under the same kid with other numbers verifies nothing of the old', async () => {
    const before = forged()
    gateway.keySet.answer = sending({ keys: [publicJwk('rs256', 'RS256', stranger)] })
    equal((await gateway.refresh()).outcome, 'changed')
    gateway.clock.ahead = 120
    await refusedEverywhere(gateway, before, 'token_signature')
    await acceptedEverywhere(gateway, forged({ by: stranger.privateKey }))
    notEqual(stranger.privateKey, pairOf('rs256').privateKey)
  })
})
