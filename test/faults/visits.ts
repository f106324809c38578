import { equal, notEqual, ok } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { asProblem, browser, codeOf, set } from '../support/gateway.ts'
import { goodRequests } from '../support/good-requests.ts'
import { type Ask, type Deployment, functionTime, type Taken } from './deployment.ts'
import { type Effect, type Kind, type RouteName, statusOf } from './rows.ts'

/** For each route a request that is served when all is well, and what may come back under a fault. */

const good = ({ open, token }: Deployment) => {
  const requests = goodRequests({
    // Each logout ends a session of its own.
    token: (claims = {}) => token('jti' in claims ? { ...claims, jti: randomUUID() } : claims),
    begun: async () => {
      const person = browser()
      const { answer } = await (await open('login'))(await requests.login.request())
      person.take(answer)
      const there = new URL(answer.headers.location ?? 'about:blank')
      const back = new URL(there.searchParams.get('callback') ?? 'about:blank')
      return { query: back.searchParams, cookies: person.pairs() }
    },
  })
  return requests
}

/** Somebody about to ask an instance. */
export type Visit = Readonly<{
  where: string
  route: RouteName
  cookies: readonly string[]
  go: () => ReturnType<Ask>
}>

/** Makes everything ready for one request, so that nothing but the request itself meets the fault. */
export const prepare = async (
  deployment: Deployment,
  route: RouteName,
  kind: Kind,
  databaseUrl?: string,
): Promise<Visit> => {
  const on = deployment.instance(databaseUrl)
  const [request, handler] = await Promise.all([
    good(deployment)[route].request(),
    deployment.open(route, on),
    kind === 'warm' &&
      deployment
        .instance()
        .table.read(['STATE'])
        .then((items) => on.states.from(items, on.now())),
  ])
  // As a program, which is answered the documented JSON string where a person gets a page.
  const own = Object.entries(request.headers ?? {}).filter(([name]) => !name.startsWith('sec-fetch-'))
  const go = () => handler({ ...request, headers: Object.fromEntries(own) })
  return { where: `${route}, ${kind}`, route, cookies: request.cookies ?? [], go }
}

const bodies: Partial<Record<RouteName, RegExp>> = {
  'token-is-set': /^\{"msg":"ok"\}$/,
  units: /^\{"msg":"Unit set","units":\[\{"name":"north",.*\{"name":"south",.*\],"preferred":null\}$/,
  unit: /^\{"msg":"Unit set"\}$/,
  logout: /^\{"msg":"You are logged out"\}$/,
}

/** The longest delay of this process, in which many visits happen at once, as they do not in a function. */
const delay = monitorEventLoopDelay()
delay.enable()

/** Checks what the contract says of an answer, whatever its status: body, cookies, time. */
const checkAnswer = (where: string, route: RouteName, { answer, ms }: Taken): void => {
  const { statusCode: status, headers, body } = answer
  const sets = set(answer).map(({ name }) => name)
  ok(ms < functionTime + delay.max / 1e6, `${where}: ${ms} ms`)
  equal(headers['cache-control'], 'no-store', where)
  if (status === 503) equal(body, '"errors.api.ServiceUnavailable"', where)
  if (route === 'health' && status === 500)
    equal(body, '{"inGrace":false,"stateChecksum":"No checksum string"}', where)
  if (status === 200) ok((bodies[route] ?? /(?:)/).test(body ?? ''), `${where}: ${body}`)
  equal(sets.includes('imidToken'), route === 'callback' && status === 302, `${where}: sets ${sets}`)
  if (route === 'callback' && status === 302) equal(headers.location, 'https://app.example.test/', where)
}

/** On a busy machine the client may give up for want of processor time: a 503 that is not the row's. */
const mostTries = 3

/** Asks, and asks again after a 503 that the row does not explain. Any other unexpected answer fails at once. */
export const visit = async (
  deployment: Deployment,
  prepared: () => Promise<Visit>,
  effect: Effect,
  tries = 1,
): Promise<void> => {
  const { where, route, cookies, go } = await prepared()
  const taken = await go()
  const status = taken.answer.statusCode
  checkAnswer(where, route, taken)
  if (effect === 'served' && status === statusOf(route, 'unavailable') && tries < mostTries)
    return visit(deployment, prepared, effect, tries + 1)
  equal(status, statusOf(route, effect), where)
  if (route !== 'logout' || status !== 200) return
  const { answer } = await (await deployment.open('token-is-set'))({ cookies })
  notEqual(answer.statusCode, 200, `${where}: the session goes on`)
}

/** What a poll says to somebody who shows a token of a key that was made a moment ago. */
export const askWithNewKey = async ({ open, control, token, clock, now }: Deployment): Promise<string> => {
  // Not in the second in which keys were accepted: what those do not hold is no key.
  clock.ahead += 1
  await control({ do: 'rotate' })
  const bearer = await token({ iat: now(), exp: now() + 3600 })
  const { answer } = await (await open('token-is-set'))({ bearer, headers: asProblem })
  const { statusCode } = answer
  return statusCode === 200 ? '200' : `${statusCode} ${codeOf(answer)}`
}
