import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HttpRouteName } from '../lib/routes.ts'
import { unverifiedToken } from '../lib/session/token.ts'
import { directoryKey, organisationKey, sessionKey, stateKey, subjectKey } from '../lib/store/keys.ts'
import { each } from './support/each.ts'
import { asProblem, browser, fromOurPage, navigation, openGateway, type Request } from './support/gateway.ts'

/** Every call over the network that a request costs, in a fresh instance and in one that has been used. */

const { open, begin, token, front, control, clock, asked: requested } = await openGateway()

const cookie = async (claims = {}) => [`imidToken=${await token(claims)}`]
const asked = 'callback=https%3A%2F%2Fapp.example.test%2F'

const callbackRequest = async (): Promise<Request> => {
  const person = browser()
  const query = await begin(person)
  query.set('imid_token', await token())
  return { query: query.toString(), cookies: person.pairs(), headers: navigation }
}

const json = { 'content-type': 'application/json', ...fromOurPage }

const session = async () => ({ cookies: await cookie() })
const unit = async () => ({ ...(await session()), body: '{"unit":null}', headers: json })
const ended = async () => ({ cookies: await cookie({ jti: 'ended' }), headers: fromOurPage })
const failed = { query: `code=token_expired&id=12345678&org=demo&${asked}`, headers: navigation }

type Cost = readonly [status: number, cold: string, warm: string, request: () => Promise<Request>]
/** Reads and writes of the table. */
const costs: Readonly<Record<HttpRouteName, Cost>> = {
  'token-is-set': [200, '1 + 0', '1 + 0', session],
  authorize: [200, '1 + 0', '1 + 0', async () => ({ ...(await session()), query: 'org=demo' })],
  units: [200, '1 + 0', '1 + 0', session],
  unit: [200, '1 + 1', '1 + 1', unit],
  login: [302, '1 + 0', '0 + 0', async () => ({ query: `org=demo&${asked}`, headers: navigation })],
  'org-login': [302, '1 + 0', '0 + 0', async () => ({ query: asked, path: { org: 'demo' } })],
  callback: [302, '1 + 0', '1 + 0', callbackRequest],
  logout: [200, '1 + 1', '0 + 1', ended],
  'login-failed': [401, '1 + 0', '0 + 0', async () => failed],
  health: [200, '1 + 0', '1 + 0', async () => ({})],
}

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
  })

  each(
    'of each route are few to the table, cold and warm, and none to the identity service',
    Object.entries(costs),
  )(async ([name, [status, cold, warm, request]]) => {
    const call = await open(name as HttpRouteName)
    const requests = [await request(), await request()]
    await askedThere()
    for (const [index, expected] of [cold, warm].entries()) {
      front.reset()
      const { statusCode } = await call(requests[index])
      deepEqual([statusCode, `${front.calls.read} + ${front.calls.write}`], [status, expected])
    }
    deepEqual(await askedThere(), [])
  })
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
