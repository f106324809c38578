import { type Stack, type Stage, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag'

type Exception = { id: string; reason: string; on?: string }

const nextRun =
  'A failed run is not repeated: the next one starts within a minute, and alarms report failures.'
const noTraces =
  'Traces store URLs, and that of /callback contains a token; they also need permissions on every resource.'

/** Accepted findings with their reasons. `on`: the only construct that it is for. */
export const exceptions: readonly Exception[] = [
  {
    id: 'AwsSolutions-APIG4',
    reason: 'Functions check tokens themselves: this service signs people in.',
  },
  {
    id: 'AwsSolutions-SMG4',
    on: 'credentials',
    reason: 'Only the Access Token service can change these credentials.',
  },
  { id: 'Serverless-LambdaTracing', reason: noTraces },
  { id: 'Serverless-LambdaDLQ', reason: nextRun },
  { id: 'Serverless-LambdaAsyncFailureDestination', reason: nextRun },
  { id: 'Serverless-EventBusDLQ', reason: nextRun },
  {
    id: 'Serverless-SNSRedrivePolicy',
    reason: 'The subscriber is a mailbox, and CloudWatch keeps the state of the alarm.',
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
