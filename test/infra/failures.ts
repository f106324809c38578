import { deepEqual } from 'node:assert/strict'
import { describe } from 'node:test'
import { each } from '../support/each.ts'
import { keyOf, type MetricData, ringing } from './cloudwatch.ts'
import { everything, templateOf } from './synthesised.ts'

/** Which alarms ring at their thresholds, and that none rings just below them. */

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
/** One value until something happens at the beginning of the half hour, and another one from then on. */
const then = (before: number, after?: number) => (minute: number) => (minute < begin ? before : after)

/** What is reported while everything is well: a hundred open tabs poll, and refresh-state runs. */
const well: Metrics = {
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

/** Every alarm that rings, by name, however CloudWatch's FILL treats a metric without any data. */
const ringsOn = (change: Metrics): string => {
  const data = dataOf({ ...well, ...change })
  const [filled = [], nothing] = (['filled', 'nothing'] as const).map((fill) =>
    ringing(template, data, { from: begin, to: minutes - 1 }, fill),
  )
  deepEqual(filled, nothing)
  const names = filled.map((name) => name.replace('imsg-service-', ''))
  return names.toSorted().join(' ')
}

const failures: readonly (readonly [what: string, change: Metrics, rings: string])[] = [
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
    'nobody comes back from the identity service',
    { [own('LoginStarted')]: every(6, 1), [own('LoginReturned')]: always(0) },
    'logins-not-returning nobody-can-sign-in',
  ],
  [
    'most tabs are refused, and stop',
    { [own('PollRefused')]: except(0, 100, [begin]), [polls]: then(1200, 0) },
    'polls-refused',
  ],
  ['most tabs are refused, and go on', { [own('PollRefused')]: then(0, 1100) }, 'polls-refused'],
  ['API Gateway turns requests away', { [own('TooManyRequests')]: always(4) }, 'too-many-requests'],
  ['logins fail', { [errorsOf('GET /imsg-service/v1/login')]: every(30, 1) }, 'login-errors'],
  ['logouts fail', { [errorsOf('POST /imsg-service/v1/logout')]: every(30, 1) }, 'logout-errors'],
  ['units fail', { [errorsOf('GET /imsg-service/v1/units')]: every(30, 1) }, 'units-errors'],
  ['polls fail', { [errorsOf('GET /imsg-service/v1/token-is-set')]: always(4) }, 'token-is-set-errors'],
  [
    'the public address cannot be reached',
    { [own('PublicHealth')]: then(1, 0) },
    'nobody-can-sign-in public-health',
  ],
  [
    'the identity service is away',
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
    'half of the grace period is used up',
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
    'data of an organisation cannot be used',
    { [own('OrganisationsKeptBack')]: then(0, 1) },
    'organisation-kept-back',
  ],
  ['a third of the organisations are missing', { [own('ListShrunk')]: once(1) }, 'list-shrunk'],
  ['answers are slow', { [latency]: then(100, 2000) }, 'slow-answers'],
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
  ['the table fails', { [systemErrors]: every(5, 1) }, 'table-system-errors'],
  ['nothing ties a login to its browser', { [own('LoginUnbound')]: once(1) }, 'login-unbound'],
  ['cookies are large', { [own('HeaderBytes')]: always(7000) }, 'cookies-large'],
  ['the certificate runs out', { [daysLeft]: first(20) }, 'certificate-expiring'],
]

const quiet: readonly Metrics[] = [
  {
    // More than half of nine in each quarter of an hour: a share of so few says nothing.
    [own('LoginFailed')]: (minute) => (minute % 15 < 5 ? 1 : 0),
    [own('SessionSet')]: (minute) => (minute % 15 > 10 ? 1 : 0),
    [own('LoginStarted')]: except(0, 1, [120, 130, 140, 145]),
    [own('LoginReturned')]: always(0),
  },
  // Two tabs alone.
  { [own('PollRefused')]: except(0, 10, [begin]), [polls]: then(35, 0) },
  // A tenth of the tabs, while the others go on.
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
  // A weekend with nobody.
  Object.fromEntries(
    Object.keys(well).flatMap((key) => (/tokenisset|Poll/.test(key) ? [[key, () => undefined]] : [])),
  ),
]

describe('The alarms that ring', () => {
  each('are those for the failure', failures)(([, change, rings]) => deepEqual(ringsOn(change), rings))

  each('are none just below a threshold', quiet)((change) => deepEqual(ringsOn(change), ''))
})
