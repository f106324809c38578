import { equal, ok } from 'node:assert/strict'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { asProblem, browser, codeOf, fromOurPage, type Request, set } from '../support/gateway.ts'
import { type Deployment, functionTime, type Taken } from './deployment.ts'

/** For each route a request that a person in good standing makes, and what the contract says may come back. */

/** Every route that a browser can reach. The table has a column for each. */
export const routeNames = [
  'login',
  'org-login',
  'callback',
  'token-is-set',
  'units',
  'unit',
  'logout',
  'health',
] as const
export type RouteName = (typeof routeNames)[number]

const target = 'https://app.example.test/'
const query = `callback=${encodeURIComponent(target)}`

/** Begins a login in an instance that nothing is wrong with, and answers what the browser then asks of `/callback`. */
const comingBack = async ({ open, token }: Deployment): Promise<Request> => {
  const person = browser()
  const { answer } = await (await open('login'))({ query: `org=demo&${query}` })
  person.take(answer)
  const there = new URL(answer.headers.location ?? 'about:blank')
  const back = new URL(there.searchParams.get('callback') ?? 'about:blank').searchParams
  back.set('imid_token', await token())
  return { query: String(back), cookies: person.pairs() }
}

/** A request of somebody who is signed in, with a session of their own. */
export const requestFor = async (deployment: Deployment, route: RouteName): Promise<Request> => {
  const session = async () => `imidToken=${await deployment.token({ sub: `person at ${route}` })}`
  const requests: Record<RouteName, () => Promise<Request>> = {
    login: async () => ({ query: `org=demo&${query}` }),
    'org-login': async () => ({ path: { org: 'demo' }, query }),
    callback: () => comingBack(deployment),
    'token-is-set': async () => ({ cookies: [await session()] }),
    units: async () => ({ cookies: [await session()] }),
    unit: async () => ({
      cookies: [await session()],
      headers: { ...fromOurPage, 'content-type': 'application/json' },
      body: '{"unit":"south"}',
    }),
    logout: async () => ({ cookies: [await session()], headers: fromOurPage }),
    health: async () => ({}),
  }
  return requests[route]()
}

/** What the contract answers when all is well, and when it cannot know. */
const served: Record<RouteName, number> = {
  login: 302,
  'org-login': 302,
  callback: 302,
  'token-is-set': 200,
  units: 200,
  unit: 200,
  logout: 200,
  health: 200,
}
const unavailable = (route: RouteName): number => (route === 'health' ? 500 : 503)

/** An instance that has just started, or one that has the keys in memory. They go different ways, and neither may go wrong. */
export const kinds = ['new', 'warm'] as const
export type Kind = (typeof kinds)[number]

/** What a fault may do to a route: nothing, or make it say that it cannot know. Never anything else. */
export type Effect = 'served' | 'unavailable'

export const statusOf = (route: RouteName, effect: Effect): number =>
  effect === 'served' ? served[route] : unavailable(route)

const bodies: Partial<Record<RouteName, RegExp>> = {
  'token-is-set': /^\{"msg":"ok"\}$/,
  units:
    /^\{"msg":"Unit set","units":\[\{"name":"north",.*\{"name":"south",.*\],"preferred":(null|"south")\}$/,
  unit: /^\{"msg":"Unit set"\}$/,
  logout: /^\{"msg":"You are logged out"\}$/,
}

/** How long this process was kept from its work at the worst: a hundred visits at once are no function with one. */
const delay = monitorEventLoopDelay()
delay.enable()

/** Holds an answer against the contract, whatever its status: its body, its cookies, and that it came in time. */
export const checkAnswer = (where: string, route: RouteName, { answer, ms }: Taken): void => {
  const { statusCode: status, headers, body } = answer
  const sets = set(answer).map(({ name }) => name)
  ok(ms < functionTime + delay.max / 1e6, `${where}: ${ms} ms`)
  equal(headers['cache-control'], 'no-store', where)
  if (status === 503) equal(body, '"errors.api.ServiceUnavailable"', where)
  if (route === 'health' && status === 500)
    equal(body, '{"inGrace":false,"stateChecksum":"No checksum string"}', where)
  if (status === 200) ok((bodies[route] ?? /(?:)/).test(body ?? ''), `${where}: ${body}`)
  equal(sets.includes('imidToken'), route === 'callback' && status === 302, `${where}: sets ${sets}`)
  if (route === 'callback' && status === 302) equal(headers.location, target, where)
}

/** What the refusal of one who shows a token of an unknown key says. */
export const asksWithNewKey = async ({ open, control, token, clock, now }: Deployment) => {
  // Not in the second in which keys were accepted: what those do not hold is no key.
  clock.ahead += 1
  await control({ do: 'rotate' })
  const bearer = await token({ iat: now(), exp: now() + 3600 })
  const { answer, ms } = await (await open('token-is-set'))({ bearer, headers: asProblem })
  return { status: answer.statusCode, code: answer.statusCode === 200 ? '' : codeOf(answer), ms }
}
