import { chmodSync, copyFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { esbuildOptions } from '../../infra/bundling.ts'
import { routes } from '../routes.ts'

/** The bundles of this service, made like the gateway's, each with the organisations file beside it. */

const root = join(import.meta.dirname, '..', '..')

/** The names of the functions: their files and their constructs. */
export const functionNames = [...new Set(Object.values(routes).map((row) => row.function))]

/** The file beside a bundle, by which `ORGANISATIONS` names it there. */
export const organisationsName = 'organisations.json'

/** Resolves what the SDK clients share from one place, so that a bundle contains it once. */
const oneSdk: Plugin = {
  name: 'one SDK',
  setup: ({ onResolve, resolve }) => {
    onResolve({ filter: /^@(smithy|aws-sdk|aws)\// }, async ({ path, importer, kind, pluginData }) => {
      const shared = importer.startsWith(join(root, 'identity', 'node_modules'))
      if (!shared || pluginData === oneSdk.name) return undefined
      return resolve(path, { resolveDir: dirname(join(root, 'package.json')), kind, pluginData: oneSdk.name })
    })
  },
}

/** Writes each bundle into a folder of its own under `outdir`. Resolves to the size of each in bytes. */
export const bundleAll = async (
  outdir: string,
  organisationsFile: string,
): Promise<ReadonlyMap<string, number>> => {
  const { splitting: _, external: __, ...options } = { splitting: false, ...esbuildOptions }
  const sizes = new Map<string, number>()
  for (const name of functionNames) {
    const outfile = join(outdir, name, 'index.mjs')
    mkdirSync(dirname(outfile), { recursive: true })
    const { metafile } = await build({
      ...options,
      entryPoints: [join(root, 'identity', 'functions', `${name}.ts`)],
      outfile,
      plugins: [oneSdk],
      metafile: true,
      logLevel: 'warning',
    })
    const file = join(outdir, name, organisationsName)
    copyFileSync(organisationsFile, file)
    // Lambda runs a function as another user than the owner of its files, so the umask must not matter.
    chmodSync(dirname(outfile), 0o755)
    for (const each of [outfile, file]) chmodSync(each, 0o644)
    sizes.set(name, Object.values(metafile.outputs)[0]?.bytes ?? 0)
  }
  return sizes
}
