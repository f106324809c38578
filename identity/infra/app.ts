import { join } from 'node:path'
import { Validations } from 'aws-cdk-lib'
import { nag } from '../../infra/nag.ts'
import { announce } from '../../infra/terminal.ts'
import { ConfigError } from '../../lib/config.ts'
import { stackOf } from './stack.ts'

const { CDK_OUTDIR = join(import.meta.dirname, '..', 'cdk.out') } = process.env

try {
  announce('bundling the functions')
  const { app, stack } = await stackOf(process.env, CDK_OUTDIR)
  nag(app, stack)
  Validations.of(stack.node.findChild('client-secrets')).acknowledge({
    id: 'AwsSolutions-SMG4',
    reason: 'The secrets belong to the providers, which alone can change them.',
  })
  app.synth()
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
