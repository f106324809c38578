import { Stack } from 'aws-cdk-lib'
import {
  Alarm,
  type AlarmBase,
  AlarmRule,
  ComparisonOperator,
  CompositeAlarm,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import { isPublic } from '../lib/refresh/public-health.ts'
import type { HttpRouteName } from '../lib/routes.ts'
import { keysOf } from './keys-of.ts'
import { type Measured, type MetricName, metrics, serverErrorsOf } from './metrics.ts'
import { stepsOf } from './runbook.ts'
import type { Deployment } from './settings.ts'

type Row = {
  /** The meaning. docs/runbook.md has what to check and do, under the name of the row. */
  means: string
  /** The alarm goes on at this value or above, or below it with `below`. */
  threshold: number | ((deployment: Deployment) => number)
  below?: true
  /** Number of the last periods that have to be bad. */
  periods: readonly [bad: number, of: number]
  /** The meaning of missing data, `is good` by default. */
  silence?: 'is bad' | 'changes nothing'
  /** Whether this deployment needs the alarm. */
  when?: (deployment: Deployment) => boolean
}

/** Alarms on one metric each. */
export const alarms = {
  'in-grace': {
    metric: 'inGrace',
    means: 'The identity service cannot be read: the last good state is used.',
    threshold: 1,
    periods: [3, 5],
    silence: 'changes nothing',
  },
  'state-too-old': {
    metric: 'stateAge',
    means: 'Half of the grace period has passed. After all of it, nobody can sign in.',
    // Never less than three refreshes, however short the grace period.
    threshold: ({ config }: Deployment) => Math.max(180, config.gracePeriod / 2),
    periods: [3, 3],
    silence: 'changes nothing',
  },
  'refresh-failing': {
    metric: 'refreshFailed',
    means: 'The state could not be refreshed for ten minutes, or was never loaded.',
    threshold: 4,
    periods: [2, 2],
  },
  'refresh-not-running': {
    metric: 'refreshRuns',
    means: 'refresh-state has not reported for ten minutes: keys, blocks and organisations become stale.',
    below: true,
    threshold: 1,
    periods: [2, 2],
    silence: 'is bad',
  },
  'organisation-kept-back': {
    metric: 'organisationsKeptBack',
    means: 'The data of at least one organisation cannot be read or used: its last good data are used.',
    threshold: 1,
    periods: [3, 3],
  },
  'list-shrunk': {
    metric: 'listShrunk',
    means: 'More than a third of the organisations are missing at once: they are kept for 15 minutes.',
    threshold: 1,
    periods: [1, 1],
  },
  'public-health': {
    metric: 'publicHealth',
    means: 'The gateway cannot be reached at its public address, or is not healthy.',
    below: true,
    threshold: 1,
    periods: [4, 5],
    silence: 'is bad',
    when: ({ config, given }: Deployment) => given.PUBLIC_URL === undefined || isPublic(config.publicUrl),
  },
  'too-many-requests': {
    metric: 'tooManyRequests',
    means: 'API Gateway refuses requests with 429, because they exceed its limits.',
    threshold: 20,
    periods: [2, 3],
  },
  'slow-answers': {
    metric: 'latencyP99',
    means: 'One request in a hundred takes two seconds or more.',
    threshold: 2000,
    periods: [3, 3],
  },
  'functions-throttled': {
    metric: 'functionThrottles',
    means: 'Functions are not started, because the account is at its concurrency limit.',
    threshold: 1,
    periods: [2, 3],
  },
  'table-throttled': {
    metric: 'tableThrottles',
    means: 'DynamoDB throttles calls: sessions cannot be checked, and browsers get 503.',
    threshold: 1,
    periods: [2, 3],
  },
  'table-system-errors': {
    metric: 'tableSystemErrors',
    means: 'Calls fail inside DynamoDB.',
    threshold: 1,
    periods: [2, 3],
  },
  'logins-failing': {
    metric: 'loginFailureShare',
    means: 'Half of the logins or more are refused.',
    threshold: 50,
    periods: [2, 2],
  },
  'no-login-succeeds': {
    metric: 'loginsAllFailed',
    means: 'A login failed, and none has succeeded for an hour.',
    threshold: 1,
    periods: [1, 1],
  },
  'logins-not-returning': {
    metric: 'loginsNotReturned',
    means: 'Browsers are sent to the identity service, and none has come back for half an hour.',
    threshold: 5,
    periods: [1, 1],
  },
  'polls-refused': {
    metric: 'pollRefusedJump',
    means: 'Most open editors have lost their session within minutes.',
    threshold: 1,
    periods: [1, 2],
  },
  'login-unbound': {
    metric: 'loginUnbound',
    means: 'LOGIN_BINDING is off: logins are not tied to the browser that started them.',
    threshold: 1,
    periods: [1, 1],
    when: ({ config }: Deployment) => !config.loginBinding,
  },
  'cookies-large': {
    metric: 'headerP99',
    means: 'Browsers send so many cookies that API Gateway will soon refuse their logins.',
    // API Gateway allows 10,240 bytes of request line and headers; a browser's other headers are 1 to 2 kB.
    threshold: 7000,
    periods: [2, 2],
  },
  'certificate-expiring': {
    metric: 'certificateDays',
    means: 'The certificate of the public address expires within three weeks.',
    below: true,
    threshold: 21,
    periods: [1, 1],
    // ACM reports twice a day, and stops once the certificate has expired.
    silence: 'is bad',
    when: ({ certificateArn }: Deployment) => certificateArn !== undefined,
  },
} as const satisfies Record<string, Row & { metric: MetricName }>

type RouteAlarm = Readonly<{ does: string; threshold: number; periods: Row['periods'] }>

/** For routes with few requests: errors in two of twelve periods of five minutes. */
const seldom = { threshold: 1, periods: [2, 12] } as const

/** Alarms on server errors, by route. The alarm `public-health` watches `health` from outside. */
export const routeAlarms = {
  login: { does: 'start a login', ...seldom },
  'org-login': { does: 'start a login at an organisation', ...seldom },
  callback: { does: 'finish a login', ...seldom },
  'token-is-set': { does: 'check a session', threshold: 20, periods: [2, 3] },
  authorize: { does: 'check access to a service', threshold: 20, periods: [2, 3] },
  units: { does: 'list units', ...seldom },
  unit: { does: 'set the preferred unit', ...seldom },
  logout: { does: 'sign out', ...seldom },
} as const satisfies Partial<Record<HttpRouteName, RouteAlarm>>

type AlarmName = keyof typeof alarms | `${keyof typeof routeAlarms}-errors`

/** Alarms that are on while any of their parts is on. */
export const compositeAlarms = {
  'nobody-can-sign-in': {
    means: 'No login works, or the gateway cannot be reached.',
    any: ['no-login-succeeds', 'logins-not-returning', 'logins-failing', 'public-health'],
  },
  'state-is-ageing': {
    means: 'The state is not refreshed: after the grace period every session check and login fails.',
    any: ['state-too-old', 'refresh-failing', 'refresh-not-running'],
  },
} as const satisfies Record<string, { means: string; any: readonly AlarmName[] }>

const missing = {
  'is good': TreatMissingData.NOT_BREACHING,
  'is bad': TreatMissingData.BREACHING,
  'changes nothing': TreatMissingData.IGNORE,
}

/** How an alarm evaluates its metric. */
export type Judgement = Readonly<Pick<Row, 'below' | 'periods' | 'silence'> & { threshold: number }>

/** An alarm on a metric. `texts`: its name and what it says. */
export const alarmOn = (
  scope: Construct,
  id: string,
  texts: Readonly<{ alarmName: string; alarmDescription: string }>,
  metric: IMetric,
  { threshold, below, periods, silence }: Judgement,
): Alarm =>
  new Alarm(scope, `${id}-alarm`, {
    ...texts,
    metric,
    threshold,
    comparisonOperator: below
      ? ComparisonOperator.LESS_THAN_THRESHOLD
      : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    datapointsToAlarm: periods[0],
    evaluationPeriods: periods[1],
    treatMissingData: missing[silence ?? 'is good'],
  })

/** Alarms notify the topic when they go on and off. */
export const notify = (topic: ITopic, alarms: readonly AlarmBase[]): void => {
  const action = new SnsAction(topic)
  for (const alarm of alarms) {
    alarm.addAlarmAction(action)
    alarm.addOkAction(action)
  }
}

/** `entry`: its heading in the runbook, which the alarms on server errors share. */
const names = (scope: Construct, name: string, means: string, entry = name) => ({
  alarmName: `${Stack.of(scope).stackName}-${name}`,
  alarmDescription: `${means} ${stepsOf(entry)} (docs/runbook.md#${entry})`,
})

const addAlarm = (
  scope: Construct,
  name: string,
  metric: IMetric,
  row: Row & { entry?: string },
  deployment: Deployment,
): Alarm => {
  const threshold = typeof row.threshold === 'function' ? row.threshold(deployment) : row.threshold
  return alarmOn(scope, name, names(scope, name, row.means, row.entry), metric, { ...row, threshold })
}

/** Adds all alarms. Each notifies the topic when it goes on and off. */
export const addAlarms = (
  scope: Construct,
  measured: Measured,
  deployment: Deployment,
  topic: ITopic,
): AlarmBase[] => {
  const measures = metrics(measured)
  const made = new Map<string, AlarmBase>()
  for (const [name, row] of Object.entries<Row & { metric: MetricName }>(alarms))
    if (row.when?.(deployment) ?? true)
      made.set(name, addAlarm(scope, name, measures[row.metric], row, deployment))
  for (const route of keysOf(routeAlarms)) {
    const { does, ...row }: RouteAlarm = routeAlarms[route]
    const name = `${route}-errors`
    const means = `Requests to ${does} are answered with a server error.`
    const measure = serverErrorsOf(measured.api, route)
    const entry = 'server-errors'
    made.set(name, addAlarm(scope, name, measure, { ...row, means, entry }, deployment))
  }
  for (const [name, { means, any }] of Object.entries(compositeAlarms)) {
    const parts = any.flatMap((part) => made.get(part) ?? [])
    const composed = {
      ...names(scope, name, means),
      compositeAlarmName: `${Stack.of(scope).stackName}-${name}`,
    }
    made.set(
      name,
      new CompositeAlarm(scope, `${name}-alarm`, { ...composed, alarmRule: AlarmRule.anyOf(...parts) }),
    )
  }
  const all = [...made.values()]
  notify(topic, all)
  return all
}
