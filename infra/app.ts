import { App } from 'aws-cdk-lib'
import cdk from '../cdk.json' with { type: 'json' }
import { ConfigError } from '../lib/config.ts'
import { readDeployment } from './settings.ts'
import { ImsgService } from './stack.ts'

const { CDK_OUTDIR = cdk.output } = process.env

// The CDK CLI brings all of this itself; given here too, plain `node infra/app.ts` makes the same template.
const context = { ...cdk.context, 'aws:cdk:enable-asset-metadata': true }

try {
  const app = new App({ outdir: CDK_OUTDIR, context })
  const deployment = readDeployment(process.env, app.node.getAllContext())
  new ImsgService(app, ['imsg-service', deployment.stage].filter(Boolean).join('-'), deployment)
  app.synth()
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
