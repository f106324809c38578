import { App } from 'aws-cdk-lib'
import cdk from '../../cdk.json' with { type: 'json' }
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
