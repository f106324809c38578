import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { AssetHashType, DockerImage, type FingerprintOptions } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import type { AssetOptions } from 'aws-cdk-lib/aws-s3-assets'
import { type BuildOptions, buildSync, type Metafile } from 'esbuild'
import { routes } from '../lib/routes.ts'
import { type Shift, shifted, writeMaps } from './source-maps.ts'

const root = join(import.meta.dirname, '..')

const slim = (file: string): string => join(root, 'infra', 'slim', file)

/**
 * Replacements for modules that make a cold start slower. For example, importing `node:http` reads all its
 * exports, including undici, which takes 20 ms. `test/bundles.test.ts` limits the sizes.
 */
const alias = {
  // Credentials are in three variables. The SDK's own provider chain is 136 kB.
  '@aws-sdk/credential-provider-node': join(root, 'lib', 'lambda', 'aws-credentials.ts'),
  '@aws-sdk/middleware-endpoint-discovery': slim('endpoint-discovery.ts'),
  '@aws/lambda-invoke-store': slim('invoke-store.ts'),
  '@smithy/core/config': slim('config.js'),
  '@smithy/core/event-streams': slim('event-streams.ts'),
  'node:fs': slim('fs.cjs'),
  'node:http': slim('http.cjs'),
  'node:process': slim('process.cjs'),
}

/**
 * Modules that functions load on demand, with `import('./<name>.ts')`. Each is a separate file of the asset.
 */
const onDemand = { texts: 'errors', 'public-suffix': 'refresh' } as const
const later = Object.keys(onDemand)

/** Options of esbuild for functions, without `entryPoints` and `outfile` or `outdir`. */
export const esbuildOptions = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  mainFields: ['module', 'main'],
  // The SDK is bundled: it loads faster than the runtime's copy, and its version is pinned.
  external: later.map((name) => `./${name}.ts`),
  alias,
  charset: 'utf8',
  legalComments: 'none',
} satisfies BuildOptions

/** The entry point of a function. */
export const entry = (route: string): string => join(root, 'functions', route, 'index.ts')

type Output = Metafile['outputs'][string]

/** A file of an asset, with its source map and esbuild's metadata. */
export type BundledFile = Readonly<{ name: string; text: string; map: string; output: Output }>

/** Replaces `.ts` by `.mjs` in the imports that esbuild leaves alone, and adjusts the source map. */
const asDeployed = (text: string, map: string): { text: string; map: string } => {
  const shifts: Shift[] = []
  const by = '.mjs'.length - '.ts'.length
  const deployed = text.replace(/\bimport\("\.\/([\w-]+)\.ts"\)/g, (whole, name: string, at: number) => {
    const before = text.slice(0, at + whole.length - 1).split('\n')
    shifts.push({ line: before.length - 1, column: before.at(-1)?.length ?? 0, by })
    return `import("./${name}.mjs")`
  })
  return { text: deployed, map: shifted(map, shifts) }
}

const bundledFiles = (): ReadonlyMap<string, BundledFile> => {
  const entryPoints = Object.fromEntries([
    ...Object.keys(routes).map((route) => [route, entry(route)]),
    ...Object.entries(onDemand).map(([name, folder]) => [name, join(root, 'lib', folder, `${name}.ts`)]),
  ])
  const { outputFiles, metafile } = buildSync({
    ...esbuildOptions,
    entryPoints,
    outdir: root,
    write: false,
    metafile: true,
    sourcemap: 'external',
    sourcesContent: false,
  })
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]))
  const texts = new Map(outputFiles.map(({ path, text }) => [basename(path), text]))
  return new Map(
    [...texts].flatMap(([file, text]) => {
      const output = outputs.get(file)
      const map = texts.get(`${file}.map`)
      const name = basename(file, '.js')
      return output && map ? [[name, { name: `${name}.mjs`, ...asDeployed(text, map), output }] as const] : []
    }),
  )
}

let bundled: ReturnType<typeof bundledFiles> | undefined

/** A bundled file. One run of esbuild bundles all functions, in a third of the time of separate runs. */
const fileOf = (name: string): BundledFile => {
  bundled ??= bundledFiles()
  const file = bundled.get(name)
  if (file === undefined) throw new TypeError(`There is no bundle ${name}.`)
  return file
}

/** The files of a function: `index.mjs`, and those that it loads on demand. */
export const filesOf = (route: string): readonly [index: BundledFile, ...later: BundledFile[]] => {
  const index = fileOf(route)
  const wanted = new Set(index.output.imports.map(({ path }) => path))
  return [{ ...index, name: 'index.mjs' }, ...later.filter((name) => wanted.has(`./${name}.ts`)).map(fileOf)]
}

/** Lambda does not run a function as the owner of its files, so everybody must be able to read them. */
const modes = { file: 0o644, folder: 0o755 }

/** Writes the files of a function and `files` into a folder, with the same modes under any umask. */
export const bundle = (route: string, outdir: string, files: Readonly<Record<string, string>> = {}): void => {
  mkdirSync(outdir, { recursive: true })
  chmodSync(outdir, modes.folder)
  const bundled = filesOf(route).map(({ name, text }) => [name, text] as const)
  for (const [name, text] of [...bundled, ...Object.entries(files)]) {
    const file = join(outdir, name)
    writeFileSync(file, text)
    chmodSync(file, modes.file)
  }
}

const noContainer = DockerImage.fromRegistry('never-pulled')

/**
 * The bundle as an asset, named by its content and modes. `NodejsFunction` would start `npx` for each
 * function, which makes a synth twice as long.
 */
export const code = (route: string, files: Readonly<Record<string, string>> = {}): Code => {
  const options: AssetOptions & FingerprintOptions = {
    assetHashType: AssetHashType.OUTPUT,
    // CDK hashes only content and keeps an uploaded asset of the same name, even one with wrong modes.
    extraHash: JSON.stringify(modes),
    bundling: {
      image: noContainer,
      local: {
        tryBundle: (outdir) => {
          bundle(route, outdir, files)
          writeMaps(dirname(outdir), route, filesOf(route))
          return true
        },
      },
    },
  }
  return Code.fromAsset(join(root, 'functions', route), options)
}
