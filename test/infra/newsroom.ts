import type { Template } from 'aws-cdk-lib/assertions'
import { requestMetrics } from '../../lib/metrics.ts'
import { type HttpRouteName, methodAndPath, routes } from '../../lib/routes.ts'
import { keyOf, type MetricData } from './cloudwatch.ts'
import { resourcesOf } from './synthesised.ts'

/** Metric data of days in a newsroom, as its functions, API Gateway and Lambda would report them. */

/** Answers of one minute. `refusedBy`: the function is not called at all, or does not come to its log line. */
type Answers = Readonly<{
  route: HttpRouteName
  status: number
  code?: string
  times?: number
  without?: 'function' | 'log line'
}>

/** What refresh-state reports in a minute; nothing when it does not run. */
type Refresh =
  | Readonly<{ failed?: boolean; inGrace?: boolean; stateAge: number; healthy?: boolean }>
  | 'silent'

/** What happens in a minute. */
export type Happening = Readonly<{
  answers: readonly Answers[]
  refresh?: Refresh
  more?: Readonly<Record<string, number>>
}>

const stack = 'imsg-service'

type Filter = { pattern: RegExp; name: string; dimension: string | undefined }

const filtersOf = (template: Template): Filter[] =>
  resourcesOf(template, 'AWS::Logs::MetricFilter').map(([, { Properties }]) => {
    const [, status = ''] = /^\{ \$\.status = "([\d*]+)" \}$/.exec(String(Properties.FilterPattern)) ?? []
    const [{ MetricName = '', Dimensions = [] } = {}] = Properties.MetricTransformations as {
      MetricName?: string
      Dimensions?: { Key: string; Value: string }[]
    }[]
    return {
      pattern: new RegExp(`^${status.replace('*', '.*')}$`),
      name: MetricName,
      dimension: Dimensions[0]?.Key,
    }
  })

/** The data of so many minutes. */
export const dataOf = (
  template: Template,
  minutes: number,
  happens: (minute: number) => Happening,
): MetricData => {
  const data: MetricData = new Map()
  const filters = filtersOf(template)
  const put = (minute: number, key: string, ...values: readonly number[]): void => {
    const points = data.get(key) ?? Array.from({ length: minutes }, () => [])
    data.set(key, points)
    points[minute]?.push(...values)
  }
  const answered = (minute: number, { route, status, code = 'ok', times = 1, without }: Answers): void => {
    const { method, path } = methodAndPath(routes[route]) ?? { method: '', path: '' }
    for (const { pattern, name, dimension } of filters)
      if (pattern.test(String(status)))
        put(minute, keyOf(stack, name, dimension ? { [dimension]: `${method} ${path}` } : {}), times)
    if (without === 'function') return
    const dimensions = { FunctionName: route.replaceAll('-', '') }
    put(minute, keyOf('AWS/Lambda', 'Invocations', dimensions), times)
    put(minute, keyOf('AWS/Lambda', 'Errors', dimensions), without === 'log line' ? times : 0)
    if (without === 'log line') return
    const line = requestMetrics(
      stack,
      { route, status, code, refused: status >= 400, cookieBytes: 900, person: true },
      0,
    )
    const { _aws: { CloudWatchMetrics = [] } = {} } = line as {
      _aws?: { CloudWatchMetrics: { Dimensions: string[][]; Metrics: { Name: string }[] }[] }
    }
    for (const { Dimensions, Metrics } of CloudWatchMetrics)
      for (const { Name } of Metrics) {
        const named = Object.fromEntries((Dimensions[0] ?? []).map((key) => [key, String(line[key])]))
        const value = Number(line[Name])
        put(minute, keyOf(stack, Name, named), Name === 'HeaderBytes' ? value : value * times)
      }
  }
  for (let minute = 0; minute < minutes; minute++) {
    const { answers, refresh = { stateAge: 5 }, more = {} } = happens(minute)
    for (const answer of answers) answered(minute, answer)
    if (refresh !== 'silent') {
      const { failed = false, inGrace = failed, stateAge, healthy = true } = refresh
      put(minute, keyOf(stack, 'RefreshSucceeded'), failed ? 0 : 1)
      put(minute, keyOf(stack, 'RefreshFailed'), failed ? 1 : 0)
      put(minute, keyOf(stack, 'InGrace'), inGrace ? 1 : 0)
      put(minute, keyOf(stack, 'StateAge'), stateAge)
      put(minute, keyOf(stack, 'PublicHealth'), healthy ? 1 : 0)
    }
    for (const [key, value] of Object.entries(more)) put(minute, key, value)
  }
  return data
}

/** A login that ends well. */
export const login: readonly Answers[] = [
  { route: 'login', status: 302 },
  { route: 'callback', status: 302, code: 'session_set' },
]

/** One poll every five seconds from so many tabs. */
export const polls = (tabs: number, status = 200, code = 'ok'): Answers[] =>
  tabs > 0 ? [{ route: 'token-is-set', status, code, times: Math.round(tabs * 12) }] : []

/** Of a day in a newsroom: the tabs that are open at a minute, growing from eight to nine and going from five to six. */
const openTabs = (all: number, minute: number): number => {
  const hour = (minute % 1440) / 60
  const share = Math.min(hour - 8, 18 - hour, 1)
  return Math.round(all * Math.max(0, share))
}

/** A day of a newsroom with so many tabs: everybody is refused once and signs in, asks for units, and signs out. */
export const ordinaryDay = (tabs: number, minute: number): Answers[] => {
  const now = openTabs(tabs, minute)
  const come = Math.max(0, now - openTabs(tabs, minute - 1))
  const gone = Math.max(0, openTabs(tabs, minute - 1) - now)
  const coming = Array.from({ length: come }, () => [
    { route: 'token-is-set', status: 401, code: 'token_expired' } as const,
    ...login,
    { route: 'units', status: 200 } as const,
  ]).flat()
  const going = Array.from({ length: gone }, () => ({ route: 'logout', status: 200 }) as const)
  return [...polls(now), ...coming, ...going]
}
