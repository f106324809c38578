import { Stack } from 'aws-cdk-lib'
import { FilterPattern, type LogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'

/**
 * Metrics that CloudWatch counts in the access log, which includes requests that no function answered. API
 * Gateway's own metrics per route would cost about $18 a month for ten busy routes.
 */
export const accessLogMetrics = {
  ServerErrors: { status: '5*', dimensions: { Route: '$.route' } },
  TooManyRequests: { status: '429' },
} as const satisfies Record<string, { status: string; dimensions?: Record<string, `$.${string}`> }>

/** Adds a metric filter for each row to this log group. */
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
