import type { Code } from './problem.ts'
import type { RouteName } from './routes.ts'

/**
 * Metrics for CloudWatch in the Embedded Metric Format: they are part of the log line, so they cost no call.
 */

type Unit = 'Count' | 'Seconds' | 'Bytes' | 'None'
/** `by`: counted once more by each of these dimensions, because a dashboard or an alarm reads it so. */
type Metric = Readonly<{ name: string; unit: Unit; value: number; by?: readonly string[] }>

/** The outcome of a request. */
export type RequestOutcome = Readonly<{
  route: RouteName
  status: number
  code: Code | string
  /** A failure of the catalogue, also where a redirect tells it. */
  refused: boolean
  cookieBytes: number
  /** A person may be behind it. */
  person: boolean
}>

/** A count of things, or of one event that happened or did not. */
export const count = (name: string, value: number | boolean): Metric => ({
  name,
  unit: 'Count',
  value: Number(value),
})

/**
 * Prefetches, frames, scripts and link scanners count in no login metric, and one that goes to PUBLIC_URL
 * first counts there. A session that was set is somebody's.
 */
const isNoLogin = ({ code, person }: RequestOutcome): boolean =>
  code === 'not_a_navigation' || code === 'login_elsewhere' || (!person && code !== 'session_set')

/**
 * The steps of a login. Every line of a login has all of them, as CloudWatch cannot compare with a metric
 * that has no data.
 */
const login = (
  steps: { started?: boolean; returned?: boolean; verified?: boolean; set?: boolean },
  failed: boolean,
) => [
  count('LoginStarted', steps.started === true),
  count('LoginReturned', steps.returned === true),
  count('LoginVerified', steps.verified === true),
  count('SessionSet', steps.set === true),
  { ...count('LoginFailed', failed), ...(failed ? { by: ['Code'] } : {}) },
]

/**
 * The login funnel and the polls, derived from outcomes: handlers count nothing. Good polls are what Lambda
 * counts beside these.
 */
const metricsOf = (outcome: RequestOutcome): readonly Metric[] => {
  const { route, status, code, refused, cookieBytes } = outcome
  const size: Metric = { name: 'HeaderBytes', unit: 'Bytes', value: cookieBytes }
  switch (route) {
    case 'login':
    case 'org-login':
      if (isNoLogin(outcome)) return []
      return [...login({ started: !refused }, refused), size]
    case 'callback': {
      if (isNoLogin(outcome)) return []
      const set = code === 'session_set'
      const verified = set || code === 'token_too_large'
      return [...login({ returned: true, verified, set }, refused), size]
    }
    case 'token-is-set':
      return status === 200
        ? []
        : [count('PollRefused', status === 401), count('PollUnknown', status !== 401)]
    default:
      return []
  }
}

const directive = (namespace: string, dimensions: readonly string[], metrics: readonly Metric[]) => ({
  Namespace: namespace,
  Dimensions: [dimensions],
  Metrics: metrics.map(({ name, unit }) => ({ Name: name, Unit: unit })),
})

/**
 * The members that make a log line an EMF document. Each deployment has a namespace of its own; `at` in
 * milliseconds; `dimensions` are values of the dimensions that metrics name.
 */
export const embedded = (
  namespace: string,
  metrics: readonly Metric[],
  at: number,
  dimensions: Readonly<Record<string, string>> = {},
): Record<string, unknown> => {
  if (metrics.length === 0) return {}
  const counted = Object.entries(dimensions)
    .map(([name, value]) => ({ name, value, metrics: metrics.filter(({ by }) => by?.includes(name)) }))
    .filter((dimension) => dimension.metrics.length > 0)
  return {
    _aws: {
      Timestamp: at,
      CloudWatchMetrics: [
        directive(namespace, [], metrics),
        ...counted.map((dimension) => directive(namespace, [dimension.name], dimension.metrics)),
      ],
    },
    ...Object.fromEntries(counted.map(({ name, value }) => [name, value])),
    ...Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
  }
}

/**
 * Metrics of one request. A failed login is counted by its code as well, the one in the answer and in the
 * line: contract, section 2.
 */
export const requestMetrics = (
  namespace: string,
  outcome: RequestOutcome,
  at: number,
): Record<string, unknown> => embedded(namespace, metricsOf(outcome), at, { Code: outcome.code })
