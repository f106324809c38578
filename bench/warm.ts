import type { Context } from 'aws-lambda'
import { compactVerify, importJWK, type JWK } from 'jose'
import { wire } from '../functions/token-is-set/index.ts'
import { logTo } from '../lib/log.ts'
import { type Surroundings, surroundings } from '../lib/surroundings.ts'
import type { Table } from '../lib/table.ts'
import { median } from './figures.ts'
import type { World } from './world.ts'

/** Warm `token-is-set`: what the gateway adds, in processor time, to the one call of the database. */

const context = { awsRequestId: 'bench', getRemainingTimeInMillis: () => 5000 } as unknown as Context

/** A table that answers from memory what the real one answered: the database call without the database. */
const remembering = (table: Table): Table => {
  const known = new Map<string, ReturnType<Table['read']>>()
  return {
    ...table,
    read: (keys) => {
      const name = keys.join()
      const answer = known.get(name) ?? table.read(keys)
      known.set(name, answer)
      return answer
    },
  }
}

/** Processor time of one call in microseconds: the median of several stretches, all threads counted. */
const costOf = async (work: () => Promise<unknown>, calls: number): Promise<number> => {
  const stretches: number[] = []
  for (let stretch = 0; stretch < 9; stretch++) {
    const before = process.cpuUsage()
    for (let call = 0; call < calls; call++) await work()
    const { user, system } = process.cpuUsage(before)
    stretches.push((user + system) / calls)
  }
  return median(stretches.slice(2))
}

export type Warm = Readonly<{
  /** The whole handler with a token it has verified before, without the database call. */
  remembered: number
  /** The same with the memo of verified tokens emptied before each call. */
  forgotten: number
  /** jose alone: the signature of the same token, with an imported key. */
  jose: number
  /** The chain without a token: middy, policy, log line, refusal. */
  refused: number
}>

export const warmCosts = async (world: World, calls: number): Promise<Warm> => {
  // The unbundled SDK looks for its credentials and region here.
  Object.assign(process.env, world.environment)
  const on: Surroundings = { ...surroundings(world.environment), log: logTo('info', () => {}) }
  const table = remembering(on.table)
  const handler = wire({ ...on, table })
  const text = JSON.stringify(world.events['token-is-set'])
  const event = () => JSON.parse(text)
  const bare = { ...JSON.parse(text), cookies: [] }
  const { statusCode } = await handler(event(), context)
  if (statusCode !== 200) throw new Error(`token-is-set answered ${statusCode}`)
  const parsing = await costOf(async () => event(), calls)
  const remembered = await costOf(() => handler(event(), context), calls)
  const refused = await costOf(() => handler({ ...bare }, context), calls)

  const forgetting = wire({
    ...on,
    table,
    states: {
      ...on.states,
      remembered: (now, kid) => {
        const state = on.states.remembered(now, kid)
        // What was verified goes with the key set; what was imported stays.
        return state && { ...state, keys: { ...state.keys } }
      },
    },
  })
  const forgotten = await costOf(() => forgetting(event(), context), calls / 4)

  const { keys } = world.jwks as { keys: JWK[] }
  const { kid, alg } = JSON.parse(Buffer.from(world.token.split('.')[0] ?? '', 'base64url').toString())
  const key = await importJWK(keys.find((one) => one.kid === kid) ?? {}, alg)
  const jose = await costOf(() => compactVerify(world.token, key, { algorithms: [alg] }), calls / 4)
  return { remembered: remembered - parsing, forgotten: forgotten - parsing, jose, refused }
}

if (import.meta.main) {
  const { openWorld } = await import('./world.ts')
  const world = await openWorld()
  console.log(await warmCosts(world, Number(process.argv[2] ?? 2000)))
  world.close()
}
