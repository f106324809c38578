import { deepEqual, equal, match } from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { each } from '../support/each.ts'
import { forged, goodKeys, pairOf, publicJwk, uselessKeys } from '../support/forger.ts'
import { type KeySetAnswer, sending } from '../support/key-set-server.ts'
import { openForgedGateway } from '../support/present.ts'
import { refreshRun } from '../support/refresh-run.ts'

const gateway = await openForgedGateway()

const good = goodKeys()
const rsaPair = pairOf('rs256')
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
const zerosBefore = (number = '', zeros = 200): string =>
  Buffer.concat([Buffer.alloc(zeros), Buffer.from(number, 'base64url')]).toString('base64url')
const numberOf = (pair: typeof weak): string => pair.publicKey.export({ format: 'jwk' }).n ?? ''
const beside = (...odd: readonly unknown[]): KeySetAnswer => sending({ keys: [...good, ...odd] })

/** One run of refresh-state while the identity service answers so. */
const run = async (answer: KeySetAnswer = beside(), forced = false) => {
  gateway.keySet.answer = answer
  return (await refreshRun(gateway, { forced })).line
}

/** Writes this again and again, and never ends. */
const trickling =
  (text: string, ms: number): KeySetAnswer =>
  (response) => {
    const trickle = setInterval(() => response.write(text), ms)
    response.once('close', () => clearInterval(trickle))
  }
const elsewhere: KeySetAnswer = (response) => {
  if (response.req.url === '/elsewhere') return sending({ keys: [publicJwk('odd', 'RS256')] })(response)
  response.writeHead(302, { location: '/elsewhere' }).end()
}
const notFound: KeySetAnswer = (response) => {
  response.statusCode = 404
  sending({ keys: good })(response)
}

describe('A captured or faulty key set', () => {
  each('changes nothing: the old state serves, grace shows, the alarm counts', [
    [/no key that can be used/, sending({ keys: [] })],
    [/not a key set/, sending(good)],
    [/same kid/, beside(publicJwk('rs256', 'RS512'))],
    [/symmetric/, beside({ kty: 'oct', kid: 'odd', alg: 'HS256', k: 'c2VjcmV0' })],
    [/private key/, beside({ kty: 'EC', use: 'enc', d: 'AQ' })],
    [/no key that can be used/, sending({ keys: [publicJwk('odd', 'RS256', weak)] })],
    [/not JSON/, sending('<!doctype html><title>Service is being updated</title>', 'text/html')],
    [/too large/, sending({ keys: good, padding: 'x'.repeat(10_000_000) })],
    [/too large/, trickling(' '.repeat(100_000), 1)],
    [/no answer in time/, trickling(' ', 50)],
    [/no connection/, elsewhere],
    [/status 404/, notFound],
    [/no connection/, (response: Parameters<KeySetAnswer>[0]) => void response.destroy()],
  ])(async ([reason, answer]) => {
    await run()
    const before = await gateway.health()
    equal(before.inGrace, false)

    const { code, level, RefreshFailed, InGrace, reason: told } = await run(answer)
    deepEqual([code, level, RefreshFailed, InGrace], ['failed', 'warn', 1, 1])
    match(String(told), reason)
    deepEqual(await gateway.health(), { ...before, inGrace: true })
    equal((await gateway.call('token-is-set', { bearer: forged() })).statusCode, 200)
    // A token of a key that is known to be none: 401. One that may be newer than the keys: nobody can know.
    gateway.clock.ahead += 1
    for (const [status, iat] of [
      [401, gateway.now() - 3600],
      [503, gateway.now()],
    ] as const) {
      const bearer = forged({ header: { kid: 'odd' }, claims: { iat, exp: gateway.now() + 60 } })
      equal((await (await gateway.open('token-is-set'))({ bearer })).statusCode, status)
    }
  })

  it('is refused as well when an unknown kid asked for it, and puts nobody in grace', async () => {
    await run()
    const before = await gateway.health()
    gateway.clock.ahead += 61
    const { code, reason } = await run(beside(good[0]), true)
    equal(code, 'failed')
    match(String(reason), /same kid/)
    deepEqual(await gateway.health(), before)
  })

  it('is noted in words of ours, which quote nothing of it', async () => {
    await run(sending('<p>canary-in-the-answer</p>', 'text/html'))
    await run(beside({ kty: 'oct', kid: 'canary-in-the-answer', k: 'canary-in-the-answer' }))
    equal(gateway.lines.filter((line) => line.includes('canary-in-the-answer')).length, 0)
  })

  it('ends its grace with the next good one', async () => {
    equal((await run()).code, 'unchanged')
    equal((await gateway.health()).inGrace, false)
  })

  it('is the same without keys that are broken or not for us, in whatever order it comes', async () => {
    await run()
    for (const odd of [
      publicJwk('odd', 'RS256', weak, { n: zerosBefore(numberOf(weak)) }),
      publicJwk('odd', 'RS256', rsaPair, { e: 'AAAAAw' }),
      { ...good[3], kid: 'odd', y: good[3]?.x },
      { ...good[3], kid: 'odd', x: zerosBefore('', 32), y: zerosBefore('', 32) },
      { ...good[3], kid: 'odd', crv: 'P-521', alg: 'ES512' },
      { ...good[4], kid: 'odd', x: 'AQAB' },
      ...[...uselessKeys(), { kty: 'RSA' }],
    ])
      equal((await run(beside(odd))).code, 'unchanged', JSON.stringify(odd).slice(0, 200))
    equal((await run(sending({ keys: good.toReversed() }))).code, 'unchanged')
  })

  it('takes 32 keys, 2,048 bits with a zero in front, and a large exponent', async () => {
    const spare = Array.from({ length: 32 - 7 }, (_, number) => publicJwk(`spare ${number}`, 'RS256'))
    const padded = publicJwk('padded', 'RS256', rsaPair, { n: zerosBefore(numberOf(rsaPair), 1) })
    const eight = publicJwk('eight', 'RS256', rsaPair, { e: 'AQAAAAAAAAE' })
    equal((await run(beside(...spare, padded, eight))).code, 'changed')
    const fresh = await gateway.open('token-is-set')
    equal((await fresh({ bearer: forged({ header: { kid: 'padded' } }) })).statusCode, 200)
  })
})
