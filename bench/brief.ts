import { type Cold, coldStarts } from './cold.ts'
import { published } from './publish.ts'
import { bundleSizes, overweight } from './sizes.ts'
import { type Warm, warmCosts } from './warm.ts'
import { openWorld } from './world.ts'

/**
 * `npm run bench -- brief`, for CI: fails when a bundle is larger than its budget or a ratio more than half
 * above the published one. Times are not compared.
 */

const tolerance = 1.5

const ratiosOf = (cold: Cold, { remembered, forgotten, jose }: Warm): Record<string, number> => ({
  ...Object.fromEntries(Object.entries(cold).map(([name, ratio]) => [`cold ${name} / bare handler`, ratio])),
  'warm, token verified before / jose': remembered / jose,
  'warm, new token / jose': forgotten / jose,
})

const world = await openWorld()
const now = ratiosOf(await coldStarts(world, 3), await warmCosts(world, 4000))
world.close()
const last = published()
const before = ratiosOf(last.cold, last.warm)

console.table(
  Object.fromEntries(
    Object.entries(now).map(([name, ratio]) => [
      name,
      { now: ratio.toFixed(2), published: before[name]?.toFixed(2) ?? 'none' },
    ]),
  ),
)
// A new route has no published ratio until `npm run bench` writes one.
const slower = Object.entries(now).filter(
  ([name, ratio]) => before[name] !== undefined && ratio > before[name] * tolerance,
)
const problems = [
  ...overweight(bundleSizes()),
  ...slower.map(([name, ratio]) => `${name}: ${ratio.toFixed(2)}, published ${before[name]?.toFixed(2)}`),
]
for (const problem of problems) process.stderr.write(`${problem}\n`)
process.exitCode = problems.length > 0 ? 1 : 0
