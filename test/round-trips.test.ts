import { deepEqual, equal } from 'node:assert/strict'
import { describe, it, mock, type TestContext } from 'node:test'
import { type HttpRouteName, routes } from '../lib/routes.ts'
import { unverifiedToken } from '../lib/session/token.ts'
import { directoryKey, organisationKey, sessionKey, stateKey, subjectKey } from '../lib/store/keys.ts'
import { each } from './support/each.ts'
import { asProblem, browser, fromOurPage, openGateway } from './support/gateway.ts'
import { goodRequests } from './support/good-requests.ts'

/** Every call over the network that a request costs, in a fresh instance and in one that has been used. */

mock.timers.enable({ apis: ['Date'], now: Date.now() })

const { open, begin, token, front, control, clock, asked: requested, instance } = await openGateway()

const good = goodRequests({
  token,
  begun: async () => {
    const person = browser()
    return { query: await begin(person), cookies: person.pairs() }
  },
})

/** What the identity service was asked since the last time, our own switches apart. */
const askedThere = async (): Promise<string[]> => {
  const { requests } = await control({ do: 'count', reset: true })
  return Object.keys(Object(requests)).filter((path) => path !== '/_control')
}

describe('Round trips', () => {
  it('bring along once what an instance may keep, and then read the session and the subject alone', async (test) => {
    test.after(() => {
      clock.ahead = 0
    })
    const call = await open('units')
    const raw = await token()
    const { session } = unverifiedToken(raw).unverifiedClaims
    const { org, subject } = unverifiedToken(raw).unverifiedClaims
    const own = [sessionKey({ session }), subjectKey(org, subject)]
    for (const [ahead, keys] of [
      [0, [stateKey, ...own, organisationKey(org), directoryKey(org)]],
      [0, own],
      [4, own],
      [5, [...own, organisationKey(org)]],
      [9, own],
      [60, [stateKey, ...own, organisationKey(org)]],
    ] as const) {
      clock.ahead = ahead
      front.wanted.keys = []
      equal((await call({ bearer: raw })).statusCode, 200)
      deepEqual([ahead, front.wanted.keys], [ahead, keys])
    }
    equal((await (await open('token-is-set'))({ bearer: raw })).statusCode, 200)
    deepEqual(front.wanted.keys, [stateKey, ...own, organisationKey(org)])
  })

  each(
    'of each route are one read, one write where its row says so, and none to the identity service',
    Object.keys(good) as HttpRouteName[],
  )(async (name) => {
    const { request, status, warmReads = 1 } = good[name]
    const write = routes[name].writes === 'nothing' ? 0 : 1
    const call = await open(name)
    const requests = [await request(), await request()]
    await askedThere()
    for (const [index, read] of [1, warmReads].entries()) {
      front.reset()
      const { statusCode } = await call(requests[index])
      deepEqual([statusCode, front.calls], [status, { read, write }])
    }
    deepEqual(await askedThere(), [])
  })
})

it('A logout without a token reads nothing, not even in a fresh instance', async () => {
  const call = await open('logout')
  front.reset()
  equal((await call({ headers: fromOurPage })).statusCode, 200)
  deepEqual(front.calls, { read: 0, write: 0 })
})

describe('A token that nobody verified', () => {
  const withKid = async (kid: string, claims = {}) => {
    const [, ...rest] = (await token(claims)).split('.')
    const header = Buffer.from(JSON.stringify({ alg: 'RS256', kid })).toString('base64url')
    return [header, ...rest].join('.')
  }

  /** The keys of each read that a request made, and how often it asked for newer keys. */
  const costOf = async (call: Awaited<ReturnType<typeof open>>, bearer: string) => {
    front.reads.length = 0
    const before = requested.times
    const { statusCode } = await call({ bearer, headers: asProblem })
    return [statusCode, [...front.reads], requested.times - before]
  }

  it('is judged by the state alone in an instance that has one, and asks for keys once in a cooldown', async (test) => {
    test.after(() => {
      clock.ahead = 0
    })
    const call = await open('units')
    await call({ bearer: await token() })
    clock.ahead = 2
    // The state is read, keys are asked for, and it is read again.
    deepEqual(await costOf(call, await withKid('first')), [403, [[stateKey], [stateKey]], 1])
    deepEqual(await costOf(call, await withKid('second')), [403, [], 0], 'fetched in this very second')
    clock.ahead = 3
    deepEqual(await costOf(call, await withKid('third')), [503, [[stateKey]], 0])
    clock.ahead = 61
    deepEqual(await costOf(call, await withKid('fourth')), [503, [[stateKey]], 0])
    clock.ahead = 62
    deepEqual(await costOf(call, await withKid('fifth')), [403, [[stateKey], [stateKey]], 1])
  })

  it('reads nothing it claims from an instance whose copy of the state is old, whatever is wrong with it', async (test) => {
    test.after(() => {
      clock.ahead = 0
    })
    const call = await open('units')
    const raw = await token()
    await call({ bearer: raw })
    clock.ahead = 200
    const forged = `${raw.slice(0, raw.lastIndexOf('.'))}.${'A'.repeat(342)}`
    deepEqual(await costOf(call, forged), [403, [[stateKey]], 0])
    clock.ahead = 300
    const old = await token({ iat: 1_700_000_000, exp: 1_700_000_600 })
    deepEqual(await costOf(call, old), [403, [[stateKey]], 0])
  })

  it('costs no more than a verified one in an instance that has no state yet, and that once', async () => {
    const call = await open('units')
    const [status, reads] = await costOf(call, await withKid('cold', { iat: 1, exp: 2 }))
    deepEqual([status, (reads as string[][])[0]?.length], [403, 5])
    const [again, more] = await costOf(call, await withKid('colder', { iat: 1, exp: 2 }))
    deepEqual([again, (more as string[][]).flat().filter((key) => key !== stateKey)], [403, []])
  })
})

describe('A request in an instance that has been used', () => {
  /** How often a request reads the clock, verifies a signature, builds a key of the table and parses its return URL. */
  const counted = async (test: TestContext, work: () => Promise<unknown>, clockReads: () => number) => {
    const { mock: verified } = test.mock.method(crypto.subtle, 'verify')
    const { mock: encoded } = test.mock.method(globalThis, 'encodeURIComponent')
    const { mock: parsed } = test.mock.method(globalThis, 'URL')
    const before = clockReads()
    await work()
    const times = (calls: readonly { arguments: readonly unknown[] }[], wanted: string) =>
      calls.filter(({ arguments: [first] }) => first === wanted).length
    const counts = {
      clock: clockReads() - before,
      verified: verified.callCount(),
      org: times(encoded.calls, 'demo'),
      returnUrl: times(parsed.calls, page),
    }
    test.mock.restoreAll()
    return counts
  }
  const page = 'https://app.example.test/page'
  const used = async (name: 'token-is-set' | 'login') => {
    let reads = 0
    const on = instance()
    const call = await open(name, {
      ...on,
      now: () => {
        reads++
        return on.now()
      },
    })
    return { call, reads: () => reads }
  }

  it('reads the clock once, verifies a token once and builds each key once', async (test) => {
    const { call, reads } = await used('token-is-set')
    await call({ bearer: await token() })
    const raw = await token()
    const poll = async () => equal((await call({ bearer: raw })).statusCode, 200)
    // A new token has its organisation measured; after that it is only encoded in the key of the subject.
    deepEqual(await counted(test, poll, reads), { clock: 1, verified: 1, org: 2, returnUrl: 0 })
    deepEqual(await counted(test, poll, reads), { clock: 1, verified: 0, org: 1, returnUrl: 0 })
  })

  it('checks a return URL once', async (test) => {
    const { call, reads } = await used('login')
    const login = async () => {
      equal((await call({ query: `org=demo&callback=${encodeURIComponent(page)}` })).statusCode, 302)
    }
    await login()
    const { clock: readings, returnUrl } = await counted(test, login, reads)
    deepEqual({ readings, returnUrl }, { readings: 1, returnUrl: 1 })
  })
})
