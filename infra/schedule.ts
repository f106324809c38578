import { Duration } from 'aws-cdk-lib'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'

/** Runs a function on a schedule. A failed run is not repeated, because the next one follows soon. */
export const schedule = (scope: Construct, name: string, every: string, handler: IFunction): Rule =>
  new Rule(scope, `${name}-schedule`, {
    schedule: Schedule.expression(`rate(${every})`),
    targets: [new LambdaFunction(handler, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
  })
