import { deepEqual, equal } from 'node:assert/strict'
import { beforeEach, describe, it, mock, type TestContext } from 'node:test'
import { type HttpRouteName, routes } from '../lib/routes.ts'
import { unverifiedToken } from '../lib/session/token.ts'
import { directoryKey, organisationKey, sessionKey, stateKey, subjectKey } from '../lib/store/keys.ts'
import { each } from './support/each.ts'
import { asProblem, browser, fromOurPage, openGateway, type Request } from './support/gateway.ts'
import { goodRequests } from './support/good-requests.ts'

/** The network calls of a request, in a new function instance and in a warm one. */

mock.timers.enable({ apis: ['Date'], now: Date.now() })

const { open, begin, token, front, control, clock, asked, instance } = await openGateway()
beforeEach(() => {
  clock.ahead = 0
})

const good = goodRequests({
  token,
  begun: async () => {
    const person = browser()
    return { query: await begin(person), cookies: person.pairs() }
  },
})

/** Paths requested from the identity service since the last call, except those that control the stand-in. */
const askedThere = async (): Promise<string[]> => {
  const { requests } = await control({ do: 'count', reset: true })
  return Object.keys(Object(requests)).filter((path) => path !== '/_control')
}

describe('Round trips', () => {
  it('read session and subject every time, and other items when their copy is too old', async () => {
    const call = await open('units')
    const raw = await token()
    const { session, org, subject } = unverifiedToken(raw).unverifiedClaims
    const own = [sessionKey({ session }), subjectKey(org, subject)]
    for (const [ahead, keys] of [
      [0, [stateKey, ...own, organisationKey(org), directoryKey(org)]],
      [0, own],
      [4, own],
      [5, [...own, organisationKey(org)]],
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
    'of each route are at most one read, one write if its row says so, and no identity service call',
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

it('A logout without a token reads nothing, even in a new instance', async () => {
  const call = await open('logout')
  front.reset()
  equal((await call({ headers: fromOurPage })).statusCode, 200)
  deepEqual(front.calls, { read: 0, write: 0 })
})

describe('A token that cannot be verified', () => {
  const withKid = async (kid: string, claims = {}) => {
    const [, ...rest] = (await token(claims)).split('.')
    return [Buffer.from(JSON.stringify({ alg: 'RS256', kid })).toString('base64url'), ...rest].join('.')
  }
  const forged = (raw: string) => `${raw.slice(0, raw.lastIndexOf('.'))}.${'A'.repeat(342)}`

  /** The status, the keys of each read, and the number of requests for newer keys. */
  const costOf = async (call: Awaited<ReturnType<typeof open>>, bearer: string) => {
    front.reads.length = 0
    asked.times = 0
    const { statusCode } = await call({ bearer, headers: asProblem })
    return [statusCode, [...front.reads], asked.times]
  }

  it('causes no reads for its claims in a warm instance, and one key request per cooldown', async () => {
    const call = await open('units')
    const raw = await token()
    await call({ bearer: raw })
    clock.ahead = 2
    deepEqual(await costOf(call, forged(raw)), [403, [], 0])
    // The state is read, keys are asked for, and it is read again.
    deepEqual(await costOf(call, await withKid('first')), [403, [[stateKey], [stateKey]], 1])
    clock.ahead = 61
    deepEqual(await costOf(call, await withKid('second')), [503, [[stateKey]], 0])
    clock.ahead = 62
    deepEqual(await costOf(call, await withKid('third')), [403, [[stateKey], [stateKey]], 1])
    clock.ahead = 200
    deepEqual(await costOf(call, forged(raw)), [403, [[stateKey]], 0])
    clock.ahead = 300
    const expired = await token({ iat: 1_700_000_000, exp: 1_700_000_600 })
    deepEqual(await costOf(call, expired), [403, [[stateKey]], 0])
  })

  it('causes the same reads as a valid one in a new instance, but only once', async () => {
    const call = await open('units')
    const [status, [first]] = (await costOf(call, await withKid('cold', { iat: 1, exp: 2 }))) as [
      number,
      string[][],
    ]
    deepEqual([status, first?.length], [403, 5])
    deepEqual(await costOf(call, await withKid('colder', { iat: 1, exp: 2 })), [403, [], 0])
  })
})

describe('A request to a warm instance', () => {
  const page = 'https://app.example.test/page'

  /** How often a request reads the clock, verifies a signature, encodes its organisation, parses its URL. */
  const countedAt = async (test: TestContext, name: HttpRouteName) => {
    let clockReads = 0
    const on = instance()
    const now = () => {
      clockReads++
      return on.now()
    }
    const call = await open(name, { ...on, now })
    return async (request: Request, status: number) => {
      const { mock: verified } = test.mock.method(crypto.subtle, 'verify')
      const { mock: encoded } = test.mock.method(globalThis, 'encodeURIComponent')
      const { mock: parsed } = test.mock.method(globalThis, 'URL')
      clockReads = 0
      equal((await call(request)).statusCode, status)
      const times = (calls: readonly { arguments: readonly unknown[] }[], wanted: string) =>
        calls.filter(({ arguments: [first] }) => first === wanted).length
      const [org, returnUrl] = [times(encoded.calls, 'demo'), times(parsed.calls, page)]
      const counts = { clock: clockReads, verified: verified.callCount(), org, returnUrl }
      test.mock.restoreAll()
      return counts
    }
  }

  it('reads the clock once, verifies a token once and builds each key once', async (test) => {
    const counted = await countedAt(test, 'token-is-set')
    await counted({ bearer: await token() }, 200)
    const request = { bearer: await token() }
    // The organisation of a new token is measured; after that it is only encoded in the key of the subject.
    deepEqual(await counted(request, 200), { clock: 1, verified: 1, org: 2, returnUrl: 0 })
    deepEqual(await counted(request, 200), { clock: 1, verified: 0, org: 1, returnUrl: 0 })
  })

  it('checks a return URL once', async (test) => {
    const counted = await countedAt(test, 'login')
    const request = { query: `org=demo&callback=${encodeURIComponent(page)}` }
    await counted(request, 302)
    const { clock: clockReads, returnUrl } = await counted(request, 302)
    deepEqual([clockReads, returnUrl], [1, 1])
  })
})
