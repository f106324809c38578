import type { Code } from './problem.ts'
import type { RouteName } from './routes.ts'

/** Counts and ages for CloudWatch, in the Embedded Metric Format: they ride in the log line, so they cost no call. */

type Unit = 'Count' | 'Seconds' | 'Bytes' | 'None'
type Metric = Readonly<{ name: string; unit: Unit; value: number }>

/** What became of a request: its route, its status and its code. */
export type RequestOutcome = Readonly<{
  route: RouteName
  status: number
  code: Code | string
  /** A failure of the catalogue, also where a redirect tells it. */
  refused: boolean
  cookieBytes: number
  /** It belongs to a login that nothing ties to its browser: LOGIN_BINDING is off. */
  unbound: boolean
  /** A person may be behind it. */
  person: boolean
}>

const one = (name: string): Metric => ({ name, unit: 'Count', value: 1 })

/**
 * Prefetches, frames, scripts and link scanners count in no login metric, and one that goes to PUBLIC_URL first counts there. A session
 * that was set is somebody's.
 */
const isNoLogin = ({ code, person }: RequestOutcome): boolean =>
  code === 'not_a_navigation' || code === 'login_elsewhere' || (!person && code !== 'session_set')

/** The login funnel and the polls, read off the outcomes: no handler counts anything. */
const metricsOf = (outcome: RequestOutcome): readonly Metric[] => {
  const { route, status, code, cookieBytes, unbound } = outcome
  const size: Metric = { name: 'HeaderBytes', unit: 'Bytes', value: cookieBytes }
  const more = [...(unbound ? [one('LoginUnbound')] : []), size]
  switch (route) {
    case 'login':
    case 'org-login':
      if (isNoLogin(outcome)) return []
      return [one(status === 302 ? 'LoginStarted' : 'LoginFailed'), ...more]
    case 'callback':
      if (isNoLogin(outcome)) return []
      if (code === 'session_set')
        return [one('LoginReturned'), one('LoginVerified'), one('SessionSet'), ...more]
      if (code === 'token_too_large')
        return [one('LoginReturned'), one('LoginVerified'), one('LoginFailed'), ...more]
      return [one('LoginReturned'), ...(status === 302 ? [] : [one('LoginFailed')]), ...more]
    case 'token-is-set':
      return [one(status === 200 ? 'PollGood' : status === 401 ? 'PollRefused' : 'PollUnknown')]
    case 'authorize':
      // A visitor who is not signed in yet is no refusal.
      return status < 400 || status === 401 ? [] : [one('Refused')]
    // A page about a refusal that was counted before, and what no route matches.
    case 'login-failed':
    case 'not-found':
      return []
    default:
      return status < 400 ? [] : [one('Refused')]
  }
}

/** The members that make a log line an EMF document. Each deployment has a namespace of its own; `at` in milliseconds. */
export const embedded = (
  namespace: string,
  metrics: readonly Metric[],
  at: number,
  dimensions: Readonly<Record<string, string>>,
): Record<string, unknown> => {
  if (metrics.length === 0) return {}
  const sets = [[], ...(Object.keys(dimensions).length > 0 ? [Object.keys(dimensions)] : [])]
  return {
    _aws: {
      Timestamp: at,
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: sets,
          Metrics: metrics.map(({ name, unit }) => ({ Name: name, Unit: unit })),
        },
      ],
    },
    ...dimensions,
    ...Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
  }
}

/** Metrics of one request. What was refused is counted by its code as well, the one in the answer and in the line: contract, section 2. */
export const requestMetrics = (
  namespace: string,
  outcome: RequestOutcome,
  at: number,
): Record<string, unknown> =>
  embedded(
    namespace,
    metricsOf(outcome),
    at,
    outcome.status < 400 && !outcome.refused ? {} : { Code: outcome.code },
  )
