import { Stack } from 'aws-cdk-lib'
import {
  type AlarmBase,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  LogQueryWidget,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { Construct } from 'constructs'
import { type Measured, type MetricName, metrics } from './metrics.ts'

/** The graphs in reading order: logins, sessions, state, infrastructure. */
export const graphs = {
  'Logins: started, returned, verified, session set': [
    'loginStarted',
    'loginReturned',
    'loginVerified',
    'sessionSet',
    'loginFailed',
  ],
  'Refused logins by code': ['loginFailedByCode'],
  'Session checks of open editors': ['pollGood', 'pollRefused', 'pollUnknown'],
  'Session checks refused where good ones stopped': ['pollRefusedJump'],
  'Logins that all failed, or never returned': ['loginsAllFailed', 'loginsNotReturned'],
  'Age of the state (s) and grace': ['stateAge', 'inGrace'],
  'Health at the public address; LOGIN_BINDING is off': ['publicHealth', 'loginUnbound'],
  'Refreshes of the state': ['refreshSucceeded', 'refreshFailed'],
  'Organisations that keep old data, and a shrunken list': ['organisationsKeptBack', 'listShrunk'],
  'Requests, client errors, server errors': ['requests', 'clientErrors', 'serverErrors', 'tooManyRequests'],
  'Latency (ms)': ['latencyMedian', 'latencyP99'],
  'Size of the cookies in a request (bytes; API Gateway allows 10,240 of headers)': [
    'headerMedian',
    'headerP99',
    'headerLargest',
  ],
  'Throttled and failed calls of table and functions': [
    'tableThrottles',
    'tableWriteThrottles',
    'tableSystemErrors',
    'functionThrottles',
  ],
  'Table: latency': ['tableLatency'],
} as const satisfies Record<string, readonly MetricName[]>

const size = { width: 12, height: 6 }

/** A log query for refused requests. A metric for each code would cost more. */
const refusals = ['filter status >= 400', 'stats count() as requests by route, code', 'sort requests desc']

/** The dashboard: the state of all alarms, then two graphs in each row. */
export const dashboard = (scope: Construct, measured: Measured, alarms: readonly AlarmBase[]): Dashboard => {
  const measures = metrics(measured)
  const functions = Object.values(measured.functions)
  return new Dashboard(scope, 'dashboard', {
    dashboardName: Stack.of(scope).stackName,
    widgets: [
      [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 24, height: 4 })],
      [
        ...Object.entries(graphs).map(
          ([title, names]) => new GraphWidget({ title, left: names.map((name) => measures[name]), ...size }),
        ),
        new GraphWidget({
          title: 'Functions: duration p99 (ms)',
          left: functions.map((handler) => handler.metricDuration({ statistic: 'p99' })),
          ...size,
        }),
        new GraphWidget({
          title: 'Functions: errors',
          left: functions.map((handler) => handler.metricErrors({ statistic: 'Sum' })),
          ...size,
        }),
        new LogQueryWidget({
          title: 'Refused requests by route and code',
          logGroupNames: functions.map(({ logGroup }) => logGroup.logGroupName),
          queryLines: refusals,
          ...size,
        }),
      ],
    ],
  })
}
