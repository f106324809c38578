import { Stack } from 'aws-cdk-lib'
import { FilterPattern, type LogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'

/**
 * THE metrics that CloudWatch counts in the access log: what browsers were answered, whether or not a
 * function ran, crashed or was throttled. API Gateway's own metrics by route would cost about $18 a month for
 * ten busy routes; these exist only in hours with such answers.
 */
export const accessLogMetrics = {
  ServerErrors: { status: '5*', dimensions: { Route: '$.route' } },
  TooManyRequests: { status: '429' },
} as const satisfies Record<string, { status: string; dimensions?: Record<string, `$.${string}`> }>

/** Counts every row in this log group, in the namespace of the deployment. */
export const countInAccessLog = (scope: Construct, logGroup: LogGroup): void => {
  for (const [metricName, { status, ...more }] of Object.entries(accessLogMetrics))
    new MetricFilter(scope, `${metricName}-filter`, {
      logGroup,
      filterPattern: FilterPattern.stringValue('$.status', '=', status),
      metricNamespace: Stack.of(scope).stackName,
      metricName,
      metricValue: '1',
      ...more,
    })
}
