import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from '../infra/bundling.ts'
import { type RouteName, routes } from '../lib/routes.ts'
import { median, rotated } from './figures.ts'
import { openRuntimeApi } from './runtime-api.ts'
import type { World } from './world.ts'

/** Cold starts: new processes up to their first response, compared with a handler that does nothing. */

const bare = 'export const handler = async () => ({ statusCode: 200 })\n'

/** Writes the bundles of these functions and the bare handler, and returns their folders. */
export const bundles = (names: readonly RouteName[]): ReadonlyMap<RouteName | 'bare', string> => {
  const root = mkdtempSync(join(tmpdir(), 'imsg-bench-'))
  const folder = (name: string) => join(root, name)
  mkdirSync(folder('bare'), { recursive: true })
  writeFileSync(join(folder('bare'), 'index.mjs'), bare)
  for (const name of names) bundle(name, folder(name))
  return new Map([...names, 'bare' as const].map((name) => [name, folder(name)]))
}

/** The status of routes that only refuse. */
const refusals: Readonly<Record<string, number>> = { 'login-failed': 401, 'not-found': 404 }

/** Whether a function did its work. A refusal would be faster. */
const succeeded = (name: string, answer: string): boolean => {
  const { statusCode, outcome } = JSON.parse(answer)
  if (name === 'refresh-state') return outcome === 'unchanged'
  return refusals[name] === undefined ? statusCode < 400 : statusCode === refusals[name]
}

/** Processor time of each function's cold start relative to the bare handler's. */
export type Cold = Readonly<Record<string, number>>

/** The median over `rounds`. Each round starts every function once, so that load affects all of them. */
export const coldStarts = async (world: World, rounds: number): Promise<Cold> => {
  const folders = bundles(Object.keys(routes) as RouteName[])
  const api = await openRuntimeApi()
  const times = new Map<string, number[]>()
  for (let round = 0; round < rounds; round++)
    for (const [name, folder] of rotated([...folders], round)) {
      const event = name === 'bare' ? world.events.health : world.events[name]
      const { answers, cpu } = await api.run({ folder, environment: world.environment, events: [event] })
      if (!succeeded(name, answers[0] ?? '{}')) throw new Error(`${name}: ${answers[0]}`)
      times.set(name, [...(times.get(name) ?? []), cpu])
    }
  api.close()
  const floor = times.get('bare') ?? []
  return Object.fromEntries(
    [...times].map(([name, all]) => [
      name,
      median(all.map((cpu, round) => cpu / (floor[round] ?? Number.NaN))),
    ]),
  )
}
