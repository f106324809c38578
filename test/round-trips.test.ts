import { deepEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HttpRouteName } from '../lib/routes.ts'
import { browser, fromOurPage, navigation, openGateway, type Request } from './support/gateway.ts'

/** Every call over the network that a request costs, in a fresh instance and in one that has been used. */

const { open, begin, token, front, control } = await openGateway()

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
    warm: { read: 1, write: 0 },
  },
  'org-login': {
    request: async () => ({ query: asked, path: { org: 'demo' }, headers: navigation }),
    status: 302,
    cold: { read: 1, write: 0 },
    warm: { read: 1, write: 0 },
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
  it('bring the state along once, and then what the request is about alone', async () => {
    for (const [name, about] of [
      ['login', 1],
      ['token-is-set', 3],
      ['callback', 3],
    ] as const) {
      const call = await open(name)
      for (const items of [about + 1, about]) {
        await call(await costs[name].request())
        deepEqual([name, front.wanted.keys.length], [name, items])
      }
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
