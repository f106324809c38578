import { type BundledFile, filesOf } from '../infra/bundling.ts'
import { type RouteName, routes } from '../lib/routes.ts'

/** The size of each function. It decides a cold start, because V8 reads all of `index.mjs`. */

/** The package of a file in a bundle, or the gateway itself. */
const origin = (file: string): string =>
  /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? 'imsg-service'

/** Whether a package counts as our own: the gateway, jose and middy. */
const isOurs = (name: string): boolean =>
  name === 'imsg-service' || name === 'jose' || name.startsWith('@middy/')

export type BundleSize = Readonly<{
  /** `index.mjs`, which a cold start loads. */
  bytes: number
  /** The part of it that is our own. */
  ours: number
  /** Parts of every file of the asset, largest first. */
  parts: readonly (readonly [origin: string, bytes: number])[]
}>

const partsOf = (files: readonly BundledFile[]): BundleSize['parts'] => {
  const sums = new Map<string, number>()
  for (const { output } of files)
    for (const [file, { bytesInOutput }] of Object.entries(output.inputs))
      sums.set(origin(file), (sums.get(origin(file)) ?? 0) + bytesInOutput)
  return [...sums].sort(([, a], [, b]) => b - a)
}

const sizeOf = (name: RouteName): BundleSize => {
  const files = filesOf(name)
  const [index] = files
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, bytes) => total + bytes, 0)
  return {
    bytes: index.output.bytes,
    ours: sum(partsOf([index]).flatMap(([part, bytes]) => (isOurs(part) ? bytes : []))),
    parts: partsOf(files),
  }
}

export type Sizes = Readonly<Record<RouteName, BundleSize>>

export const bundleSizes = (): Sizes => {
  const names = Object.keys(routes) as RouteName[]
  return Object.fromEntries(names.map((name) => [name, sizeOf(name)])) as Sizes
}

/** Maximum bytes of `index.mjs`, SDK included. */
export const budget = 228_000

/** Maximum bytes of our own part: little more than today, so that growth is a decision. */
export const ownBudgets: Readonly<Record<RouteName, number>> = {
  login: 45_000,
  'org-login': 45_000,
  callback: 64_500,
  authorize: 67_500,
  'token-is-set': 61_000,
  units: 63_500,
  unit: 63_500,
  logout: 64_000,
  'login-failed': 44_500,
  'not-found': 42_500,
  health: 42_500,
  'refresh-state': 55_000,
}

/** Exceeded budgets, each with the largest parts. */
export const overweight = (sizes: Sizes): string[] =>
  (Object.entries(sizes) as [RouteName, BundleSize][]).flatMap(([name, { bytes, ours, parts }]) => {
    const own = ownBudgets[name]
    const culprits = parts
      .slice(0, 6)
      .map(([part, weight]) => `${part} ${weight}`)
      .join(', ')
    return [
      ...(bytes > budget ? [`${name}: ${bytes} bytes, ${budget} allowed: ${culprits}`] : []),
      ...(ours > own ? [`${name}: ${ours} bytes of our own, ${own} allowed: ${culprits}`] : []),
    ]
  })
