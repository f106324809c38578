import { App, Validations } from 'aws-cdk-lib'
import cdk from '../cdk.json' with { type: 'json' }
import { ConfigError } from '../lib/config.ts'
import { nag } from './nag.ts'
import { advice, readDeployment, weakenings, withProblems } from './settings.ts'
import { settingsFrom } from './settings-source.ts'
import { ImsgService } from './stack.ts'

const { CDK_OUTDIR = cdk.output, SETTINGS_FILE } = process.env

// The CDK CLI sets all of this itself. Here it lets plain `node infra/app.ts` produce the same template.
const context = {
  ...cdk.context,
  'aws:cdk:enable-asset-metadata': true,
  'aws:cdk:enable-path-metadata': true,
}

try {
  const app = new App({ outdir: CDK_OUTDIR, context })
  const source = settingsFrom(SETTINGS_FILE, process.env, app.node.getAllContext())
  const deployment = withProblems(source.problems, () => readDeployment(source.texts))
  const stack = new ImsgService(app, ['imsg-service', deployment.stage].filter(Boolean).join('-'), deployment)
  for (const [number, text] of [...source.warnings, ...weakenings(deployment)].entries())
    Validations.of(stack).addWarning(`imsg-service:weakened-${number}`, text)
  nag(app, stack)
  app.synth()
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  console.error(`${error.message}\n${advice}`)
  process.exitCode = 1
}
