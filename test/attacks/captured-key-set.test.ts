import { deepEqual, equal, match } from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { refreshState } from '../../functions/refresh-state/handler.ts'
import { scheduled } from '../../lib/refresh/scheduled.ts'
import { stateWriter } from '../../lib/refresh/state-writer.ts'
import { upstreamOf } from '../../lib/refresh/upstream.ts'
import { forged, goodKeys, pairOf, publicJwk, uselessKeys } from '../support/forger.ts'
import { asProblem, context } from '../support/gateway.ts'
import { type KeySetAnswer, sending } from '../support/key-set-server.ts'
import { openForgedGateway } from '../support/present.ts'

const gateway = await openForgedGateway()

/** One run of refresh-state as the schedule starts it, and the line it leaves. */
const run = async (forced = false): Promise<Record<string, unknown>> => {
  const on = gateway.instance()
  const credentials = async () => ({ id: 'gateway', secret: 'canary-client-secret' })
  const upstream = upstreamOf(on.config, credentials, on.now)
  const deps = { ...on, table: gateway.table, writer: stateWriter(gateway.table), upstream }
  await scheduled(refreshState(deps), on)({ forced }, context)
  return gateway.logs.at(-1) ?? {}
}

const health = async () => JSON.parse((await gateway.call('health')).body ?? '')

const good = goodKeys()
const rsaPair = pairOf('rs256')
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
const zerosBefore = (number = '', zeros = 200): string =>
  Buffer.concat([Buffer.alloc(zeros), Buffer.from(number, 'base64url')]).toString('base64url')
const numberOf = (pair: typeof weak): string => pair.publicKey.export({ format: 'jwk' }).n ?? ''
const beside = (...odd: readonly unknown[]): KeySetAnswer => sending({ keys: [...good, ...odd] })

const endless: KeySetAnswer = (response) => {
  const trickle = setInterval(() => response.write(' '.repeat(100_000)), 1)
  response.once('close', () => clearInterval(trickle))
}

const trickling: KeySetAnswer = (response) => {
  const trickle = setInterval(() => response.write(' '), 50)
  response.once('close', () => clearInterval(trickle))
}

const captured: readonly (readonly [what: string, answer: KeySetAnswer, reason: RegExp])[] = [
  ['no keys', sending({ keys: [] }), /no key that can be used/],
  ['a list instead of a set', sending(good), /not a key set/],
  ['a kid twice', beside(publicJwk('rs256', 'RS512')), /same kid/],
  ['a symmetric key', beside({ kty: 'oct', kid: 'odd', alg: 'HS256', k: 'c2VjcmV0' }), /symmetric/],
  ['a private key that is not for us', beside({ kty: 'EC', use: 'enc', d: 'AQ' }), /private key/],
  ['nothing but a weak key', sending({ keys: [publicJwk('odd', 'RS256', weak)] }), /no key that can be used/],
  ['HTML', sending('<!doctype html><title>Service is being updated</title>', 'text/html'), /not JSON/],
  ['10 MB', sending({ keys: good, padding: 'x'.repeat(10_000_000) }), /too large/],
  ['a body that never ends', endless, /too large/],
  ['a body that comes in drops', trickling, /no answer in time/],
  [
    'a redirect to a good key set',
    (response) => {
      if (response.req.url === '/elsewhere') return sending({ keys: [publicJwk('odd', 'RS256')] })(response)
      response.writeHead(302, { location: '/elsewhere' }).end()
    },
    /no connection/,
  ],
  [
    'a good key set with the status 404',
    (response) => {
      response.statusCode = 404
      sending({ keys: good })(response)
    },
    /status 404/,
  ],
  ['a connection that breaks off', (response) => response.destroy(), /no connection/],
]

describe('A captured or faulty key set', () => {
  for (const [what, answer, reason] of captured)
    it(`changes nothing with ${what}: the old state serves, grace shows, the alarm counts`, async () => {
      gateway.keySet.answer = sending({ keys: good })
      await run()
      const { inGrace, stateChecksum } = await health()
      equal(inGrace, false)

      gateway.keySet.answer = answer
      const line = await run()
      deepEqual(
        { code: line.code, level: line.level, failed: line.RefreshFailed, grace: line.InGrace },
        { code: 'failed', level: 'warn', failed: 1, grace: 1 },
      )
      match(String(line.reason), reason)
      deepEqual(await health(), { inGrace: true, stateChecksum })
      equal((await gateway.call('token-is-set', { bearer: forged() })).statusCode, 200)
      // A token of a key that is known to be none: 401. One that may be newer than the keys: nobody can know.
      gateway.clock.ahead += 1
      const told = async (iat: number) => {
        const odd = forged({ header: { kid: 'odd' }, claims: { iat, exp: gateway.now() + 60 } })
        return (await (await gateway.open('token-is-set'))({ bearer: odd, headers: asProblem })).statusCode
      }
      deepEqual([await told(gateway.now() - 3600), await told(gateway.now())], [401, 503])
    })

  it('is refused as well when an unknown kid asked for it, and puts nobody in grace', async () => {
    gateway.keySet.answer = sending({ keys: good })
    await run()
    const before = await health()
    gateway.clock.ahead += 61
    gateway.keySet.answer = beside(good[0])
    const line = await run(true)
    equal(line.code, 'failed')
    match(String(line.reason), /same kid/)
    deepEqual(await health(), before)
  })

  it('is noted in words of ours, which quote nothing of it', async () => {
    gateway.keySet.answer = sending('<p>canary-in-the-answer</p>', 'text/html')
    await run()
    gateway.keySet.answer = beside({ kty: 'oct', kid: 'canary-in-the-answer', k: 'canary-in-the-answer' })
    await run()
    equal(gateway.lines.filter((line) => line.includes('canary-in-the-answer')).length, 0)
  })

  it('ends its grace with the next good one', async () => {
    gateway.keySet.answer = sending({ keys: good })
    equal((await run()).code, 'unchanged')
    equal((await health()).inGrace, false)
  })

  it('is the same without keys that are broken or not for us, in whatever order it comes', async () => {
    const broken = [
      publicJwk('odd', 'RS256', weak, { n: zerosBefore(numberOf(weak)) }),
      publicJwk('odd', 'RS256', rsaPair, { e: 'AAAAAw' }),
      { ...good[3], kid: 'odd', y: good[3]?.x },
      { ...good[3], kid: 'odd', x: zerosBefore('', 32), y: zerosBefore('', 32) },
      { ...good[3], kid: 'odd', crv: 'P-521', alg: 'ES512' },
      { ...good[4], kid: 'odd', x: 'AQAB' },
    ]
    gateway.keySet.answer = sending({ keys: good })
    await run()
    for (const odd of [...broken, ...uselessKeys(), { kty: 'RSA' }]) {
      gateway.keySet.answer = beside(odd)
      equal((await run()).code, 'unchanged', JSON.stringify(odd).slice(0, 200))
    }
    gateway.keySet.answer = sending({ keys: good.toReversed() })
    equal((await run()).code, 'unchanged')
  })

  it('takes 32 keys, 2,048 bits with a zero in front, and a large exponent', async () => {
    const spare = Array.from({ length: 32 - 7 }, (_, number) => publicJwk(`spare ${number}`, 'RS256'))
    const padded = publicJwk('padded', 'RS256', rsaPair, { n: zerosBefore(numberOf(rsaPair), 1) })
    const eight = publicJwk('eight', 'RS256', rsaPair, { e: 'AQAAAAAAAAE' })
    gateway.keySet.answer = sending({ keys: [...good, ...spare, padded, eight] })
    equal((await run()).code, 'changed')
    const fresh = await gateway.open('token-is-set')
    equal((await fresh({ bearer: forged({ header: { kid: 'padded' } }) })).statusCode, 200)
  })
})
