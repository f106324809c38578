import type { Template } from 'aws-cdk-lib/assertions'
import { resourcesOf } from './synthesised.ts'

/**
 * What CloudWatch makes of metric data, by AWS's documentation: the statistics, metric math and alarm rules that
 * this stack uses.
 * Alarms are evaluated every minute over periods that end there.
 */

/** Data of a metric by minute, under `keyOf`. */
export type MetricData = Map<string, number[][]>

/** The identity of a metric: namespace, name and dimensions. */
export const keyOf = (
  namespace: string,
  name: string,
  dimensions: Readonly<Record<string, string>> = {},
): string => JSON.stringify([namespace, name, Object.entries(dimensions).toSorted()])

type Value = number | undefined
type Series = readonly Value[]

/** Whether FILL fills a metric without any data. AWS does not say, so an alarm has to be right either way. */
export type FillOfNothing = 'filled' | 'nothing'

const statistics: Readonly<Record<string, (values: readonly number[]) => number>> = {
  Sum: (values) => values.reduce((sum, value) => sum + value, 0),
  Maximum: (values) => Math.max(...values),
  Minimum: (values) => Math.min(...values),
  p99: (values) => values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? 0,
}

const zip = (length: number, of: (at: number) => Value): Series => Array.from({ length }, (_, at) => of(at))

/** The result for each argument, worked out once: alarms are evaluated every minute of a day. */
const once = <K, V>(work: (argument: K) => V, known = new Map<K, V>()): ((argument: K) => V) => {
  return (argument) => {
    const value = known.get(argument) ?? work(argument)
    known.set(argument, value)
    return value
  }
}

/** Metric math as JavaScript: IF, FILL and DIFF are functions, and a metric is looked up by its name. */
const scriptOf = once((expression: string) => {
  const script = expression
    .replaceAll(/\bAND\b/g, '&&')
    .replaceAll(/\bOR\b/g, '||')
    .replaceAll('DIFF(', 'DIFF(() => ')
    .replaceAll(/\b[a-z]\w*\b/g, 'value("$&")')
  return new Function('IF', 'FILL', 'DIFF', 'value', `return ${script}`)
})

/** Evaluates an expression over series of this length, point by point. What is missing is NaN meanwhile. */
const evaluate = (
  expression: string,
  seriesOf: (id: string) => Series,
  length: number,
  fillOfNothing: FillOfNothing,
): Series => {
  let at = 0
  const value = (id: string): number | undefined => {
    const series = seriesOf(id)
    const isEmpty = series.every((one) => one === undefined)
    return isEmpty && fillOfNothing === 'nothing' ? undefined : (series[at] ?? Number.NaN)
  }
  const choose = (condition: boolean, yes: number, no: number): number => (condition ? yes : no)
  const fill = (one: number | undefined, filler: number) => (Number.isNaN(one) ? filler : one)
  const difference = (of: () => number): number => {
    const now = of()
    at--
    const before = of()
    at++
    return now - before
  }
  const script = scriptOf(expression)
  return zip(length, (index) => {
    at = index
    const result = Number(script(choose, fill, difference, value))
    return Number.isNaN(result) ? undefined : result
  })
}

type Query = {
  Id: string
  Expression?: string
  MetricStat?: { Metric: MetricIdentity; Period: number; Stat: string }
  ReturnData?: boolean
}
type Dimension = { Name: string; Value: unknown }
type MetricIdentity = { Namespace: string; MetricName: string; Dimensions?: Dimension[] }
type Alarm = MetricIdentity & {
  AlarmName: string
  Metrics?: Query[]
  Period: number
  Statistic?: string
  ExtendedStatistic?: string
  Threshold: number
  ComparisonOperator: 'GreaterThanOrEqualToThreshold' | 'LessThanThreshold'
  DatapointsToAlarm: number
  EvaluationPeriods: number
  TreatMissingData: 'notBreaching' | 'breaching' | 'ignore'
}

/** References in a dimension are shown as the logical id without its hash. */
const dimensionText = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : (/"([A-Za-z0-9]+?)(?:[0-9A-F]{8})?"\]?\}/.exec(JSON.stringify(value))?.[1] ?? '')

const keyOfMetric = once(({ Namespace, MetricName, Dimensions = [] }: MetricIdentity): string => {
  const named = Dimensions.map(({ Name, Value }) => [Name, dimensionText(Value)] as const)
  return keyOf(Namespace, MetricName, Object.fromEntries(named))
})

const seriesOfMetric = (
  data: MetricData,
  metric: MetricIdentity,
  stat: string,
  minutes: number,
  { end, length }: { end: number; length: number },
): Series => {
  const points = data.get(keyOfMetric(metric)) ?? []
  const statistic = statistics[stat]
  if (statistic === undefined) throw new TypeError(`the statistic ${stat} is not known here`)
  return zip(length, (at) => {
    const from = end - (length - at) * minutes
    const values = points.slice(Math.max(0, from), Math.max(0, from + minutes)).flat()
    return values.length === 0 ? undefined : statistic(values)
  })
}

/** Two periods more than are judged, for DIFF. */
const seriesOfAlarm = (alarm: Alarm, data: MetricData, end: number, fill: FillOfNothing): Series => {
  const length = alarm.EvaluationPeriods + 2
  const window = { end, length }
  if (alarm.Metrics === undefined) {
    const stat = alarm.Statistic ?? alarm.ExtendedStatistic ?? ''
    return seriesOfMetric(data, alarm, stat, alarm.Period / 60, window)
  }
  const known = new Map<string, Series>()
  const seriesOf = (id: string): Series => {
    const query = alarm.Metrics?.find(({ Id }) => Id === id)
    if (query === undefined) throw new TypeError(`${alarm.AlarmName} has no ${id}`)
    const { MetricStat, Expression } = query
    const series =
      known.get(id) ??
      (MetricStat
        ? seriesOfMetric(data, MetricStat.Metric, MetricStat.Stat, MetricStat.Period / 60, window)
        : evaluate(Expression ?? '', seriesOf, length, fill))
    known.set(id, series)
    return series
  }
  const returned = alarm.Metrics.find(({ ReturnData }) => ReturnData !== false)
  return seriesOf(returned?.Id ?? '')
}

/** Alarms on DynamoDB's own metrics ignore missing data, whatever their settings say. */
const isOnDynamoDb = once(({ Namespace, Metrics = [] }: Alarm): boolean =>
  [Namespace, ...Metrics.map(({ MetricStat }) => MetricStat?.Metric.Namespace)].includes('AWS/DynamoDB'),
)

const isInAlarm = (
  alarm: Alarm,
  data: MetricData,
  end: number,
  was: boolean,
  fill: FillOfNothing,
): boolean => {
  const judged = seriesOfAlarm(alarm, data, end, fill).slice(-alarm.EvaluationPeriods)
  const breaches = (value: number): boolean =>
    alarm.ComparisonOperator === 'LessThanThreshold' ? value < alarm.Threshold : value >= alarm.Threshold
  const bad = judged.filter((value) => value !== undefined && breaches(value)).length
  const silent = judged.filter((value) => value === undefined).length
  const treated = isOnDynamoDb(alarm) ? 'ignore' : alarm.TreatMissingData
  if (bad >= alarm.DatapointsToAlarm) return true
  const mayBeBad = bad + silent >= alarm.DatapointsToAlarm
  if (treated === 'breaching') return mayBeBad
  return treated === 'ignore' && mayBeBad ? was : false
}

/** The alarms of a template that ring at some minute, in the order in which they begin, with that minute. */
export const ringing = (
  template: Template,
  data: MetricData,
  minutes: { from: number; to: number },
  fill: FillOfNothing,
): ReadonlyMap<string, number> => {
  const simple = resourcesOf(template, 'AWS::CloudWatch::Alarm').map(
    ([id, { Properties }]) => [id, Properties as unknown as Alarm] as const,
  )
  const composite = resourcesOf(template, 'AWS::CloudWatch::CompositeAlarm').map(([, { Properties }]) => {
    const rule = JSON.stringify(Properties.AlarmRule)
    if (/AND|NOT|OK\(/.test(rule)) throw new TypeError(`only OR is known here: ${rule}`)
    const parts = [...rule.matchAll(/"Fn::GetAtt":\["(\w+)"/g)].map(([, id = '']) => id)
    return [String(Properties.AlarmName), parts] as const
  })
  const state = new Map<string, boolean>()
  const began = new Map<string, number>()
  const ring = (name: string, minute: number) => began.set(name, began.get(name) ?? minute)
  for (let minute = minutes.from; minute <= minutes.to; minute++) {
    for (const [id, alarm] of simple) {
      const rings = isInAlarm(alarm, data, minute, state.get(id) ?? false, fill)
      state.set(id, rings)
      if (rings) ring(alarm.AlarmName, minute)
    }
    for (const [name, parts] of composite) if (parts.some((id) => state.get(id))) ring(name, minute)
  }
  return began
}
