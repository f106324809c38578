import { join } from 'node:path'
import { App, Validations } from 'aws-cdk-lib'
import cdk from '../../cdk.json' with { type: 'json' }
import { nag } from '../../infra/nag.ts'
import { ConfigError } from '../../lib/config.ts'
import { bundleAll } from './bundling.ts'
import { readDeployment } from './settings.ts'
import { ImsgIdentity } from './stack.ts'

const { CDK_OUTDIR = join(import.meta.dirname, '..', 'cdk.out') } = process.env

const context = {
  ...cdk.context,
  'aws:cdk:enable-asset-metadata': true,
  'aws:cdk:enable-path-metadata': true,
}

try {
  const deployment = readDeployment(process.env)
  const bundles = join(CDK_OUTDIR, '..', `${CDK_OUTDIR.split(/[\\/]/).at(-1)}-bundles`)
  await bundleAll(bundles, deployment.settings.organisationsFile)
  const app = new App({ outdir: CDK_OUTDIR, context })
  const id = ['ImsgIdentity', deployment.stage].filter(Boolean).join('-')
  const stack = new ImsgIdentity(app, id, { deployment, bundles })
  nag(app, stack)
  for (const secret of [stack.node.tryFindChild('client-secrets')])
    if (secret)
      Validations.of(secret).acknowledge({
        id: 'AwsSolutions-SMG4',
        reason: 'The secrets belong to the providers, which alone can change them.',
      })
  app.synth()
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
