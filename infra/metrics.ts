import { Duration, Stack } from 'aws-cdk-lib'
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2'
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { Operation } from 'aws-cdk-lib/aws-dynamodb'
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda'
import type { Table } from './table.ts'

/** THE metrics that functions emit in their log lines, without dimensions; those of a refusal also by `Code`. */
export const emitted = {
  InGrace: 'refresh-state: 1 while the last good state serves because no fresh one can be had, else 0',
  StateAge: 'refresh-state: seconds since the state was last known to be current',
  RefreshSucceeded: 'refresh-state: 1 when this run found or wrote a current state, else 0',
  RefreshFailed: 'refresh-state: 1 when this run did not, else 0',
  OrganisationsKeptBack:
    'refresh-state: organisations that keep their last good data, as new ones cannot be had or used',
  ListShrunk:
    'refresh-state: 1 when so many organisations are missing at once that the list is not believed, else 0',
  LoginStarted: 'login, org-login: a browser was sent to the identity service',
  LoginReturned: 'callback: a browser came back from there',
  LoginVerified: 'callback: its token holds, and belongs to the login that was started here',
  SessionSet: 'callback: the session cookie was set',
  LoginUnbound: 'login, org-login, callback: nothing ties this login to its browser, as LOGIN_BINDING is off',
  LoginFailed: 'login, org-login, callback: a login was refused, by the code that says why',
  PollGood: 'token-is-set: the session is good',
  PollRefused: 'token-is-set: there is no good session',
  PollUnknown: 'token-is-set: it could not be told',
  Refused:
    'authorize (but for 401), units, unit, logout, health: a request was refused, by the code that says why',
  HeaderBytes: 'login, org-login, callback: size of the cookies that came with a request',
} as const

type Emitted = keyof typeof emitted

/** What is measured. Functions by the name of their route. */
export type Measured = Readonly<{
  api: HttpApi
  table: Table
  functions: Readonly<Record<string, Lambda>>
}>

const math = (expression: string, usingMetrics: Record<string, IMetric>, period: Duration, label: string) =>
  new MathExpression({ expression, usingMetrics, period, label })

/** A share of few is noise: below `least` the share counts as nothing. */
const share = (part: string, whole: string, least: number): string =>
  `IF(${whole} >= ${least}, 100 * (${part}) / (${whole}), 0)`

const operations = [
  Operation.BATCH_GET_ITEM,
  Operation.PUT_ITEM,
  Operation.UPDATE_ITEM,
  Operation.DELETE_ITEM,
]

/** Every metric that an alarm or the dashboard names. Those of the functions are in a namespace named like the stack. */
export const metrics = ({ api, table }: Measured) => {
  const namespace = Stack.of(api).stackName
  const minute = Duration.minutes(1)
  const five = Duration.minutes(5)
  const quarter = Duration.minutes(15)
  const own = (metricName: Emitted, statistic = 'Sum', period = five): Metric =>
    new Metric({
      namespace,
      metricName,
      statistic,
      period,
      label: `${metricName} ${statistic}`,
    })
  const byCode = (metricName: Emitted): MathExpression =>
    math(`SEARCH('{"${namespace}",Code} MetricName="${metricName}"', 'Sum', 300)`, {}, five, '')
  const ofTable = (name: string) => table.metric(name, { statistic: 'Sum', period: five })
  const logins = (period: Duration) => ({
    failed: own('LoginFailed', 'Sum', period),
    set: own('SessionSet', 'Sum', period),
  })

  return {
    inGrace: own('InGrace', 'Maximum', minute),
    stateAge: own('StateAge', 'Maximum', minute),
    organisationsKeptBack: own('OrganisationsKeptBack', 'Maximum'),
    listShrunk: own('ListShrunk', 'Maximum'),
    refreshSucceeded: own('RefreshSucceeded'),
    refreshFailed: own('RefreshFailed'),
    refreshRuns: math(
      'FILL(succeeded, 0) + FILL(failed, 0)',
      { succeeded: own('RefreshSucceeded'), failed: own('RefreshFailed') },
      five,
      'runs of refresh-state',
    ),
    requests: api.metricCount({ statistic: 'Sum', period: five, label: 'requests' }),
    clientErrors: api.metricClientError({ statistic: 'Sum', period: five, label: '4xx' }),
    serverErrors: api.metricServerError({ statistic: 'Sum', period: five, label: '5xx' }),
    serverErrorShare: math(
      share('errors', 'requests', 5),
      {
        errors: api.metricServerError({ statistic: 'Sum' }),
        requests: api.metricCount({ statistic: 'Sum' }),
      },
      five,
      'share of 5xx (%)',
    ),
    latencyMedian: api.metricLatency({ statistic: 'p50', period: five, label: 'p50 (ms)' }),
    latencyP99: api.metricLatency({ statistic: 'p99', period: five, label: 'p99 (ms)' }),
    tableThrottles: math(
      'FILL(reads, 0) + FILL(writes, 0)',
      { reads: ofTable('ReadThrottleEvents'), writes: ofTable('WriteThrottleEvents') },
      five,
      'throttled table calls',
    ),
    tableSystemErrors: table.metricSystemErrorsForOperations({
      operations,
      period: five,
      label: 'system errors',
    }),
    tableUserErrors: table.metricUserErrors({ statistic: 'Sum', period: five, label: 'user errors' }),
    tableLatency: table.metricSuccessfulRequestLatency({
      dimensionsMap: { TableName: table.tableName, Operation: Operation.BATCH_GET_ITEM },
      statistic: 'p99',
      period: five,
      label: 'BatchGetItem p99 (ms)',
    }),
    loginFailureShare: math(
      share('FILL(failed, 0)', '(FILL(failed, 0) + FILL(set, 0))', 10),
      logins(quarter),
      quarter,
      'share of logins that fail (%)',
    ),
    loginStarted: own('LoginStarted'),
    loginReturned: own('LoginReturned'),
    loginVerified: own('LoginVerified'),
    sessionSet: own('SessionSet'),
    loginFailed: own('LoginFailed'),
    loginUnbound: own('LoginUnbound'),
    loginFailedByCode: byCode('LoginFailed'),
    pollRefusedByCode: byCode('PollRefused'),
    refused: own('Refused'),
    refusedByCode: byCode('Refused'),
    pollGood: own('PollGood'),
    pollRefused: own('PollRefused'),
    pollUnknown: own('PollUnknown'),
    headerMedian: own('HeaderBytes', 'p50'),
    headerP99: own('HeaderBytes', 'p99'),
    headerLargest: own('HeaderBytes', 'Maximum'),
  } satisfies Record<string, IMetric>
}

export type MetricName = keyof ReturnType<typeof metrics>
