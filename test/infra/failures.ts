import { deepEqual } from 'node:assert/strict'
import { describe } from 'node:test'
import { each } from '../support/each.ts'
import { alarmsDuring, keyOf, type MetricData } from './cloudwatch.ts'
import { everything, templateOf } from './synthesised.ts'

/** Which alarms go on at their thresholds, and that none goes on just below them. */

const template = templateOf(everything)

const own = (name: string, dimensions = {}) => keyOf('imsg-service', name, dimensions)
const errorsOf = (route: string) => own('ServerErrors', { Route: route })
const ofFunction = (metric: string, name: string) => keyOf('AWS/Lambda', metric, { FunctionName: name })
const latency = keyOf('AWS/ApiGateway', 'Latency', { ApiId: 'api' })
const throttledReads = keyOf('AWS/DynamoDB', 'ReadThrottleEvents', { TableName: 'table' })
const systemErrors = keyOf('AWS/DynamoDB', 'SystemErrors', { TableName: 'table', Operation: 'BatchGetItem' })
const daysLeft = keyOf('AWS/CertificateManager', 'DaysToExpiry', {
  CertificateArn: everything.DOMAIN_CERTIFICATE_ARN,
})
const polls = ofFunction('Invocations', 'tokenisset')

/** The value that a metric reports in a minute, or nothing. */
type Values = (minute: number) => number | undefined
type Metrics = Readonly<Record<string, Values>>

const minutes = 150
const begin = 120
const always = (value: number) => () => value
const every = (step: number, value: number) => (minute: number) => (minute % step === 0 ? value : 0)
const once = (value: number) => (minute: number) => (minute === begin + 10 ? value : 0)
const first = (value: number) => (minute: number) => (minute === 0 ? value : undefined)
const except = (value: number, other: number, at: readonly number[]) => (minute: number) =>
  at.includes(minute) ? other : value
/** One value before `begin`, and another one from then on. */
const then = (before: number, after?: number) => (minute: number) => (minute < begin ? before : after)

/** Metrics of a healthy deployment: a hundred open tabs poll, and refresh-state runs. */
const healthy: Metrics = {
  [own('RefreshSucceeded')]: always(1),
  [own('RefreshFailed')]: always(0),
  [own('InGrace')]: always(0),
  [own('StateAge')]: always(5),
  [own('PublicHealth')]: always(1),
  [polls]: always(1200),
  [ofFunction('Errors', 'tokenisset')]: always(0),
  [ofFunction('Throttles', 'tokenisset')]: always(0),
  [ofFunction('Throttles', 'refreshstate')]: always(0),
  [own('PollUnknown')]: always(0),
  [daysLeft]: first(300),
}

const dataOf = (metrics: Metrics): MetricData =>
  new Map(
    Object.entries(metrics).map(([key, values]) => [
      key,
      Array.from({ length: minutes }, (_, minute) => [values(minute) ?? []].flat()),
    ]),
  )

/** The names of the alarms that go on, however CloudWatch's FILL treats a metric without any data. */
const alarmsOn = (change: Metrics): string => {
  const data = dataOf({ ...healthy, ...change })
  const [filled = [], nothing] = (['filled', 'nothing'] as const).map((fill) =>
    alarmsDuring(template, data, { from: begin, to: minutes - 1 }, fill),
  )
  deepEqual(filled, nothing)
  const names = filled.map((name) => name.replace('imsg-service-', ''))
  return names.toSorted().join(' ')
}

const failures: readonly (readonly [what: string, change: Metrics, alarms: string])[] = [
  [
    'a login fails, and none has succeeded for an hour',
    { [own('LoginFailed')]: once(1), [own('SessionSet')]: (minute) => (minute < 60 ? 1 : 0) },
    'no-login-succeeds nobody-can-sign-in',
  ],
  [
    'half of ten logins fail',
    { [own('LoginFailed')]: every(3, 1), [own('SessionSet')]: every(3, 1) },
    'logins-failing nobody-can-sign-in',
  ],
  [
    'no browser returns from the identity service',
    { [own('LoginStarted')]: every(6, 1), [own('LoginReturned')]: always(0) },
    'logins-not-returning nobody-can-sign-in',
  ],
  [
    'most polls are refused, and clients stop polling',
    { [own('PollRefused')]: except(0, 100, [begin]), [polls]: then(1200, 0) },
    'polls-refused',
  ],
  [
    'most polls are refused, and clients go on polling',
    { [own('PollRefused')]: then(0, 1100) },
    'polls-refused',
  ],
  ['API Gateway refuses requests with 429', { [own('TooManyRequests')]: always(4) }, 'too-many-requests'],
  [
    'logins are answered with a server error',
    { [errorsOf('GET /imsg-service/v1/login')]: every(30, 1) },
    'login-errors',
  ],
  [
    'polls are answered with a server error',
    { [errorsOf('GET /imsg-service/v1/token-is-set')]: always(4) },
    'token-is-set-errors',
  ],
  [
    'the public address cannot be reached',
    { [own('PublicHealth')]: then(1, 0) },
    'nobody-can-sign-in public-health',
  ],
  [
    'the identity service is down',
    {
      [own('RefreshSucceeded')]: then(1, 0),
      [own('RefreshFailed')]: then(0, 1),
      [own('InGrace')]: then(0, 1),
      [own('StateAge')]: then(5, 900),
    },
    'in-grace refresh-failing state-is-ageing',
  ],
  [
    'the identity service answers only every other minute',
    { [own('InGrace')]: (minute) => minute % 2 },
    'in-grace',
  ],
  [
    'half of the grace period has passed',
    { [own('StateAge')]: then(5, 3600) },
    'state-is-ageing state-too-old',
  ],
  [
    'refresh-state does not run',
    {
      [own('RefreshSucceeded')]: then(1),
      [own('RefreshFailed')]: then(0),
      [own('InGrace')]: then(0),
      [own('StateAge')]: then(1),
      [own('PublicHealth')]: then(1),
    },
    'nobody-can-sign-in public-health refresh-not-running state-is-ageing',
  ],
  [
    'the data of an organisation cannot be used',
    { [own('OrganisationsKeptBack')]: then(0, 1) },
    'organisation-kept-back',
  ],
  ['a third of the organisations are missing', { [own('ListShrunk')]: once(1) }, 'list-shrunk'],
  ['responses are slow', { [latency]: then(100, 2000) }, 'slow-answers'],
  [
    'functions are throttled',
    { [ofFunction('Throttles', 'tokenisset')]: every(5, 1) },
    'functions-throttled',
  ],
  [
    'the table is throttled',
    { [throttledReads]: (minute) => every(5, 1)(minute) || undefined },
    'table-throttled',
  ],
  ['calls fail inside DynamoDB', { [systemErrors]: every(5, 1) }, 'table-system-errors'],
  ['a login starts while LOGIN_BINDING is off', { [own('LoginUnbound')]: once(1) }, 'login-unbound'],
  ['browsers send large cookies', { [own('HeaderBytes')]: always(7000) }, 'cookies-large'],
  ['the certificate expires in 20 days', { [daysLeft]: first(20) }, 'certificate-expiring'],
]

const belowThresholds: readonly Metrics[] = [
  {
    // More than half of the logins fail, but there are only nine in a quarter of an hour.
    [own('LoginFailed')]: (minute) => (minute % 15 < 5 ? 1 : 0),
    [own('SessionSet')]: (minute) => (minute % 15 > 10 ? 1 : 0),
    [own('LoginStarted')]: except(0, 1, [120, 130, 140, 145]),
    [own('LoginReturned')]: always(0),
  },
  // All polls are refused, but of only two or three tabs.
  { [own('PollRefused')]: except(0, 10, [begin]), [polls]: then(35, 0) },
  // A tenth of the polls are refused.
  { [own('PollRefused')]: then(0, 120) },
  { [own('TooManyRequests')]: (minute) => (minute % 5 === 0 ? 3 : 4) },
  { [errorsOf('GET /imsg-service/v1/login')]: once(9) },
  { [errorsOf('GET /imsg-service/v1/token-is-set')]: (minute) => (minute % 5 === 0 ? 3 : 4) },
  // Four bad minutes of ten, but never four of five.
  { [own('PublicHealth')]: except(1, 0, [130, 131, 132, 136]) },
  { [own('RefreshSucceeded')]: every(5, 1) },
  { [own('RefreshFailed')]: (minute) => (minute % 5 === 0 ? 0 : minute % 2) },
  { [own('InGrace')]: except(0, 1, [130, 131]) },
  { [own('StateAge')]: then(5, 3599) },
  { [latency]: then(100, 1999) },
  { [throttledReads]: once(100) },
  { [own('HeaderBytes')]: always(6999) },
  { [daysLeft]: first(21) },
  // No tab is open, so polls have no metric data.
  Object.fromEntries(
    Object.keys(healthy).flatMap((key) => (/tokenisset|Poll/.test(key) ? [[key, () => undefined]] : [])),
  ),
]

describe('The alarms', () => {
  each(
    'that go on are those for the failure',
    failures,
  )(([, change, alarms]) => deepEqual(alarmsOn(change), alarms))

  each('stay off just below their thresholds', belowThresholds)((change) => deepEqual(alarmsOn(change), ''))
})
