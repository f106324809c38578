import type { Code } from './problem.ts'
import type { RouteName } from './routes.ts'

/** Metrics for CloudWatch in the Embedded Metric Format, which is part of the log line. */

type Unit = 'Count' | 'Seconds' | 'Bytes' | 'None'
/** `by`: also published with each of these dimensions. */
type Metric = Readonly<{ name: string; unit: Unit; value: number; by?: readonly string[] }>

/** The outcome of a request. */
export type RequestOutcome = Readonly<{
  route: RouteName
  status: number
  code: Code | string
  /** Whether it failed with a code of the catalogue, even if the answer is a redirect. */
  refused: boolean
  cookieBytes: number
  /** Whether it may have been sent by a person's browser. */
  person: boolean
}>

/** A count, or an event that happened (1) or did not (0). */
export const count = (name: string, value: number | boolean): Metric => ({
  name,
  unit: 'Count',
  value: Number(value),
})

/**
 * Whether to leave a request out of the login metrics: prefetches, frames, scripts and link scanners, and
 * logins redirected to PUBLIC_URL, which count there.
 */
const isNoLogin = ({ code, person }: RequestOutcome): boolean =>
  code === 'not_a_navigation' || code === 'login_elsewhere' || (!person && code !== 'session_set')

/** The steps of a login. Zeros are sent too, because CloudWatch cannot compare with a metric without data. */
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

/** The metrics of a request. Good polls write none: they are Lambda's invocations minus the others. */
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
 * The members that make a log line an EMF document. `at` in milliseconds since the epoch; `dimensions`: the
 * values of the dimensions in `by`.
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

/** Metrics of one request, as members of its log line. */
export const requestMetrics = (
  namespace: string,
  outcome: RequestOutcome,
  at: number,
): Record<string, unknown> => embedded(namespace, metricsOf(outcome), at, { Code: outcome.code })
