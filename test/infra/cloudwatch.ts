import type { Template } from 'aws-cdk-lib/assertions'
import { propertiesOf, resourcesOf } from './synthesised.ts'

/**
 * What CloudWatch makes of metric data, by AWS's documentation: the statistics, metric math and alarm rules
 * that this stack uses. Alarms are evaluated every minute over periods that end there.
 */

/** Data of a metric by minute, under `keyOf`. */
export type MetricData = Map<string, number[][]>

/** The identity of a metric: namespace, name and dimensions. */
export const keyOf = (
  namespace: string,
  name: string,
  dimensions: Readonly<Record<string, string>> = {},
): string => JSON.stringify([namespace, name, Object.entries(dimensions).toSorted()])

type Series = readonly (number | undefined)[]

/** Whether FILL fills a metric without any data. AWS does not say, so an alarm has to be right either way. */
export type FillOfNothing = 'filled' | 'nothing'

const statistics: Readonly<Record<string, (values: readonly number[]) => number>> = {
  Sum: (values) => values.reduce((sum, value) => sum + value, 0),
  Maximum: (values) => Math.max(...values),
  Minimum: (values) => Math.min(...values),
  p99: (values) => values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? 0,
}

type Dimension = { Name: string; Value: unknown }
type MetricIdentity = { Namespace: string; MetricName: string; Dimensions?: Dimension[] }
type Query = {
  Id: string
  Expression?: string
  MetricStat?: { Metric: MetricIdentity; Period: number; Stat: string }
  ReturnData?: boolean
}
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

/** An alarm over data up to a minute. */
type Watched = Readonly<{ alarm: Alarm; data: MetricData; end: number; fill: FillOfNothing }>

/** Two periods more than are judged, for DIFF. */
const periodsOf = <T>({ alarm }: Watched, of: (at: number, length: number) => T): T[] => {
  const length = alarm.EvaluationPeriods + 2
  return Array.from({ length }, (_, at) => of(at, length))
}

const seriesOfMetric = (on: Watched, metric: MetricIdentity, stat = '', seconds = 60): Series => {
  const dimensions = (metric.Dimensions ?? []).map(({ Name, Value }) => [Name, dimensionText(Value)])
  const key = keyOf(metric.Namespace, metric.MetricName, Object.fromEntries(dimensions))
  const points = on.data.get(key) ?? []
  const statistic = statistics[stat]
  if (statistic === undefined) throw new TypeError(`the statistic ${stat} is not known here`)
  const minutes = seconds / 60
  return periodsOf(on, (at, length) => {
    const from = on.end - (length - at) * minutes
    const values = points.slice(Math.max(0, from), Math.max(0, from + minutes)).flat()
    return values.length === 0 ? undefined : statistic(values)
  })
}

const choose = (condition: boolean, yes: number, no: number): number => (condition ? yes : no)
const filled = (value: number | undefined, filler: number) => (Number.isNaN(value) ? filler : value)
const difference = (at: number, of: (at: number) => number): number => of(at) - of(at - 1)

/** Metric math as JavaScript: IF, FILL and DIFF are functions, and a metric is looked up by its name. */
const scriptOf = (expression: string) => {
  const script = expression
    .replaceAll(/\bAND\b/g, '&&')
    .replaceAll(/\bOR\b/g, '||')
    .replaceAll(/\b[a-z]\w*\b/g, 'VALUE("$&", AT)')
    .replaceAll('DIFF(', 'DIFF(AT, (AT) => ')
  return new Function('IF', 'FILL', 'DIFF', 'VALUE', 'AT', `return ${script}`)
}

/** A metric or an expression, period by period. What is missing is NaN in an expression. */
const seriesOfQuery = (on: Watched, { MetricStat, Expression = '' }: Query): Series => {
  if (MetricStat) return seriesOfMetric(on, MetricStat.Metric, MetricStat.Stat, MetricStat.Period)
  const known = new Map<string, Series>()
  const value = (id: string, at: number): number | undefined => {
    const query = on.alarm.Metrics?.find(({ Id }) => Id === id)
    if (query === undefined) throw new TypeError(`${on.alarm.AlarmName} has no ${id}`)
    const series = known.get(id) ?? seriesOfQuery(on, query)
    known.set(id, series)
    const isEmpty = series.every((one) => one === undefined)
    return isEmpty && on.fill === 'nothing' ? undefined : (series[at] ?? Number.NaN)
  }
  const script = scriptOf(Expression)
  return periodsOf(on, (at) => {
    const result = Number(script(choose, filled, difference, value, at))
    return Number.isNaN(result) ? undefined : result
  })
}

const seriesOf = (on: Watched): Series => {
  const { Metrics, Statistic, ExtendedStatistic, Period } = on.alarm
  if (Metrics === undefined) return seriesOfMetric(on, on.alarm, Statistic ?? ExtendedStatistic, Period)
  return Metrics.filter(({ ReturnData }) => ReturnData !== false).flatMap((query) => seriesOfQuery(on, query))
}

const isInAlarm = (on: Watched, was: boolean): boolean => {
  const { EvaluationPeriods, DatapointsToAlarm, ComparisonOperator, Threshold, ...alarm } = on.alarm
  const judged = seriesOf(on).slice(-EvaluationPeriods)
  const breaches = (value: number): boolean =>
    ComparisonOperator === 'LessThanThreshold' ? value < Threshold : value >= Threshold
  const bad = judged.filter((value) => value !== undefined && breaches(value)).length
  const silent = judged.filter((value) => value === undefined).length
  if (bad >= DatapointsToAlarm) return true
  if (bad + silent < DatapointsToAlarm) return false
  // Alarms on DynamoDB's own metrics ignore missing data, whatever their settings say.
  const isOnDynamoDb = JSON.stringify(alarm).includes('"AWS/DynamoDB"')
  const treated = isOnDynamoDb ? 'ignore' : alarm.TreatMissingData
  return treated === 'breaching' || (treated === 'ignore' && was)
}

/** The names of the alarms of a template that ring at some minute. */
export const ringing = (
  template: Template,
  data: MetricData,
  minutes: { from: number; to: number },
  fill: FillOfNothing,
): string[] => {
  const simple = resourcesOf(template, 'AWS::CloudWatch::Alarm').map(
    ([id, { Properties }]) => [id, Properties as unknown as Alarm] as const,
  )
  const rang = new Set<string>()
  for (const [id, alarm] of simple) {
    let rings = false
    for (let end = minutes.from; end <= minutes.to; end++) {
      rings = isInAlarm({ alarm, data, end, fill }, rings)
      if (rings) rang.add(id)
    }
  }
  const composite = propertiesOf(template, 'AWS::CloudWatch::CompositeAlarm').filter(({ AlarmRule }) => {
    const rule = JSON.stringify(AlarmRule)
    if (/AND|NOT|OK\(/.test(rule)) throw new TypeError(`only OR is known here: ${rule}`)
    return [...rule.matchAll(/"Fn::GetAtt":\["(\w+)"/g)].some(([, id = '']) => rang.has(id))
  })
  return [
    ...simple.flatMap(([id, { AlarmName }]) => (rang.has(id) ? [AlarmName] : [])),
    ...composite.map(({ AlarmName }) => String(AlarmName)),
  ]
}
