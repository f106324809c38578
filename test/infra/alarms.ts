import { deepEqual, equal, ok } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { Template } from 'aws-cdk-lib/assertions'
import { accessLogMetrics } from '../../infra/access-log.ts'
import { alarms, compositeAlarms, routeAlarms } from '../../infra/alarms.ts'
import { emitted } from '../../infra/metrics.ts'
import type { Texts } from '../../infra/settings.ts'
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
const entries = new Map(
  runbook
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), text] as const),
)
const whole = JSON.stringify(template.toJSON())
/** What rings only in some deployments. */
const everything = {
  ...listening,
  LOGIN_BINDING: 'off',
  DOMAIN_CERTIFICATE_ARN: 'arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d',
}
const alarmsOf = (of: Template) => [
  ...resourcesOf(of, 'AWS::CloudWatch::Alarm'),
  ...resourcesOf(of, 'AWS::CloudWatch::CompositeAlarm'),
]
const namesOf = (of: Template): string[] =>
  alarmsOf(of).map(([, { Properties }]) => String(Properties.AlarmName).replace('imsg-service-', ''))

describe('the alarms', () => {
  it('are those of the rows, those of the routes, and those that put them together', () => {
    const names = [
      ...Object.keys(alarms),
      ...Object.keys(routeAlarms).map((route) => `${route}-errors`),
      ...Object.keys(compositeAlarms),
    ]
    deepEqual(namesOf(templateOf(everything)).toSorted(), names.toSorted())
  })

  it('watch a certificate, a public address and a given-up protection only where there is one', () => {
    const local = { ...least, PUBLIC_URL: 'http://localhost:3000' }
    const conditional = ['certificate-expiring', 'login-unbound', 'public-health']
    const of = (texts: Texts) => namesOf(templateOf(texts)).filter((name) => conditional.includes(name))
    deepEqual(of(local), [])
    deepEqual(of(least), ['public-health'])
    deepEqual(of(everything).toSorted(), conditional)
  })

  it('count server errors of every route that people use', () => {
    const seenElsewhere = ['health', 'login-failed', 'not-found', 'refresh-state']
    const used = Object.keys(routes).filter((name) => !seenElsewhere.includes(name))
    deepEqual(Object.keys(routeAlarms).toSorted(), used.toSorted())
  })

  it('say themselves what to check and do, from an entry of the runbook, which those on server errors share', () => {
    const onRoutes = Object.keys(routeAlarms).map((route) => `${route}-errors`)
    const names = namesOf(templateOf(everything)).filter((name) => !onRoutes.includes(name))
    deepEqual([...entries.keys()].toSorted(), [...names, 'server-errors', 'Reading frames'].toSorted())
    for (const [, { Properties }] of alarmsOf(templateOf(everything))) {
      const said = String(Properties.AlarmDescription)
      const [, entry = ''] = /^.+\. Check: .+\. Do: .+\. \(docs\/runbook\.md#(\S+)\)$/.exec(said) ?? []
      const name = String(Properties.AlarmName).replace('imsg-service-', '')
      equal(entry, onRoutes.includes(name) ? 'server-errors' : name, said)
      ok(!said.includes(']('), said)
      // What CloudWatch takes.
      ok(said.length <= 1024, `${said.length}: ${said}`)
    }
  })

  it('are explained in three sentences: what it means, what to check, what to do', () => {
    for (const [name, text] of entries) {
      if (name === 'Reading frames') continue
      const sentences = text.split('\n').slice(1).filter(Boolean)
      deepEqual(
        sentences.map((sentence) => /^- \*\*(\w+):\*\* [^.].*\.$/.exec(sentence)?.[1]),
        ['Means', 'Check', 'Do'],
        name,
      )
      for (const sentence of sentences) ok(!/[.!?] +[A-Z]/.test(sentence), `${name}: ${sentence}`)
    }
  })

  it('tell the topic when they begin and when they end', () => {
    for (const [, { Properties }] of alarmsOf(template)) {
      const { AlarmActions, OKActions } = Properties
      deepEqual([target(AlarmActions), target(OKActions)], ['alarms', 'alarms'])
    }
  })

  it('ring for silence only where a report is due every minute', () => {
    const silent = [...found]
      .filter(([, { TreatMissingData }]) => TreatMissingData === 'breaching')
      .map(([name]) => name)
    deepEqual(silent, ['imsg-service-refresh-not-running', 'imsg-service-public-health'])
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

  it('and the dashboard read only metrics that somebody emits, and all of them', () => {
    const known = [...Object.keys(emitted), ...Object.keys(accessLogMetrics)]
    const everyAlarm = JSON.stringify(templateOf(everything).toJSON())
    const shown = [...everyAlarm.matchAll(/\\"imsg-service\\",\\"(\w+)\\"/g)].map(([, name]) => name ?? '')
    const alarmed = [...everyAlarm.matchAll(/"MetricName":"(\w+)","Namespace":"imsg-service"/g)].map(
      ([, name]) => name ?? '',
    )
    const byCode = [...whole.matchAll(/MetricName=\\*"(\w+)/g)].map(([, name]) => name ?? '')
    deepEqual(byCode, ['LoginFailed'])
    const read = [...shown, ...alarmed]
    deepEqual([...new Set(read)].toSorted(), known.toSorted())
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
})
