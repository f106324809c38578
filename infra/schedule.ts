import { Duration } from 'aws-cdk-lib'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'

/**
 * Runs a function by the clock. A run that failed is not repeated: the next one is due before a repetition
 * would be.
 */
export const schedule = (scope: Construct, name: string, every: string, handler: IFunction): Rule =>
  new Rule(scope, `${name}-schedule`, {
    schedule: Schedule.expression(`rate(${every})`),
    targets: [new LambdaFunction(handler, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
  })
