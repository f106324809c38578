import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HttpRouteName } from '../lib/routes.ts'
import { unverifiedToken } from '../lib/session/token.ts'
import { directoryKey, organisationKey, sessionKey, stateKey, subjectKey } from '../lib/store/keys.ts'
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

const costs: Readonly<
  Record<HttpRouteName, { request: () => Promise<Request>; cold: object; warm: object; status: number }>
> = {
  'token-is-set': {
    request: async () => ({ cookies: await cookie() }),
    status: 200,
    cold: { read: 1, write: 0 },
    warm: { read: 1, write: 0 },
  },
  authorize: {
    request: async () => ({ cookies: await cookie(), query: 'org=demo' }),
    status: 200,
    cold: { read: 1, write: 0 },
    warm: { read: 1, write: 0 },
  },
  units: {
    request: async () => ({ cookies: await cookie() }),
    status: 200,
    cold: { read: 1, write: 0 },
    warm: { read: 1, write: 0 },
  },
  unit: {
    request: async () => ({ cookies: await cookie(), body: '{"unit":null}', headers: json }),
    status: 200,
    cold: { read: 1, write: 1 },
    warm: { read: 1, write: 1 },
  },
  login: {
    request: async () => ({ query: `org=demo&${asked}`, headers: navigation }),
    status: 302,
    cold: { read: 1, write: 0 },
    warm: { read: 0, write: 0 },
  },
  'org-login': {
    request: async () => ({ query: asked, path: { org: 'demo' }, headers: navigation }),
    status: 302,
    cold: { read: 1, write: 0 },
    warm: { read: 0, write: 0 },
  },
  callback: {
    request: callbackRequest,
    status: 302,
    cold: { read: 1, write: 0 },
    warm: { read: 1, write: 0 },
  },
  logout: {
    request: async () => ({ cookies: await cookie({ jti: 'ended' }), headers: fromOurPage }),
    status: 200,
    cold: { read: 1, write: 1 },
    warm: { read: 0, write: 1 },
  },
  'login-failed': {
    request: async () => ({
      query: `code=token_expired&id=12345678&org=demo&${asked}`,
      headers: navigation,
    }),
    status: 401,
    cold: { read: 1, write: 0 },
    warm: { read: 0, write: 0 },
  },
  health: {
    request: async () => ({}),
    status: 200,
    cold: { read: 1, write: 0 },
    warm: { read: 1, write: 0 },
  },
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

  for (const [name, { request, cold, warm, status }] of Object.entries(costs))
    it(`of ${name}: ${JSON.stringify({ cold, warm })} of the table, none to the identity service`, async () => {
      const call = await open(name as HttpRouteName)
      const requests = [await request(), await request()]
      await askedThere()
      for (const [index, expected] of [cold, warm].entries()) {
        front.reset()
        const { statusCode } = await call(requests[index])
        deepEqual([statusCode, front.calls], [status, expected])
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
