import { deepEqual, equal } from 'node:assert/strict'
import type { HttpRouteName } from '../lib/routes.ts'
import { stateKey } from '../lib/store/keys.ts'
import { each } from './support/each.ts'
import { browser, openGateway, set } from './support/gateway.ts'
import { goodRequests } from './support/good-requests.ts'

/** How each route answers during a fault. Which faults make the table fail: `faults/database`. */

const gateway = await openGateway()
const { begin, clock, instance, later, now, open, table, token, whileTableFails } = gateway
let sessions = 0
const good = goodRequests({
  // Each logout ends a session of its own.
  token: (claims = {}) => token('jti' in claims ? { ...claims, jti: `${++sessions}` } : claims),
  begun: async () => {
    const person = browser()
    return { query: await begin(person), cookies: person.pairs() }
  },
})
const names = (Object.keys(good) as HttpRouteName[]).filter((name) => name !== 'login-failed')

/** `warm`: the instance has the state in memory, so it reads less. */
type Kind = 'new' | 'warm'
type Outage = <T>(work: () => Promise<T>) => Promise<T>

/** The answer of an instance to a program. Its request is prepared before the outage. */
const answerOf = async (name: HttpRouteName, kind: Kind, during: Outage) => {
  const { headers = {}, ...request } = await good[name].request()
  const own = Object.entries(headers).filter(([header]) => !header.startsWith('sec-fetch-'))
  const on = instance()
  const handler = await open(name, on)
  if (kind === 'warm') on.states.from(await table.read([stateKey]), now())
  const { cookies = [] } = request
  const answer = await during(() => handler({ ...request, headers: Object.fromEntries(own) }))
  return { answer, cookies }
}

each<readonly [Outage, (name: HttpRouteName, kind: Kind) => boolean]>(
  'A fault turns an answer into 503 (health: 500), never into a session, a 401 or an unstored logout',
  [
    // The identity service is down: no route calls it, and the state is used until it is older than
    // GRACE_PERIOD.
    [(work) => work(), () => true],
    [(work) => later(1200, work), (name) => name === 'logout'],
    [(work) => whileTableFails(work), () => false],
    [(work) => whileTableFails(work, 'read'), (name, kind) => name === 'logout' && kind === 'warm'],
    [(work) => whileTableFails(work, 'write'), (name) => name !== 'logout' && name !== 'unit'],
  ],
)(async ([during, isServed]) => {
  clock.ahead = 2500
  for (const name of names)
    for (const kind of ['new', 'warm'] as const) {
      const where = `${name}, ${kind}`
      const { answer, cookies } = await answerOf(name, kind, during)
      const isGood = isServed(name, kind)
      const sets = set(answer).map((cookie) => cookie.name)
      equal(sets.includes('imidToken'), name === 'callback' && isGood, where)
      if (isGood) equal(answer.statusCode, good[name].status, where)
      else if (name === 'health') equal(answer.statusCode, 500)
      else deepEqual([answer.statusCode, answer.body], [503, '"errors.api.ServiceUnavailable"'], where)
      if (name === 'logout' && isGood)
        equal((await (await open('token-is-set'))({ cookies })).statusCode, 401, where)
    }
})
