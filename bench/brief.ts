import { type Cold, coldStarts } from './cold.ts'
import { published } from './publish.ts'
import { bundleSizes, overweight } from './sizes.ts'
import { type Warm, warmCosts } from './warm.ts'
import { openWorld } from './world.ts'

/**
 * `npm run bench -- brief`, for CI: sizes hold, and no ratio is half as much again as the published one.
 * Seconds are never judged.
 */

const last = published()
const tolerance = 1.5

const coldRatios = ({ bare: _bare, ...functions }: Cold): Record<string, number> =>
  Object.fromEntries(
    Object.entries(functions).map(([name, { cpuRatio }]) => [`cold ${name} / bare handler`, cpuRatio]),
  )

const warmRatios = ({ remembered, forgotten, jose }: Warm): Record<string, number> => ({
  'warm, token seen before / jose': remembered / jose,
  'warm, token never seen / jose': forgotten / jose,
})

const world = await openWorld()
const found = { ...coldRatios(await coldStarts(world, 3)), ...warmRatios(await warmCosts(world, 4000)) }
world.close()
const before: Record<string, number> = { ...coldRatios(last.cold), ...warmRatios(last.warm) }

// A new endpoint has no published ratio until `npm run bench` writes one.
const slower = Object.entries(found).filter(
  ([name, ratio]) => before[name] !== undefined && ratio > before[name] * tolerance,
)
console.table(
  Object.fromEntries(
    Object.entries(found).map(([name, ratio]) => [
      name,
      {
        now: Number(ratio.toFixed(2)),
        published: before[name] === undefined ? 'none' : Number(before[name].toFixed(2)),
      },
    ]),
  ),
)
const problems = [
  ...overweight(bundleSizes()),
  ...slower.map(([name, ratio]) => `${name}: ${ratio.toFixed(2)}, published ${before[name]?.toFixed(2)}`),
]
for (const problem of problems) process.stderr.write(`${problem}\n`)
process.exitCode = problems.length > 0 ? 1 : 0
