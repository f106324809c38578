import type { Template } from 'aws-cdk-lib/assertions'
import { propertiesOf, resourcesOf } from './synthesised.ts'

/**
 * CloudWatch's statistics, metric math and alarm evaluation, as documented by AWS and as far as this stack
 * uses them. Alarms are evaluated every minute over periods that end at that minute.
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

/** Whether FILL fills a metric without any data. AWS does not document it, so tests try both. */
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

/** An alarm, and the data up to the minute of its evaluation. */
type Evaluation = Readonly<{ alarm: Alarm; data: MetricData; end: number; fill: FillOfNothing }>

/** Values for the evaluated periods and two earlier ones, which DIFF needs. */
const periodsOf = <T>({ alarm }: Evaluation, of: (at: number, length: number) => T): T[] => {
  const length = alarm.EvaluationPeriods + 2
  return Array.from({ length }, (_, at) => of(at, length))
}

const seriesOfMetric = (on: Evaluation, metric: MetricIdentity, stat = '', seconds = 60): Series => {
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
const seriesOfQuery = (on: Evaluation, { MetricStat, Expression = '' }: Query): Series => {
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

const seriesOf = (on: Evaluation): Series => {
  const { Metrics, Statistic, ExtendedStatistic, Period } = on.alarm
  if (Metrics === undefined) return seriesOfMetric(on, on.alarm, Statistic ?? ExtendedStatistic, Period)
  return Metrics.filter(({ ReturnData }) => ReturnData !== false).flatMap((query) => seriesOfQuery(on, query))
}

const isInAlarm = (on: Evaluation, was: boolean): boolean => {
  const { EvaluationPeriods, DatapointsToAlarm, ComparisonOperator, Threshold, ...alarm } = on.alarm
  const judged = seriesOf(on).slice(-EvaluationPeriods)
  const breaches = (value: number): boolean =>
    ComparisonOperator === 'LessThanThreshold' ? value < Threshold : value >= Threshold
  const bad = judged.filter((value) => value !== undefined && breaches(value)).length
  const missing = judged.filter((value) => value === undefined).length
  if (bad >= DatapointsToAlarm) return true
  if (bad + missing < DatapointsToAlarm) return false
  // Alarms on DynamoDB's own metrics ignore missing data, whatever their settings say.
  const isOnDynamoDb = JSON.stringify(alarm).includes('"AWS/DynamoDB"')
  const treated = isOnDynamoDb ? 'ignore' : alarm.TreatMissingData
  return treated === 'breaching' || (treated === 'ignore' && was)
}

/** The names of the alarms of a template that are on at any of these minutes. */
export const alarmsDuring = (
  template: Template,
  data: MetricData,
  minutes: { from: number; to: number },
  fill: FillOfNothing,
): string[] => {
  const simple = resourcesOf(template, 'AWS::CloudWatch::Alarm').map(
    ([id, { Properties }]) => [id, Properties as unknown as Alarm] as const,
  )
  const wereOn = new Set<string>()
  for (const [id, alarm] of simple) {
    let isOn = false
    for (let end = minutes.from; end <= minutes.to; end++) {
      isOn = isInAlarm({ alarm, data, end, fill }, isOn)
      if (isOn) wereOn.add(id)
    }
  }
  const composite = propertiesOf(template, 'AWS::CloudWatch::CompositeAlarm').filter(({ AlarmRule }) => {
    const rule = JSON.stringify(AlarmRule)
    if (/AND|NOT|OK\(/.test(rule)) throw new TypeError(`only OR is known here: ${rule}`)
    return [...rule.matchAll(/"Fn::GetAtt":\["(\w+)"/g)].some(([, id = '']) => wereOn.has(id))
  })
  return [
    ...simple.flatMap(([id, { AlarmName }]) => (wereOn.has(id) ? [AlarmName] : [])),
    ...composite.map(({ AlarmName }) => String(AlarmName)),
  ]
}
