import { deepEqual, equal, ok } from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { forcedCooldown } from '../../lib/state/state.ts'
import { fromOurPage, type Request } from '../support/gateway.ts'
import { type Ask, openDeployment } from './deployment.ts'

/**
 * A thousand tokens, each of another key that nobody knows, at ten instances of five routes: each instance asks Lambda's own API for
 * newer keys, as deployed, and the identity service is asked once in a cooldown.
 */

const tokens = 1000
const deployment = await openDeployment()
after(deployment.close)
const start = deployment.now()
deployment.clock.still = start
await deployment.refresh()

type Route = 'token-is-set' | 'units' | 'unit' | 'logout' | 'callback'

const json = { 'content-type': 'application/json' }
/** How a token is shown at each route, and what one is told whose key nobody knows. */
const shown: Readonly<Record<Route, { with: (raw: string) => Request; told: number }>> = {
  'token-is-set': { with: (bearer) => ({ bearer }), told: 401 },
  units: { with: (raw) => ({ cookies: [`imidToken=${raw}`] }), told: 403 },
  unit: { with: (bearer) => ({ bearer, headers: json, body: '{"unit":"north"}' }), told: 403 },
  logout: { with: (raw) => ({ cookies: [`imidToken=${raw}`], headers: fromOurPage }), told: 200 },
  callback: {
    with: (raw) => ({
      query: `imid_token=${raw}&serviceCallback=https%3A%2F%2Fapp.example.test%2F`,
      cookies: [`imidToken=${raw}`],
    }),
    told: 403,
  },
}

const routes = Object.keys(shown) as Route[]
const instances: { route: Route; ask: Ask }[] = await Promise.all(
  [...routes, ...routes].map(async (route) => ({ route, ask: await deployment.open(route) })),
)

const [, payload = '', signature = ''] = (await deployment.token()).split('.')
let kids = 0
/** A token that is good but for its key. */
const strange = (): string => {
  const header = { alg: 'RS256', typ: 'JWT', kid: `stranger ${++kids}` }
  return [Buffer.from(JSON.stringify(header)).toString('base64url'), payload, signature].join('.')
}

const fetches = async (): Promise<Record<string, unknown>> =>
  (await deployment.control({ do: 'count', reset: true })).requests as Record<string, unknown>

/** So many strange tokens, dealt out to the instances, which serve one at a time as they do at AWS; counts how each route answered. */
const storm = async (many: number): Promise<Map<string, number>> => {
  const answers = new Map<string, number>()
  await Promise.all(
    instances.map(async ({ route, ask }) => {
      for (let one = 0; one < many / instances.length; one++) {
        const { answer } = await ask(shown[route].with(strange()))
        const what = `${route} ${answer.statusCode}`
        answers.set(what, (answers.get(what) ?? 0) + 1)
      }
    }),
  )
  return answers
}

const evenly = (many: number) =>
  new Map(routes.map((route) => [`${route} ${shown[route].told}`, many / routes.length]))

describe('a thousand unknown keys at ten instances of five routes', () => {
  it('are one fetch, and all refused', async (test) => {
    await fetches()
    deployment.counts.invoked = 0
    deepEqual(new Map([...(await storm(tokens))].sort()), new Map([...evenly(tokens)].sort()))
    deepEqual(await fetches(), { '/v1/jwks': 1 })
    ok(deployment.counts.invoked <= instances.length, 'an instance asked twice')
    test.diagnostic(
      `${tokens} keys, ${instances.length} instances: ${deployment.counts.invoked} asked, 1 fetch`,
    )
  })

  it('are no further fetch before the cooldown is over, however often an instance asks', async () => {
    for (const later of [11, 30, forcedCooldown - 1]) {
      deployment.clock.still = start + later
      await storm(20)
    }
    deepEqual(await fetches(), {})
  })

  it('are one more when it is', async () => {
    // And ten seconds more: an instance that asked a moment ago does not ask again at once.
    deployment.clock.still = start + forcedCooldown + 10
    await storm(100)
    deepEqual(await fetches(), { '/v1/jwks': 1 })
  })

  it('keep nobody from working whose key is known', async () => {
    const bearer = await deployment.token()
    deployment.clock.still = start + 2 * forcedCooldown
    const [, { answer }] = await Promise.all([
      storm(100),
      deployment.open('token-is-set').then((ask) => ask({ bearer })),
    ])
    equal(answer.statusCode, 200)
  })
})
