import { deepEqual, equal, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, describe, it, mock } from 'node:test'
import { keyRequest } from '../../lib/lambda/invoke-refresh.ts'
import type { HttpRouteName } from '../../lib/routes.ts'
import { forged, goodKeys, publicJwk } from '../support/forger.ts'
import { asProblem, codeOf, fromOurPage } from '../support/gateway.ts'
import { sending } from '../support/key-set-server.ts'
import { openForgedGateway } from '../support/present.ts'

mock.timers.enable({ apis: ['Date'], now: Date.now() })
process.env.AWS_ACCESS_KEY_ID = 'local'
process.env.AWS_SECRET_ACCESS_KEY = 'local'

const gateway = await openForgedGateway()
const instances = 10

/** Stands in for Lambda: whoever invokes refresh-state through it is counted, and it runs. */
const invoked: string[] = []
const lambda = createServer(async (request, response) => {
  let body = ''
  for await (const piece of request) body += piece
  invoked.push(`${request.method} ${request.url} ${body} ${request.headers.authorization}`)
  await gateway.refresh(true)
  response.end('{}')
}).listen(0, '127.0.0.1')
await once(lambda, 'listening')
after(() => {
  lambda.close()
  lambda.closeAllConnections()
})
const address = lambda.address()
const endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`

/** Instances that ask as they do in AWS. */
const ten = (name: HttpRouteName) =>
  Promise.all(
    Array.from({ length: instances }, () => {
      const on = gateway.instance()
      const where = { functionName: 'refresh-state', region: 'eu-north-1', endpoint, now: on.now }
      return gateway.open(name, { ...on, askForKeys: keyRequest(where) })
    }),
  )

/** So many requests, each with a key of its own, issued at this second: twenty under way at any time, two in each instance. */
const storm = async (
  asked: Awaited<ReturnType<typeof ten>>,
  times: number,
  mark: string,
  iat = gateway.now(),
): Promise<Record<string, number>> => {
  const seen: Record<string, number> = {}
  const waiting = Array.from({ length: times }, (_, number) => number).values()
  const lane = async () => {
    for (const number of waiting) {
      const bearer = forged({ header: { kid: `${mark} ${number}` }, claims: { iat, exp: iat + 28_800 } })
      const answer = await asked[number % instances]?.({ bearer, headers: asProblem })
      const told = answer === undefined ? 'nothing' : codeOf(answer)
      seen[told] = (seen[told] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: 2 * instances }, lane))
  return seen
}
const unknown = (times: number) => ({ token_key_unknown: times })
const pending = (times: number) => ({ token_key_pending: times })
/** Every one of the ten instances answers 200. */
const allGood = async (polls: Awaited<ReturnType<typeof ten>>, bearer: string) => {
  const answers = await Promise.all(polls.map((poll) => poll({ bearer })))
  deepEqual(new Set(answers.map(({ statusCode }) => statusCode)), new Set([200]))
}

/** So many seconds on. */
const later = (seconds: number) => {
  gateway.clock.ahead += seconds
  gateway.keySet.asked = 0
  invoked.length = 0
}

describe('A storm of unknown keys', () => {
  it('is refused, 1,000 across ten instances, and costs one fetch and one question an instance', async () => {
    later(60)
    const polls = await ten('token-is-set')
    deepEqual(await storm(polls, 1000, 'first'), unknown(1000))
    equal(gateway.keySet.asked, 1)
    // Those that find the fetch under way ask too, to wait for it.
    ok(invoked.length <= instances, `${invoked.length} questions`)

    // While the state shows the cooldown nobody asks. A token that may be newer than the keys cannot be judged, others can.
    later(10)
    const older = gateway.now() - 71
    deepEqual(await storm(polls, 100, 'second', older), unknown(100))
    deepEqual(await storm(polls, 100, 'third', older + 1), pending(100))
    later(49)
    deepEqual(await storm(polls, 100, 'fourth'), pending(100))
    deepEqual([gateway.keySet.asked, invoked.length], [0, 0])
    later(1)
    deepEqual(await storm(polls, 10, 'fifth'), unknown(10))
    equal(gateway.keySet.asked, 1)
  })

  it('does not keep a good token waiting, nor refuse it', async () => {
    later(60)
    const polls = await ten('token-is-set')
    const storming = storm(polls, 50, 'beside')
    await allGood(polls, forged())
    await storming
  })

  it('finds the new key with its one fetch, in every instance', async () => {
    later(60)
    gateway.keySet.answer = sending({ keys: [...goodKeys(), publicJwk('new', 'RS256')] })
    await allGood(await ten('token-is-set'), forged({ header: { kid: 'new' } }))
    equal(gateway.keySet.asked, 1)
  })

  it('ends no session by way of the logout, and costs one fetch there too', async () => {
    later(60)
    gateway.front.reset()
    const leave = await gateway.open('logout')
    for (let number = 0; number < 5; number++) {
      const cookie = `imidToken=${forged({ header: { kid: `leave ${number}` } })}`
      equal((await leave({ cookies: [cookie], headers: fromOurPage })).statusCode, 200)
    }
    deepEqual([gateway.keySet.asked, gateway.front.calls.write], [1, 0])
  })

  it('is refused while Lambda or the identity service is away, unless it may be newer than the keys, and puts nobody in grace', async () => {
    await gateway.refresh()
    const keysAt = gateway.now()
    later(70)
    gateway.keySet.answer = (response) => response.destroy()
    const told = async (mark: string, iat: number) => storm(await ten('token-is-set'), 20, mark, iat)
    deepEqual(await told('old', keysAt - 61), unknown(20))
    deepEqual(await told('perhaps new', keysAt - 60), pending(20))
    deepEqual(await told('of the future', gateway.now() + 61), unknown(20))
    equal(JSON.parse((await gateway.call('health')).body ?? '').inGrace, false)

    const on = gateway.instance()
    const nobody = { functionName: 'refresh-state', region: 'eu-north-1', endpoint: 'http://127.0.0.1:1' }
    const alone = await gateway.open('token-is-set', {
      ...on,
      askForKeys: keyRequest({ ...nobody, now: on.now }),
    })
    const nobodys = forged({ header: { kid: 'nobody' }, claims: { iat: keysAt, exp: keysAt + 28_800 } })
    equal((await alone({ bearer: nobodys })).statusCode, 503)
  })

  it('is 503 when the state itself is unusable', async () => {
    later(3601)
    deepEqual(await storm(await ten('token-is-set'), 20, 'old'), { state_too_old: 20 })
    await gateway.table.remove('STATE')
    deepEqual(await storm(await ten('token-is-set'), 20, 'none'), { state_missing: 20 })
  })
})
