import { compactVerify, importJWK, type JWK } from 'jose'
import { wire } from '../functions/token-is-set/index.ts'
import { type Dependencies, dependencies } from '../lib/lambda/dependencies.ts'
import { logTo } from '../lib/log.ts'
import { contextFor, standInAt } from '../test/support/services.ts'
import { median } from './figures.ts'
import { remembering, type World } from './world.ts'

/** Processor time of a warm `token-is-set` without its database call. */

const context = contextFor(60_000)

type Work = Readonly<{ work: () => Promise<unknown>; calls: number }>

/** Processor time of one call of each work, in microseconds over all threads: the median of nine rounds. */
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
      // The first two rounds are for the compiler.
      if (round > 1) stretches.push((user + system) / calls)
    }
  return Object.fromEntries(rows.map(({ name, stretches }) => [name, median(stretches)])) as Record<T, number>
}

/** More tokens than the gateway caches. */
const manyTokens = 600

/** The same event with different tokens. */
const strangers = async ({ token, environment }: World, text: string): Promise<string[]> => {
  const { token: issue } = standInAt(environment.IMAS_URL)
  const events: string[] = []
  for (let number = 0; number < manyTokens; number++)
    events.push(text.replace(token, await issue({ jti: `stranger ${number}` })))
  return events
}

export type Warm = Readonly<{
  /** The handler with a token that it has verified before. */
  remembered: number
  /** The handler with a token that is not in its cache. */
  forgotten: number
  /** jose alone: verifying the signature with an imported key. */
  jose: number
  /** The handler without a token. */
  refused: number
}>

export const warmCosts = async (world: World, calls: number): Promise<Warm> => {
  // The unbundled SDK reads its credentials and region here.
  Object.assign(process.env, world.environment)
  const on: Dependencies = { ...dependencies(world.environment), log: logTo('info', () => {}) }
  const handler = wire({ ...on, table: remembering(on.table) })
  const text = JSON.stringify(world.events['token-is-set'])
  const event = () => JSON.parse(text)
  const bare = { ...JSON.parse(text), cookies: [] }
  const { statusCode } = await handler(event(), context)
  if (statusCode !== 200) throw new Error(`token-is-set answered ${statusCode}`)

  // Each token has left the cache before it is used again.
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
  })
  return {
    ...costs,
    remembered: costs.remembered - parsing,
    forgotten: costs.forgotten - parsing,
  }
}
