import { build } from 'esbuild'
import { entry, esbuildOptions } from '../infra/bundling.ts'
import { type RouteName, routes } from '../lib/routes.ts'

/** What each bundle weighs, and what in it. Bytes decide a cold start: V8 reads them all. */

/** Where a file of a bundle comes from: its package, or the gateway itself. */
const origin = (file: string): string =>
  /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? 'imsg-service'

/** What an issue of ours counts as our own: the gateway, its verifier and its chain. */
const isOurs = (name: string): boolean =>
  name === 'imsg-service' || name === 'jose' || name.startsWith('@middy/')

export type BundleSize = Readonly<{
  bytes: number
  ours: number
  /** Largest first. */
  parts: readonly (readonly [origin: string, bytes: number])[]
}>

const sizeOf = async (name: RouteName): Promise<BundleSize> => {
  const { metafile } = await build({
    ...esbuildOptions,
    entryPoints: [entry(name)],
    outfile: 'index.mjs',
    metafile: true,
    write: false,
  })
  const [output] = Object.values(metafile.outputs)
  const sums = new Map<string, number>()
  for (const [file, { bytesInOutput }] of Object.entries(output?.inputs ?? {}))
    sums.set(origin(file), (sums.get(origin(file)) ?? 0) + bytesInOutput)
  const parts = [...sums].sort(([, a], [, b]) => b - a)
  return {
    bytes: output?.bytes ?? 0,
    ours: parts.filter(([name]) => isOurs(name)).reduce((sum, [, bytes]) => sum + bytes, 0),
    parts,
  }
}

export type Sizes = Readonly<Record<RouteName, BundleSize>>

export const bundleSizes = async (): Promise<Sizes> => {
  const names = Object.keys(routes) as RouteName[]
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await sizeOf(name)]))) as Sizes
}

type Budget = Readonly<{ bytes: number; ours: number; why?: string }>

/** What a function may weigh. */
export const budgetOf = (name: RouteName): Budget =>
  name === 'refresh-state'
    ? {
        bytes: 360_000,
        ours: 50_000,
        why: 'a second client, for the secret, and the public suffix list, 124 kB; it runs once a minute and nobody waits for it',
      }
    : { bytes: 225_000, ours: 66_000 }

/** Budgets that are broken, each with the parts that weigh most. */
export const overweight = (sizes: Sizes): string[] =>
  (Object.entries(sizes) as [RouteName, BundleSize][]).flatMap(([name, { bytes, ours, parts }]) => {
    const budget = budgetOf(name)
    const culprits = parts
      .slice(0, 6)
      .map(([part, weight]) => `${part} ${weight}`)
      .join(', ')
    return [
      ...(bytes > budget.bytes ? [`${name}: ${bytes} bytes, ${budget.bytes} allowed: ${culprits}`] : []),
      ...(ours > budget.ours
        ? [`${name}: ${ours} bytes of our own, ${budget.ours} allowed: ${culprits}`]
        : []),
    ]
  })
