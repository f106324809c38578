import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from '../infra/bundling.ts'
import { type RouteName, routes } from '../lib/routes.ts'
import { median, turned } from './figures.ts'
import { openRuntimeApi, type Run } from './runtime-api.ts'
import type { World } from './world.ts'

/**
 * Cold start: a fresh process to its first answered request, through the Runtime API, beside a handler that
 * does nothing.
 */

const bare = 'export const handler = async () => ({ statusCode: 200 })\n'

/** The functions as they are deployed, each in a folder of its own, and the bare handler. */
export const bundles = (names: readonly RouteName[]): ReadonlyMap<RouteName | 'bare', string> => {
  const root = mkdtempSync(join(tmpdir(), 'imsg-bench-'))
  const folder = (name: string) => join(root, name)
  mkdirSync(folder('bare'), { recursive: true })
  writeFileSync(join(folder('bare'), 'index.mjs'), bare)
  for (const name of names) bundle(name, folder(name))
  return new Map([...names, 'bare' as const].map((name) => [name, folder(name)]))
}

const names = Object.keys(routes) as RouteName[]

/** The status of an endpoint that answers nothing but refusals. */
const refusals: Readonly<Record<string, number>> = { 'login-failed': 401, 'not-found': 404 }

/** Whether a run did what its route is for: a benchmark of other refusals would be a fast one. */
const succeeded = (name: string, answer: string): boolean => {
  const { statusCode, outcome } = JSON.parse(answer)
  if (name === 'refresh-state') return outcome === 'unchanged'
  return refusals[name] === undefined ? statusCode < 400 : statusCode === refusals[name]
}

export type Cold = Readonly<
  Record<
    string,
    {
      loaded: number
      first: number
      /**
       * Times the bare handler: the median of the ratios within each round, by the clock and by processor
       * time.
       */
      firstRatio: number
      cpu: number
      cpuRatio: number
      megabytes: number
    }
  >
>

/**
 * Medians over so many rounds; in each round every function and the bare handler start once, so that a busy
 * minute hits all alike.
 */
export const coldStarts = async (
  world: World,
  rounds: number,
  only: readonly RouteName[] = names,
): Promise<Cold> => {
  const folders = bundles(only)
  const api = await openRuntimeApi()
  const runs = new Map<string, Run[]>()
  for (let round = 0; round < rounds; round++)
    for (const [name, folder] of turned([...folders], round)) {
      const event = name === 'bare' ? world.events.health : world.events[name]
      const run = await api.run({ folder, environment: world.environment, events: [event] })
      if (!succeeded(name, run.answers[0] ?? '{}')) throw new Error(`${name}: ${run.answers[0]}`)
      runs.set(name, [...(runs.get(name) ?? []), run])
    }
  api.close()
  const floor = runs.get('bare') ?? []
  const answeredIn = (run: Run | undefined): number => run?.answered[0] ?? Number.NaN
  return Object.fromEntries(
    [...runs].map(([name, all]) => [
      name,
      {
        loaded: median(all.map(({ loaded }) => loaded)),
        first: median(all.map(answeredIn)),
        firstRatio: median(all.map((run, round) => answeredIn(run) / answeredIn(floor[round]))),
        cpu: median(all.map(({ cpu }) => cpu)),
        cpuRatio: median(all.map(({ cpu }, round) => cpu / (floor[round]?.cpu ?? Number.NaN))),
        megabytes: median(all.map(({ megabytes }) => megabytes)),
      },
    ]),
  )
}

if (import.meta.main) {
  const { openWorld } = await import('./world.ts')
  const world = await openWorld()
  const [rounds = '5', ...only] = process.argv.slice(2)
  const figures = await coldStarts(world, Number(rounds), only.length > 0 ? (only as RouteName[]) : names)
  console.table(figures)
  world.close()
}
