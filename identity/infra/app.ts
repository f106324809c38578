import { join } from 'node:path'
import { App, Validations } from 'aws-cdk-lib'
import cdk from '../../cdk.json' with { type: 'json' }
import { begins } from '../../infra/terminal.ts'
import { ConfigError } from '../../lib/config.ts'
import { bundleAll } from './bundling.ts'
import { readDeployment } from './settings.ts'
import { ImsgIdentity } from './stack.ts'

// The CDK CLI brings all of this itself; given here too, plain Node makes the same template.
const context = {
  ...cdk.context,
  'aws:cdk:enable-asset-metadata': true,
  'aws:cdk:enable-path-metadata': true,
}

/**
 * The stack of these settings in an app that synthesises into `outdir`. Its bundles go beside that folder.
 * Throws `ConfigError`.
 */
export const stackOf = async (
  env: Readonly<Record<string, string | undefined>>,
  outdir: string,
): Promise<Readonly<{ app: App; stack: ImsgIdentity }>> => {
  const deployment = readDeployment(env)
  const bundles = `${outdir}-bundles`
  await bundleAll(bundles, deployment.settings.organisationsFile)
  const app = new App({ outdir, context })
  const id = ['ImsgIdentity', deployment.stage].filter(Boolean).join('-')
  return { app, stack: new ImsgIdentity(app, id, { deployment, bundles }) }
}

const synthesise = async ({ CDK_OUTDIR = join(import.meta.dirname, '..', 'cdk.out') } = process.env) => {
  begins('bundling the functions')
  const { app, stack } = await stackOf(process.env, CDK_OUTDIR)
  const { nag } = await import('../../infra/nag.ts')
  nag(app, stack)
  Validations.of(stack.node.findChild('client-secrets')).acknowledge({
    id: 'AwsSolutions-SMG4',
    reason: 'The secrets belong to the providers, which alone can change them.',
  })
  app.synth()
}

if (import.meta.main)
  await synthesise().catch((error: unknown) => {
    if (!(error instanceof ConfigError)) throw error
    console.error(error.message)
    process.exitCode = 1
  })
