import { deepEqual, equal, match } from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, describe, it, mock } from 'node:test'
import { keyRequest } from '../../lib/lambda/invoke-refresh.ts'
import type { HttpRouteName } from '../../lib/routes.ts'
import { asProblem, codeOf, fromOurPage } from '../support/gateway.ts'
import { forged, goodKeys, publicJwk } from './forger.ts'
import { sending } from './key-set-server.ts'
import { openForgedGateway } from './present.ts'

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

/** So many requests, each with a key of its own: twenty under way at any time, two in each instance. */
const storm = async (
  asked: Awaited<ReturnType<typeof ten>>,
  times: number,
  mark: string,
): Promise<Map<string, number>> => {
  const seen = new Map<string, number>()
  const waiting = Array.from({ length: times }, (_, number) => number).values()
  const lane = async () => {
    for (const number of waiting) {
      const bearer = forged({ header: { kid: `${mark} ${number}` } })
      const answer = await asked[number % instances]?.({ bearer, headers: asProblem })
      const told = answer === undefined ? 'nothing' : `${answer.statusCode} ${codeOf(answer)}`
      seen.set(told, (seen.get(told) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: 2 * instances }, lane))
  return seen
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
    deepEqual(await storm(polls, 1000, 'first'), new Map([['401 token_key_unknown', 1000]]))
    deepEqual([gateway.keySet.asked, invoked.length], [1, instances])

    // Shown the next thousand within ten seconds, an instance does not even ask.
    later(9)
    deepEqual(await storm(polls, 100, 'second'), new Map([['401 token_key_unknown', 100]]))
    deepEqual([gateway.keySet.asked, invoked.length], [0, 0])
    // After that it asks, and refresh-state has nothing to fetch until the cooldown is over.
    later(1)
    deepEqual(await storm(polls, 100, 'third'), new Map([['401 token_key_unknown', 100]]))
    deepEqual([gateway.keySet.asked, invoked.length], [0, instances])
    later(49)
    await storm(polls, 10, 'fourth')
    equal(gateway.keySet.asked, 0)
    later(10)
    await storm(polls, 10, 'fifth')
    equal(gateway.keySet.asked, 1)
  })

  it('is told to refresh-state with a signature, and without any word of the token', async () => {
    later(60)
    await storm(await ten('token-is-set'), 1, 'canary-kid')
    match(
      invoked[0] ?? '',
      /^POST \/2015-03-31\/functions\/refresh-state\/invocations \{"forced":true\} AWS4-HMAC-SHA256 Credential=local\/\d{8}\/eu-north-1\/lambda\/aws4_request, /,
    )
    equal(invoked.join().includes('canary-kid'), false)
  })

  it('does not keep a good token waiting, nor refuse it', async () => {
    later(60)
    const polls = await ten('token-is-set')
    const storming = storm(polls, 50, 'beside')
    const bearer = forged()
    const answers = await Promise.all(polls.map((poll) => poll({ bearer })))
    deepEqual(
      answers.map(({ statusCode }) => statusCode),
      answers.map(() => 200),
    )
    await storming
  })

  it('finds the new key with its one fetch, in every instance', async () => {
    later(60)
    gateway.keySet.answer = sending({ keys: [...goodKeys(), publicJwk('new', 'RS256')] })
    const bearer = forged({ header: { kid: 'new' } })
    const answers = await Promise.all((await ten('token-is-set')).map((poll) => poll({ bearer })))
    deepEqual(
      answers.map(({ statusCode }) => statusCode),
      answers.map(() => 200),
    )
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

  it('asks for nothing when the kid is no kid', async () => {
    later(60)
    for (const kid of ['', 'k'.repeat(257), 7, null])
      equal((await gateway.call('token-is-set', { bearer: forged({ header: { kid } }) })).statusCode, 401)
    equal(gateway.keySet.asked, 0)
  })

  it('is refused as ever while Lambda or the identity service is away, and puts nobody in grace', async () => {
    await gateway.refresh()
    later(60)
    gateway.keySet.answer = (response) => response.destroy()
    deepEqual(await storm(await ten('token-is-set'), 20, 'away'), new Map([['401 token_key_unknown', 20]]))
    equal(JSON.parse((await gateway.call('health')).body ?? '').inGrace, false)

    const on = gateway.instance()
    const nobody = { functionName: 'refresh-state', region: 'eu-north-1', endpoint: 'http://127.0.0.1:1' }
    const alone = await gateway.open('token-is-set', {
      ...on,
      askForKeys: keyRequest({ ...nobody, now: on.now }),
    })
    equal((await alone({ bearer: forged({ header: { kid: 'nobody' } }) })).statusCode, 401)
  })

  it('is 503 when the state itself is unusable', async () => {
    later(3601)
    deepEqual(await storm(await ten('token-is-set'), 20, 'old'), new Map([['503 state_too_old', 20]]))
    await gateway.table.remove('STATE')
    deepEqual(await storm(await ten('token-is-set'), 20, 'none'), new Map([['503 state_missing', 20]]))
  })
})
