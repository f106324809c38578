import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AssetHashType, DockerImage } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import { type BuildOptions, buildSync } from 'esbuild'

const root = join(import.meta.dirname, '..')

// Functions get their credentials from three variables; the SDK's own chain (profiles, SSO, metadata) is 136 kB of start-up.
const slimCredentials = join(root, 'lib', 'credentials.ts')

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
  alias: existsSync(slimCredentials) ? { '@aws-sdk/credential-provider-node': slimCredentials } : {},
} satisfies BuildOptions

/** The source of a function: route = folder. */
export const entry = (route: string): string => join(root, 'functions', route, 'index.ts')

/** One line of esbuild, and the file `index.mjs` is there. */
export const bundle = (route: string, outdir: string): void => {
  buildSync({ ...esbuildOptions, entryPoints: [entry(route)], outfile: join(outdir, 'index.mjs') })
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
