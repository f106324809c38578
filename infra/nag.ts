import { type Stack, type Stage, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag'

type Exception = { id: string; reason: string; on?: string }

const nextRun =
  'What failed is not worth keeping: the next refresh is a minute away, and alarms tell of both.'
const noTraces =
  'Traces keep addresses, and the address of /callback holds a token; they would also need rights on every resource.'

/** Accepted findings with their reasons. `on`: the only construct that it is for. */
export const exceptions: readonly Exception[] = [
  {
    id: 'AwsSolutions-APIG4',
    reason: 'Routes judge tokens themselves: this service is what signs people in.',
  },
  {
    id: 'AwsSolutions-SMG4',
    on: 'credentials',
    reason: 'The credentials belong to the Access Token service, which alone can change them.',
  },
  { id: 'Serverless-LambdaTracing', reason: noTraces },
  { id: 'Serverless-LambdaDLQ', reason: nextRun },
  { id: 'Serverless-LambdaAsyncFailureDestination', reason: nextRun },
  { id: 'Serverless-EventBusDLQ', reason: nextRun },
  {
    id: 'Serverless-SNSRedrivePolicy',
    reason: 'A mailbox has no queue behind it, and CloudWatch keeps the alarm.',
  },
]

/** Checks the app against both rule packs. Synth fails on any other finding. */
export const nag = (app: Stage, stack: Stack): void => {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app))
  for (const { id, on, reason } of exceptions) {
    const scope = on ? stack.node.tryFindChild(on) : stack
    if (scope) Validations.of(scope).acknowledge({ id, reason })
  }
}
