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
  const deps = { ...on, table: gateway.table, keeper: stateWriter(gateway.table), upstream }
  await scheduled('refresh-state', refreshState(deps), on)({ forced }, context)
  return gateway.logs.at(-1) ?? {}
}

const health = async () => JSON.parse((await gateway.call('health')).body ?? '')

const good = goodKeys()
const [rs256, , , es256, ed] = good
const rsaPair = pairOf('rs256')
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
const large = publicJwk('large', 'RS256', weak, { n: Buffer.alloc(1025, 0xff).toString('base64url') })
const { d, p, q, dp, dq, qi } = rsaPair.privateKey.export({ format: 'jwk' })
const zerosBefore = (number = '', zeros = 200): string =>
  Buffer.concat([Buffer.alloc(zeros), Buffer.from(number, 'base64url')]).toString('base64url')
const numberOf = (pair: typeof weak): string => pair.publicKey.export({ format: 'jwk' }).n ?? ''

const beside = (odd: unknown): KeySetAnswer => sending({ keys: [...good, odd] })
const rsa = (more: object) => publicJwk('odd', 'RS256', rsaPair, more)

/** Keys that verify nothing: weak ones, and numbers that are no key. */
const broken: Readonly<Record<string, object>> = {
  'RSA of 1,024 bits': publicJwk('odd', 'RS256', weak),
  'RSA of 1,024 bits behind zeros': publicJwk('odd', 'RS256', weak, { n: zerosBefore(numberOf(weak)) }),
  'RSA of 8,200 bits': large,
  'an exponent of 1 behind zeros': rsa({ e: 'AAAB' }),
  'an exponent of 3 behind zeros': rsa({ e: 'AAAAAw' }),
  'a modulus that is a number': rsa({ n: 7 }),
  'a point off its curve': { ...es256, kid: 'odd', y: es256?.x },
  'a point of zeros': { ...es256, kid: 'odd', x: zerosBefore('', 32), y: zerosBefore('', 32) },
  'a point without y': { ...es256, kid: 'odd', y: undefined },
  'a point of another curve': { ...es256, kid: 'odd', crv: 'P-521', alg: 'ES512' },
  'an Edwards key that is too short': { ...ed, kid: 'odd', x: 'AQAB' },
}

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
  ['no member "keys"', sending({}), /not a key set/],
  ['keys that are an object', sending({ keys: { 0: rs256 } }), /not a key set/],
  ['a list instead of a set', sending(good), /not a key set/],
  ['null', sending(null), /not a key set/],
  ['a text', sending('"keys"'), /not a key set/],
  ['a kid twice', beside(publicJwk('rs256', 'RS512')), /same kid/],
  ['the same key twice', beside(rs256), /same kid/],
  ['a symmetric key', beside({ kty: 'oct', kid: 'odd', alg: 'HS256', k: 'c2VjcmV0' }), /symmetric/],
  ['a symmetric key without its value', beside({ kty: 'oct', kid: 'odd' }), /symmetric/],
  [
    'a symmetric value in another key',
    beside(publicJwk('odd', 'RS256', rsaPair, { k: 'c2VjcmV0' })),
    /symmetric/,
  ],
  ...Object.entries({ d, p, q, dp, dq, qi, oth: [] }).map(
    ([member, value]) =>
      [
        `the private member ${member}`,
        beside(publicJwk('odd', 'RS256', rsaPair, { [member]: value })),
        /private key/,
      ] as const,
  ),
  ['a private key that is not for us', beside({ kty: 'EC', use: 'enc', d: 'AQ' }), /private key/],
  ['nothing but a weak key', sending({ keys: [publicJwk('odd', 'RS256', weak)] }), /no key that can be used/],
  [
    '33 keys',
    sending({ keys: Array.from({ length: 33 }, (_, number) => publicJwk(`key ${number}`, 'RS256')) }),
    /too many keys/,
  ],
  ['HTML', sending('<!doctype html><title>Service is being updated</title>', 'text/html'), /not JSON/],
  ['an empty body', sending(''), /not JSON/],
  ['half a document', sending('{"keys":['), /not JSON/],
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
  [
    'a 500 in JSON',
    (response) => {
      response.statusCode = 500
      sending('errors.api.InternalServerError')(response)
    },
    /status 500/,
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
    gateway.keySet.answer = beside(rs256)
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

  for (const odd of [...uselessKeys(), { kid: 'no kind', alg: 'toString' }, { kty: 'RSA' }])
    it(`passes over what is not for us: ${JSON.stringify({ ...odd, n: undefined, x: undefined, y: undefined }).slice(0, 100)}`, async () => {
      gateway.keySet.answer = sending({ keys: [...good, odd] })
      equal((await run()).code, 'unchanged')
    })

  for (const [what, odd] of Object.entries(broken))
    it(`is used but for a key that is broken: ${what}`, async () => {
      gateway.keySet.answer = beside(odd)
      equal((await run()).code, 'unchanged')
    })

  it('is kept as the same content in whatever order it comes', async () => {
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
