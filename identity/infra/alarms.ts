import { readFileSync } from 'node:fs'
import { Duration, Stack } from 'aws-cdk-lib'
import {
  Alarm,
  AlarmStatusWidget,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import { sectionOf } from '../../infra/runbook.ts'
import type { emitted } from '../metrics.ts'
import type { Organisation } from '../organisations.ts'

/** The alarms and the dashboard. Each alarm carries its entry of identity/README.md. */

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

type Name = keyof typeof emitted
type Row = Readonly<{
  metric: Name
  means: string
  threshold: number
  periods: readonly [bad: number, of: number]
}>

export const alarms: Readonly<Record<string, Row>> = {
  'provider-down': {
    metric: 'ProviderDown',
    means: 'A provider gives no usable answer: its people cannot sign in.',
    threshold: 3,
    periods: [2, 3],
  },
  'signing-failing': {
    metric: 'SigningFailed',
    means: 'KMS is throttled or away: nobody can sign in.',
    threshold: 1,
    periods: [2, 3],
  },
  'provider-sign-out-failing': {
    metric: 'ProviderSignOutFailed',
    means: 'A provider signed somebody out, and it could not be stored: that person is still signed in here.',
    threshold: 1,
    periods: [1, 1],
  },
}

const five = Duration.minutes(5)
const quarter = Duration.minutes(15)

/** The metrics of one deployment, by name; of one organisation where it is named. */
const measures =
  (namespace: string, organisation?: string) =>
  (metricName: string, period = five): Metric =>
    new Metric({
      namespace,
      metricName,
      statistic: 'Sum',
      period,
      label: metricName,
      ...(organisation === undefined ? {} : { dimensionsMap: { Org: organisation } }),
    })

/** The share of sign-ins that fail, in percent; 0 below four sign-ins. */
const failureShare = (namespace: string, { name }: Organisation): IMetric => {
  const own = measures(namespace, name)
  return new MathExpression({
    expression: 'IF(failed + done >= 4, 100 * failed / (failed + done), 0)',
    usingMetrics: { failed: own('SignInFailed', quarter), done: own('SignInFinished', quarter) },
    period: quarter,
    label: `${name}: share of sign-ins that fail (%)`,
  })
}

type Parts = Readonly<{
  topic: ITopic
  functions: Readonly<Record<string, Lambda>>
  organisations: readonly Organisation[]
}>

/** One alarm per row, per organisation and per function. Each notifies the topic on ALARM and on OK. */
export const addAlarms = (scope: Construct, { topic, functions, organisations }: Parts): Alarm[] => {
  const { stackName } = Stack.of(scope)
  const own = measures(stackName)
  const add = (id: string, entry: string, row: Omit<Row, 'metric'>, metric: IMetric): Alarm =>
    new Alarm(scope, `${id}-alarm`, {
      alarmName: `${stackName}-${id}`,
      alarmDescription: `${row.means} ${sectionOf(readme, entry)} (identity/README.md#${entry})`,
      metric,
      threshold: row.threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      datapointsToAlarm: row.periods[0],
      evaluationPeriods: row.periods[1],
      treatMissingData: TreatMissingData.NOT_BREACHING,
    })
  const made = [
    ...Object.entries(alarms).map(([name, row]) => add(name, name, row, own(row.metric))),
    ...organisations.map((organisation) => {
      const means = `Half of the sign-ins of ${organisation.name} or more end in a refusal.`
      const row = { means, threshold: 50, periods: [2, 2] } as const
      const id = `sign-ins-failing-${organisation.name}`
      return add(id, 'sign-ins-failing', row, failureShare(stackName, organisation))
    }),
    ...Object.entries(functions).map(([name, handler]) => {
      const means = `The function ${name} crashed or ran out of time.`
      const metric = handler.metricErrors({ statistic: 'Sum', period: five })
      return add(`${name}-errors`, 'function-errors', { means, threshold: 1, periods: [2, 3] }, metric)
    }),
  ]
  const action = new SnsAction(topic)
  for (const alarm of made) {
    alarm.addAlarmAction(action)
    alarm.addOkAction(action)
  }
  return made
}

/** The sign-in funnel from the gateway to the provider and back, and what ends it. */
export const addDashboard = (scope: Construct, gatewayNamespace: string, all: readonly Alarm[]): void => {
  const { stackName } = Stack.of(scope)
  const own = measures(stackName)
  const gateway = measures(gatewayNamespace)
  const byDimension = (dimension: 'Code' | 'Org') =>
    new MathExpression({
      expression: `SEARCH('{"${stackName}",${dimension}} MetricName="SignInFailed"', 'Sum', 300)`,
      usingMetrics: {},
      period: five,
      label: '',
    })
  const graph = (title: string, left: IMetric[]) => new GraphWidget({ title, left, width: 12, height: 6 })
  new Dashboard(scope, 'dashboard', {
    dashboardName: stackName,
    widgets: [
      [new AlarmStatusWidget({ title: 'Alarms', alarms: [...all], width: 24, height: 4 })],
      [
        graph('Sign-ins from end to end', [
          gateway('LoginStarted'),
          own('SignInStarted'),
          own('SignInReturned'),
          own('SignInFinished'),
          gateway('SessionSet'),
        ]),
        graph('Sign-ins that ended here', [own('SignInFailed'), own('SignInDeclined')]),
        graph('Failed sign-ins by code', [byDimension('Code')]),
        graph('Failed sign-ins by organisation', [byDimension('Org')]),
        graph('Sign-outs at and from providers', [
          own('SignOutStarted'),
          own('ProviderSignOut'),
          own('ProviderSignOutFailed'),
        ]),
        graph('Providers and KMS', [own('ProviderDown'), own('SigningFailed')]),
      ],
    ],
  })
}
