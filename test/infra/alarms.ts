import { deepEqual, equal, ok } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { Template } from 'aws-cdk-lib/assertions'
import { alarms, functionAlarms } from '../../infra/alarms.ts'
import { emitted } from '../../infra/metrics.ts'
import { routes } from '../../lib/routes.ts'
import { least, listening, only, resourcesOf, stackOf, target, templateOf } from './synthesised.ts'

const template = templateOf(listening)
const found = new Map(
  resourcesOf(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => {
    const { AlarmName } = Properties
    return [String(AlarmName), Properties]
  }),
)
const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8')
const entries = [...runbook.matchAll(/^## (\S+)$/gm)].map(([, name]) => name)
const whole = JSON.stringify(template.toJSON())

describe('the alarms', () => {
  it('are those of the rows, and those of each function', () => {
    const ofFunctions = Object.keys(routes).flatMap((route) =>
      Object.keys(functionAlarms).map((name) => name.replace('function', route)),
    )
    const names = [...Object.keys(alarms), ...ofFunctions].map((name) => `imsg-service-${name}`)
    deepEqual([...found.keys()].toSorted(), names.toSorted())
  })

  it('lead to an entry of the runbook each, and every entry belongs to one', () => {
    deepEqual(entries.toSorted(), [...Object.keys(alarms), ...Object.keys(functionAlarms)].toSorted())
    for (const [name, { AlarmDescription }] of found) {
      const [, entry] = /docs\/runbook\.md#(\S+)$/.exec(String(AlarmDescription)) ?? []
      ok(entries.includes(entry), name)
    }
  })

  it('tell the topic when they begin and when they end', () => {
    for (const [, { AlarmActions, OKActions }] of found)
      deepEqual([target(AlarmActions), target(OKActions)], ['alarms', 'alarms'])
  })

  it('ring for silence only where a report is due every minute', () => {
    const silent = [...found]
      .filter(([, { TreatMissingData }]) => TreatMissingData === 'breaching')
      .map(([name]) => name)
    deepEqual(silent, ['imsg-service-refresh-not-running'])
    const unmoved = [...found]
      .filter(([, { TreatMissingData }]) => TreatMissingData === 'ignore')
      .map(([name]) => name)
    deepEqual(unmoved, ['imsg-service-in-grace', 'imsg-service-state-too-old'])
  })

  it('ring at half of the grace period', () => {
    const { Threshold } = found.get('imsg-service-state-too-old') ?? {}
    equal(Threshold, 3600)
  })

  it('ring before the cookies of a login fill the 10,240 bytes that API Gateway takes', () => {
    const { Metrics, Threshold } = found.get('imsg-service-cookies-large') ?? {}
    const [{ MetricStat }] = Metrics as [{ MetricStat: { Metric: { MetricName: string }; Stat: string } }]
    deepEqual([MetricStat.Metric.MetricName, MetricStat.Stat, Threshold], ['HeaderBytes', 'p99', 7000])
  })

  it('and the dashboard read only metrics that functions emit', () => {
    const shown = [...whole.matchAll(/\\"imsg-service\\",\\"(\w+)\\"/g)].map(([, name]) => name)
    const alarmed = [...whole.matchAll(/"MetricName":"(\w+)","Namespace":"imsg-service"/g)].map(
      ([, name]) => name,
    )
    ok(alarmed.length > 0)
    for (const name of [...shown, ...alarmed]) ok(name && name in emitted, name)
    deepEqual(
      Object.keys(emitted).filter((name) => !shown.includes(name)),
      [],
    )
  })

  it('and the dashboard of another deployment read the metrics of that one alone', () => {
    const other = JSON.stringify(Template.fromStack(stackOf(listening, 'imsg-service-blue')).toJSON())
    const unescaped = other.replaceAll('\\', '')
    ok(!/"imsg-service"/.test(unescaped))
    for (const named of [
      '"METRICS_NAMESPACE":"imsg-service-blue"',
      '"Namespace":"imsg-service-blue"',
      // Unquoted, a name with a hyphen is not found.
      `SEARCH('{"imsg-service-blue",Code}`,
    ])
      ok(unescaped.includes(named), named)
  })

  it('read no metric that nobody emits', () => {
    const lib = new URL('../../lib/', import.meta.url)
    const source = readdirSync(lib, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(new URL(file, lib), 'utf8'))
      .join()
    for (const name of Object.keys(emitted)) ok(source.includes(`'${name}'`), name)
  })
})

describe('the topic', () => {
  it('is encrypted and lets our alarms in, over TLS alone', () => {
    const { KmsMasterKeyId } = only(template, 'AWS::SNS::Topic').Properties
    equal(target(KmsMasterKeyId), 'alarmskey')
    const { PolicyDocument } = only(template, 'AWS::SNS::TopicPolicy').Properties
    const { Statement } = PolicyDocument as { Statement: Record<string, unknown>[] }
    const said = Statement.map(({ Effect, Action, Condition }) => [Effect, Action, Condition])
    deepEqual(said, [
      ['Deny', 'sns:Publish', { Bool: { 'aws:SecureTransport': 'false' } }],
      ['Allow', 'sns:Publish', { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } }],
    ])
  })

  it('writes to the mailbox that was given', () => {
    template.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'email',
      Endpoint: 'operators@example.com',
    })
    templateOf(least).resourceCountIs('AWS::SNS::Subscription', 0)
  })
})
