import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { AssetHashType, DockerImage } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import { type BuildOptions, buildSync } from 'esbuild'
import { routes } from '../lib/routes.ts'

const root = join(import.meta.dirname, '..')

const slim = (file: string): string => join(root, 'infra', 'slim', file)

/**
 * What a bundle has in the place of what it names. `docs/performance.md` says what each is worth. An `import` of a module of Node reads
 * all its exports, the lazy ones too: of `node:http` that is undici, 20 ms of a cold start, where a function wants `request`.
 */
const alias = {
  // Functions get their credentials from three variables; the SDK's own chain (profiles, SSO, metadata) is 136 kB.
  '@aws-sdk/credential-provider-node': join(root, 'lib', 'credentials.ts'),
  '@aws-sdk/middleware-endpoint-discovery': slim('endpoint-discovery.ts'),
  '@aws/lambda-invoke-store': slim('invoke-store.ts'),
  '@smithy/core/config': slim('config.js'),
  '@smithy/core/event-streams': slim('event-streams.ts'),
  'node:fs': slim('fs.cjs'),
  'node:http': slim('http.cjs'),
  'node:process': slim('process.cjs'),
}

/** How a function becomes one file, for CDK and for whoever else bundles: add `entryPoints` and `outfile` or `outdir`. */
export const esbuildOptions = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  mainFields: ['module', 'main'],
  // The SDK goes in: it loads faster than the copy that the runtime brings, and its version is ours.
  external: [],
  alias,
  charset: 'utf8',
  legalComments: 'none',
} satisfies BuildOptions

/** The source of a function: route = folder. */
export const entry = (route: string): string => join(root, 'functions', route, 'index.ts')

let bundles: ReadonlyMap<string, Uint8Array> | undefined

/** All functions in one run of esbuild: what they share is read and parsed once, which takes a third of the time of nine runs. */
const allBundles = (): ReadonlyMap<string, Uint8Array> => {
  const entryPoints = Object.fromEntries(Object.keys(routes).map((route) => [route, entry(route)]))
  const { outputFiles } = buildSync({ ...esbuildOptions, entryPoints, outdir: root, write: false })
  return new Map(outputFiles.map(({ path, contents }) => [basename(path, '.js'), contents]))
}

/** Puts the bundle of a function into a folder, as `index.mjs`. */
export const bundle = (route: string, outdir: string): void => {
  bundles ??= allBundles()
  const contents = bundles.get(route)
  if (contents === undefined) throw new TypeError(`There is no function ${route}.`)
  mkdirSync(outdir, { recursive: true })
  writeFileSync(join(outdir, 'index.mjs'), contents)
}

const noContainer = DockerImage.fromRegistry('never-pulled')

/**
 * The bundle as an asset, named by its content. esbuild runs in this process: `NodejsFunction` does the same by starting `npx`
 * for each function, which makes a synth of nine functions twice as long.
 */
export const code = (route: string): Code =>
  Code.fromAsset(join(root, 'functions', route), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: noContainer,
      local: {
        tryBundle: (outdir) => {
          bundle(route, outdir)
          return true
        },
      },
    },
  })
