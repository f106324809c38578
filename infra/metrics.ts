import { Duration, Stack } from 'aws-cdk-lib'
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2'
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { Operation } from 'aws-cdk-lib/aws-dynamodb'
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda'
import { type HttpRouteName, methodAndPath, type RouteName, routes } from '../lib/routes.ts'
import type { accessLogMetrics } from './access-log.ts'
import type { Table } from './table.ts'

/** Metrics that functions write to their log lines, without dimensions. A failed login also has `Code`. */
export const emitted = {
  InGrace: 'refresh-state: 1 in grace, when the last good state is used, else 0',
  StateAge: 'refresh-state: seconds since the last successful refresh',
  RefreshSucceeded: 'refresh-state: 1 when this run succeeded, else 0',
  RefreshFailed: 'refresh-state: 1 when this run failed, else 0',
  OrganisationsKeptBack:
    'refresh-state: organisations that keep their last good data, because new ones cannot be read or used',
  ListShrunk: 'refresh-state: 1 when so many organisations are missing at once that they are kept, else 0',
  PublicHealth: 'refresh-state: 1 when /health answers 200 at the public address, else 0',
  LoginUnbound: 'refresh-state: 1 while LOGIN_BINDING is off',
  LoginStarted: 'login, org-login: a browser was sent to the identity service',
  LoginReturned: 'callback: a browser came back from the identity service',
  LoginVerified: 'callback: its token is valid and belongs to the login',
  SessionSet: 'callback: the session cookie was set',
  LoginFailed: 'login, org-login, callback: a login was refused, by the code that says why',
  PollRefused: 'token-is-set: there is no valid session',
  PollUnknown: 'token-is-set: the session could not be checked',
  HeaderBytes: 'login, org-login, callback: size of the cookies in a request',
} as const

type Own = keyof typeof emitted | keyof typeof accessLogMetrics

/** The resources that are measured, with functions by route name. */
export type Measured = Readonly<{
  api: HttpApi
  table: Table
  functions: Readonly<Record<string, Lambda>>
  /** Absent without a domain of its own. */
  certificateArn?: string | undefined
}>

/** The function of a route that the metrics name. */
const functionOf = (functions: Measured['functions'], route: RouteName): Lambda => {
  const found = functions[route]
  if (found === undefined) throw new TypeError(`There is no function ${route}.`)
  return found
}

/** An expression over metrics. */
export const math = (
  expression: string,
  usingMetrics: Record<string, IMetric>,
  period: Duration,
  label: string,
) => new MathExpression({ expression, usingMetrics, period, label })

/** A percentage, or 0 when the total is below `least`. */
export const share = (part: string, whole: string, least: number): string =>
  `IF(${whole} >= ${least}, 100 * (${part}) / (${whole}), 0)`

const minute = Duration.minutes(1)
/** Five minutes, the period of most metrics. */
export const five = Duration.minutes(5)
/** A quarter of an hour. */
export const quarter = Duration.minutes(15)
const half = Duration.minutes(30)
const hour = Duration.hours(1)
const day = Duration.days(1)

/** A metric in the namespace of a deployment, which is named like the stack. */
export const metricIn =
  <Name extends string>(namespace: string) =>
  (metricName: Name, statistic = 'Sum', period = five, dimensionsMap: Record<string, string> = {}): Metric =>
    new Metric({
      namespace,
      metricName,
      statistic,
      period,
      dimensionsMap,
      label: `${metricName} ${statistic}`,
    })

const ownIn = (namespace: string) => metricIn<Own>(namespace)

/** The number of 5xx responses on a route, from the function or from API Gateway. */
export const serverErrorsOf = (api: HttpApi, route: HttpRouteName): IMetric => {
  const { method, path } = methodAndPath(routes[route]) ?? { method: '', path: '' }
  return ownIn(Stack.of(api).stackName)('ServerErrors', 'Sum', five, { Route: `${method} ${path}` })
}

/** Polls. Only bad ones write a metric, so good ones are the remaining invocations. */
const polls = (own: ReturnType<typeof ownIn>, handler: Lambda) => {
  const invocations = handler.metricInvocations({ statistic: 'Sum', period: five })
  const crashes = handler.metricErrors({ statistic: 'Sum', period: five })
  const refused = own('PollRefused')
  const unknown = own('PollUnknown')
  const pollUnknown = math(
    'FILL(unknown, 0) + FILL(crashes, 0)',
    { unknown, crashes },
    five,
    'could not be checked',
  )
  const pollGood = math(
    'invocations - FILL(crashes, 0) - FILL(refused, 0) - FILL(unknown, 0)',
    { invocations, crashes, refused, unknown },
    five,
    'good',
  )
  // Refusals start while the good polls of at least three tabs stop: most open editors have lost their
  // session.
  const pollRefusedJump = math(
    'IF(DIFF(FILL(refused, 0)) >= 5 AND good - DIFF(good) >= 180 AND 2 * good <= good - DIFF(good), refused, 0)',
    { refused, good: pollGood },
    five,
    'refused polls where good ones stopped',
  )
  return { pollGood, pollRefused: refused, pollUnknown, pollRefusedJump }
}

const logins = (own: ReturnType<typeof ownIn>) => ({
  loginFailureShare: math(
    share('failed', '(failed + set)', 10),
    { failed: own('LoginFailed', 'Sum', quarter), set: own('SessionSet', 'Sum', quarter) },
    quarter,
    'share of logins that fail (%)',
  ),
  loginsAllFailed: math(
    'IF(failed >= 1 AND set < 1, failed, 0)',
    { failed: own('LoginFailed', 'Sum', hour), set: own('SessionSet', 'Sum', hour) },
    hour,
    'failed logins without any success',
  ),
  loginsNotReturned: math(
    'IF(returned < 1, started, 0)',
    { started: own('LoginStarted', 'Sum', half), returned: own('LoginReturned', 'Sum', half) },
    half,
    'started logins of which none returned',
  ),
  loginStarted: own('LoginStarted'),
  loginReturned: own('LoginReturned'),
  loginVerified: own('LoginVerified'),
  sessionSet: own('SessionSet'),
  loginFailed: own('LoginFailed'),
})

const refreshes = (own: ReturnType<typeof ownIn>) => ({
  inGrace: own('InGrace', 'Maximum', minute),
  stateAge: own('StateAge', 'Maximum', minute),
  organisationsKeptBack: own('OrganisationsKeptBack', 'Maximum'),
  listShrunk: own('ListShrunk', 'Maximum'),
  publicHealth: own('PublicHealth', 'Maximum', minute),
  refreshSucceeded: own('RefreshSucceeded'),
  refreshFailed: own('RefreshFailed'),
  refreshRuns: math(
    'succeeded + failed',
    { succeeded: own('RefreshSucceeded'), failed: own('RefreshFailed') },
    five,
    'runs of refresh-state',
  ),
  loginUnbound: own('LoginUnbound'),
})

const requests = (api: HttpApi) => ({
  requests: api.metricCount({ statistic: 'Sum', period: five, label: 'requests' }),
  clientErrors: api.metricClientError({ statistic: 'Sum', period: five, label: '4xx' }),
  serverErrors: api.metricServerError({ statistic: 'Sum', period: five, label: '5xx' }),
  latencyMedian: api.metricLatency({ statistic: 'p50', period: five, label: 'p50 (ms)' }),
  latencyP99: api.metricLatency({ statistic: 'p99', period: five, label: 'p99 (ms)' }),
})

const tableCalls = (table: Table) => {
  const sum = (name: string, label: string) => table.metric(name, { statistic: 'Sum', period: five, label })
  return {
    // DynamoDB reports these only when there are some. A sum over several of them would be missing as long as
    // one is, so the alarms watch the reads: every request makes one.
    tableThrottles: sum('ReadThrottleEvents', 'throttled reads'),
    tableWriteThrottles: sum('WriteThrottleEvents', 'throttled writes'),
    tableSystemErrors: table.metric('SystemErrors', {
      dimensionsMap: { TableName: table.tableName, Operation: Operation.BATCH_GET_ITEM },
      statistic: 'Sum',
      period: five,
      label: 'system errors of reads',
    }),
    tableLatency: table.metricSuccessfulRequestLatency({
      dimensionsMap: { TableName: table.tableName, Operation: Operation.BATCH_GET_ITEM },
      statistic: 'p99',
      period: five,
      label: 'BatchGetItem p99 (ms)',
    }),
  }
}

/** Every metric that an alarm or the dashboard names. */
export const metrics = ({ api, table, functions, certificateArn = 'none' }: Measured) => {
  const namespace = Stack.of(api).stackName
  const own = ownIn(namespace)
  const throttles = (route: RouteName) =>
    functionOf(functions, route).metricThrottles({ statistic: 'Sum', period: five })

  return {
    ...logins(own),
    ...polls(own, functionOf(functions, 'token-is-set')),
    ...refreshes(own),
    ...requests(api),
    ...tableCalls(table),
    tooManyRequests: own('TooManyRequests'),
    certificateDays: new Metric({
      namespace: 'AWS/CertificateManager',
      metricName: 'DaysToExpiry',
      dimensionsMap: { CertificateArn: certificateArn },
      statistic: 'Minimum',
      period: day,
    }),
    // All functions share the account's concurrency limit. These two are called most often and reach it
    // first.
    functionThrottles: math(
      'FILL(polls, 0) + FILL(refreshes, 0)',
      { polls: throttles('token-is-set'), refreshes: throttles('refresh-state') },
      five,
      'throttled function calls',
    ),
    loginFailedByCode: math(
      `SEARCH('{"${namespace}",Code} MetricName="LoginFailed"', 'Sum', 300)`,
      {},
      five,
      '',
    ),
    headerMedian: own('HeaderBytes', 'p50'),
    headerP99: own('HeaderBytes', 'p99'),
    headerLargest: own('HeaderBytes', 'Maximum'),
  } satisfies Record<string, IMetric>
}

/** The name of a metric that an alarm or the dashboard can show. */
export type MetricName = keyof ReturnType<typeof metrics>
