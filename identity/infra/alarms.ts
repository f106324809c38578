import { readFileSync } from 'node:fs'
import { Stack } from 'aws-cdk-lib'
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import { alarmOn, type Judgement, notify } from '../../infra/alarms.ts'
import { type emitted, five, math, metricIn, quarter, share } from '../../infra/metrics.ts'
import { sectionOf } from '../../infra/runbook.ts'
import type { MetricName } from '../metrics.ts'
import type { Organisation } from '../organisations.ts'

/** The alarms and the dashboard. Each alarm carries its entry of identity/README.md. */

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

const ownOf = (scope: Construct) => metricIn<MetricName>(Stack.of(scope).stackName)

type Row = Judgement & Readonly<{ metric: MetricName; means: string }>

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

/** The share of sign-ins of an organisation that fail, in percent; 0 below four sign-ins. */
const failureShare = (scope: Construct, { name: Org }: Organisation): IMetric => {
  const own = ownOf(scope)
  const [failed, done] = [
    own('SignInFailed', 'Sum', quarter, { Org }),
    own('SignInFinished', 'Sum', quarter, { Org }),
  ]
  const expression = share('failed', '(failed + done)', 4)
  return math(expression, { failed, done }, quarter, `${Org}: share of sign-ins that fail (%)`)
}

type Parts = Readonly<{
  topic: ITopic
  functions: Readonly<Record<string, Lambda>>
  organisations: readonly Organisation[]
}>

/** One alarm per row, per organisation and per function. */
export const addAlarms = (scope: Construct, { topic, functions, organisations }: Parts): Alarm[] => {
  const add = (id: string, means: string, metric: IMetric, condition: Judgement, entry = id): Alarm => {
    const alarmName = `${Stack.of(scope).stackName}-${id}`
    const alarmDescription = `${means} ${sectionOf(readme, entry)} (identity/README.md#${entry})`
    return alarmOn(scope, id, { alarmName, alarmDescription }, metric, condition)
  }
  const own = ownOf(scope)
  const made = [
    ...Object.entries(alarms).map(([name, row]) => add(name, row.means, own(row.metric), row)),
    ...organisations.map((organisation) => {
      const means = `Half of the sign-ins of ${organisation.name} or more end in a refusal.`
      const id = `sign-ins-failing-${organisation.name}`
      const condition = { threshold: 50, periods: [2, 2] } as const
      return add(id, means, failureShare(scope, organisation), condition, 'sign-ins-failing')
    }),
    ...Object.entries(functions).map(([name, handler]) => {
      const means = `The function ${name} crashed or ran out of time.`
      const metric = handler.metricErrors({ statistic: 'Sum', period: five })
      return add(`${name}-errors`, means, metric, { threshold: 1, periods: [2, 3] }, 'function-errors')
    }),
  ]
  notify(topic, made)
  return made
}

/** The sign-in funnel from the gateway to the provider and back, and what ends it. */
export const addDashboard = (scope: Construct, gatewayNamespace: string, all: readonly Alarm[]): void => {
  const { stackName } = Stack.of(scope)
  const own = ownOf(scope)
  const gateway = metricIn<keyof typeof emitted>(gatewayNamespace)
  const failedBy = (dimension: 'Code' | 'Org') =>
    math(`SEARCH('{"${stackName}",${dimension}} MetricName="SignInFailed"', 'Sum', 300)`, {}, five, '')
  const graphs: Readonly<Record<string, IMetric[]>> = {
    'Sign-ins from end to end': [
      gateway('LoginStarted'),
      own('SignInStarted'),
      own('SignInReturned'),
      own('SignInFinished'),
      gateway('SessionSet'),
    ],
    'Sign-ins that ended here': [own('SignInFailed'), own('SignInDeclined')],
    'Failed sign-ins by code': [failedBy('Code')],
    'Failed sign-ins by organisation': [failedBy('Org')],
    'Sign-outs at and from providers': [
      own('SignOutStarted'),
      own('ProviderSignOut'),
      own('ProviderSignOutFailed'),
    ],
    'Providers and KMS': [own('ProviderDown'), own('SigningFailed')],
  }
  new Dashboard(scope, 'dashboard', {
    dashboardName: stackName,
    widgets: [
      [new AlarmStatusWidget({ title: 'Alarms', alarms: [...all], width: 24, height: 4 })],
      Object.entries(graphs).map(([title, left]) => new GraphWidget({ title, left, width: 12, height: 6 })),
    ],
  })
}
