import { Duration, Stack } from 'aws-cdk-lib'
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import type { Config } from '../lib/config.ts'
import { type Measured, type MetricName, metrics } from './metrics.ts'

type Row = {
  /** What it means when it rings. What to do is said in docs/runbook.md, under the name of the row. */
  means: string
  /** It rings from here up, or below here where `below` says so. */
  threshold: number | ((config: Config) => number)
  below?: true
  /** How many of how many periods in a row have to be bad. */
  periods: readonly [bad: number, of: number]
  /** No data is a good sign, except where some should come every minute, and where what made it bad has stopped to report. */
  silence?: 'is bad' | 'changes nothing'
}

/** THE alarms of the whole service. */
export const alarms = {
  'in-grace': {
    metric: 'inGrace',
    means: 'The identity service cannot be read: the last good state is serving.',
    threshold: 1,
    periods: [3, 5],
    silence: 'changes nothing',
  },
  'state-too-old': {
    metric: 'stateAge',
    means: 'Half of the grace period is used up. When all of it is, nobody can sign in any more.',
    // Never less than three refreshes, however short the grace period.
    threshold: ({ gracePeriod }: Config) => Math.max(180, gracePeriod / 2),
    periods: [3, 3],
    silence: 'changes nothing',
  },
  'refresh-failing': {
    metric: 'refreshFailed',
    means: 'The state could not be refreshed for ten minutes, or was never had at all.',
    threshold: 4,
    periods: [2, 2],
  },
  'refresh-not-running': {
    metric: 'refreshRuns',
    means: 'refresh-state has not reported for ten minutes: keys, blocks and organisations go stale.',
    below: true,
    threshold: 1,
    periods: [2, 2],
    silence: 'is bad',
  },
  'organisation-kept-back': {
    metric: 'organisationsKeptBack',
    means: 'The data of at least one organisation cannot be had or used: its last good data serve.',
    threshold: 1,
    periods: [3, 3],
  },
  'list-shrunk': {
    metric: 'listShrunk',
    means: 'More than a third of the organisations are missing at once: they are kept for 15 minutes.',
    threshold: 1,
    periods: [1, 1],
  },
  'server-errors': {
    metric: 'serverErrorShare',
    means: 'At least 5 % of requests are answered with a server error.',
    threshold: 5,
    periods: [2, 3],
  },
  'slow-answers': {
    metric: 'latencyP99',
    means: 'One request in a hundred takes two seconds or more.',
    threshold: 2000,
    periods: [3, 3],
  },
  'table-throttled': {
    metric: 'tableThrottles',
    means: 'DynamoDB turns calls away: sessions cannot be checked, and browsers get 503.',
    threshold: 1,
    periods: [2, 3],
  },
  'table-system-errors': {
    metric: 'tableSystemErrors',
    means: 'DynamoDB fails on its own side.',
    threshold: 1,
    periods: [2, 3],
  },
  'table-user-errors': {
    metric: 'tableUserErrors',
    means: 'DynamoDB refuses calls as malformed. It counts all tables of this account and region.',
    threshold: 1,
    periods: [2, 3],
  },
  'logins-failing': {
    metric: 'loginFailureShare',
    means: 'Half of the logins or more end in a refusal.',
    threshold: 50,
    periods: [2, 2],
  },
  'login-unbound': {
    metric: 'loginUnbound',
    means: 'LOGIN_BINDING is off and somebody signs in: nothing ties a login to the browser that began it.',
    threshold: 1,
    periods: [1, 1],
  },
  'cookies-large': {
    metric: 'headerP99',
    means: 'Browsers come to a login with so many cookies that API Gateway will soon turn them away.',
    // API Gateway takes 10,240 bytes of request line and headers; a browser's other headers are 1 to 2 kB.
    threshold: 7000,
    periods: [2, 2],
  },
} as const satisfies Record<string, Row & { metric: MetricName }>

/** THE alarms of every function. */
export const functionAlarms = {
  'function-errors': {
    metric: 'metricErrors',
    means: 'crashed or ran out of time.',
    threshold: 1,
    periods: [2, 3],
  },
  'function-throttled': {
    metric: 'metricThrottles',
    means: 'was not started, because the account runs as many functions at once as it may.',
    threshold: 1,
    periods: [2, 3],
  },
} as const satisfies Record<string, Row & { metric: keyof Lambda }>

const missing = {
  'is good': TreatMissingData.NOT_BREACHING,
  'is bad': TreatMissingData.BREACHING,
  'changes nothing': TreatMissingData.IGNORE,
}

const addAlarm = (
  scope: Construct,
  id: string,
  entry: string,
  row: Row & { measure: IMetric },
  config: Config,
): Alarm =>
  new Alarm(scope, `${id}-alarm`, {
    alarmName: `${Stack.of(scope).stackName}-${id}`,
    alarmDescription: `${row.means} See docs/runbook.md#${entry}`,
    metric: row.measure,
    threshold: typeof row.threshold === 'function' ? row.threshold(config) : row.threshold,
    comparisonOperator: row.below
      ? ComparisonOperator.LESS_THAN_THRESHOLD
      : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    datapointsToAlarm: row.periods[0],
    evaluationPeriods: row.periods[1],
    treatMissingData: missing[row.silence ?? 'is good'],
  })

/** Every row as an alarm that tells the topic when it rings and when it is over. */
export const addAlarms = (scope: Construct, measured: Measured, config: Config, topic: ITopic): Alarm[] => {
  const measures = metrics(measured)
  const made = Object.entries(alarms).map(([name, row]) =>
    addAlarm(scope, name, name, { ...row, measure: measures[row.metric] }, config),
  )
  for (const [route, handler] of Object.entries(measured.functions))
    for (const [name, row] of Object.entries(functionAlarms)) {
      const measure = handler[row.metric]({ statistic: 'Sum', period: Duration.minutes(5) })
      const means = `The function ${route} ${row.means}`
      made.push(addAlarm(scope, name.replace('function', route), name, { ...row, means, measure }, config))
    }
  const action = new SnsAction(topic)
  for (const alarm of made) {
    alarm.addAlarmAction(action)
    alarm.addOkAction(action)
  }
  return made
}
