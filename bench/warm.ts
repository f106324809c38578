import type { Context } from 'aws-lambda'
import { compactVerify, importJWK, type JWK } from 'jose'
import { wire } from '../functions/token-is-set/index.ts'
import { type Dependencies, dependencies } from '../lib/lambda/dependencies.ts'
import { logTo } from '../lib/log.ts'
import type { Table } from '../lib/store/table.ts'
import { standInAt } from '../test/support/services.ts'
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

type Work = Readonly<{ work: () => Promise<unknown>; calls: number }>

/**
 * Processor time of one call in microseconds, all threads counted: the median of several stretches, all works
 * in each round.
 */
const costsOf = async <T extends string>(works: Readonly<Record<T, Work>>): Promise<Record<T, number>> => {
  const rows = (Object.entries(works) as [T, Work][]).map(([name, work]) => ({
    name,
    ...work,
    stretches: [] as number[],
  }))
  for (let round = 0; round < 11; round++)
    for (const { work, calls, stretches } of rows) {
      const before = process.cpuUsage()
      for (let call = 0; call < calls; call++) await work()
      const { user, system } = process.cpuUsage(before)
      // The first rounds are for the compiler.
      if (round > 1) stretches.push((user + system) / calls)
    }
  return Object.fromEntries(rows.map(({ name, stretches }) => [name, median(stretches)])) as Record<T, number>
}

const moreThanRemembered = 600

/** The same event with tokens of their own. */
const strangers = async ({ token, environment }: World, text: string): Promise<string[]> => {
  const { token: issue } = standInAt(environment.IMAS_URL)
  const events: string[] = []
  for (let number = 0; number < moreThanRemembered; number++)
    events.push(text.replace(token, await issue({ jti: `stranger ${number}` })))
  return events
}

export type Warm = Readonly<{
  /** The whole handler with a token it has verified before, without the database call. */
  remembered: number
  /** The same with a token that it has not verified before, or no longer knows. */
  forgotten: number
  /** jose, and then the whole handler with a token it has verified before: what a thread in between costs. */
  together: number
  /** jose alone: the signature of the same token, with an imported key. */
  jose: number
  /** The chain without a token: middy, policy, log line, refusal. */
  refused: number
}>

export const warmCosts = async (world: World, calls: number): Promise<Warm> => {
  // The unbundled SDK looks for its credentials and region here.
  Object.assign(process.env, world.environment)
  const on: Dependencies = { ...dependencies(world.environment), log: logTo('info', () => {}) }
  const table = remembering(on.table)
  const handler = wire({ ...on, table })
  const text = JSON.stringify(world.events['token-is-set'])
  const event = () => JSON.parse(text)
  const bare = { ...JSON.parse(text), cookies: [] }
  const { statusCode } = await handler(event(), context)
  if (statusCode !== 200) throw new Error(`token-is-set answered ${statusCode}`)

  // More tokens than are remembered, one after the other: each has been forgotten when its turn comes again.
  const texts = await strangers(world, text)
  let turn = 0
  const stranger = () => handler(JSON.parse(texts[turn++ % texts.length] ?? ''), context)

  const { keys } = world.jwks as { keys: JWK[] }
  const { kid, alg } = JSON.parse(Buffer.from(world.token.split('.')[0] ?? '', 'base64url').toString())
  const key = await importJWK(keys.find((one) => one.kid === kid) ?? {}, alg)
  const jose = () => compactVerify(world.token, key, { algorithms: [alg] })
  const { parsing, ...costs } = await costsOf({
    parsing: { work: async () => event(), calls },
    remembered: { work: () => handler(event(), context), calls },
    refused: { work: () => handler({ ...bare }, context), calls },
    forgotten: { work: stranger, calls: texts.length },
    jose: { work: jose, calls: texts.length },
    together: { work: () => jose().then(() => handler(event(), context)), calls: texts.length },
  })
  return {
    ...costs,
    remembered: costs.remembered - parsing,
    forgotten: costs.forgotten - parsing,
    together: costs.together - parsing,
  }
}

if (import.meta.main) {
  const { openWorld } = await import('./world.ts')
  const world = await openWorld()
  console.log(await warmCosts(world, Number(process.argv[2] ?? 2000)))
  world.close()
}
