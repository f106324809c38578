import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type BundlingOptions, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'

/** Where the repository is, so that synth does not depend on the directory it is started in. */
export const root = join(import.meta.dirname, '..')

/** The source of a function: route = folder. */
export const entry = (route: string): string => join(root, 'functions', route, 'index.ts')

// Functions get their credentials from three variables; the SDK's own chain (profiles, SSO, metadata) is 136 kB of start-up.
const slimCredentials = join(root, 'lib', 'credentials.ts')

/** How a function becomes one file, in esbuild's own words, for whoever bundles without CDK (bench, tests). */
export const esbuildOptions = {
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  mainFields: ['module', 'main'],
  outExtension: { '.js': '.mjs' },
  alias: existsSync(slimCredentials) ? { '@aws-sdk/credential-provider-node': slimCredentials } : {},
} as const satisfies Record<string, unknown> & { alias: Record<string, string> }

/** The same for CDK. Nothing is left external: our SDK is faster to load than the runtime's, and its version is ours. */
export const bundling: BundlingOptions = {
  minify: esbuildOptions.minify,
  format: OutputFormat.ESM,
  target: esbuildOptions.target,
  mainFields: [...esbuildOptions.mainFields],
  externalModules: [],
  esbuildArgs: Object.fromEntries(
    Object.entries(esbuildOptions.alias).map(([name, file]) => [`--alias:${name}`, file]),
  ),
}
