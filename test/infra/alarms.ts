import { deepEqual, equal, ok } from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Template } from 'aws-cdk-lib/assertions'
import { accessLogMetrics } from '../../infra/access-log.ts'
import { routeAlarms } from '../../infra/alarms.ts'
import { accessLogFields } from '../../infra/api.ts'
import { emitted } from '../../infra/metrics.ts'
import { deploymentSettings, type Texts } from '../../infra/settings.ts'
import { settings } from '../../lib/config.ts'
import { catalogue } from '../../lib/problem.ts'
import { methodsAndPaths, type Route, routes } from '../../lib/routes.ts'
import { root } from '../../local/synthesis.ts'
import {
  everything,
  least,
  listening,
  only,
  type Properties,
  propertiesOf,
  stackOf,
  target,
  templateOf,
} from './synthesised.ts'

const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const runbook = read('docs/runbook.md')
const template = templateOf(listening)

const whole = JSON.stringify(templateOf(everything).toJSON())

const alarmsOf = (texts: Texts) =>
  ['Alarm', 'CompositeAlarm']
    .flatMap((type) => propertiesOf(templateOf(texts), `AWS::CloudWatch::${type}`))
    .map((alarm): Properties => ({ ...alarm, name: String(alarm.AlarmName).replace('imsg-service-', '') }))
const namesOf = (texts: Texts): string[] => alarmsOf(texts).map(({ name }) => String(name))

describe('The alarms', () => {
  it('include those for certificate, public address and weakened settings only where they apply', () => {
    const local = { ...least, PUBLIC_URL: 'http://localhost:3000' }
    const conditional = ['certificate-expiring', 'login-unbound', 'public-health']
    const of = (texts: Texts) => namesOf(texts).filter((name) => conditional.includes(name))
    deepEqual(of(local), [])
    deepEqual(of(least), ['public-health'])
    deepEqual(of(everything).toSorted(), conditional)
  })

  it('include one for server errors of every route that people use', () => {
    const seenElsewhere = ['health', 'login-failed', 'not-found', 'refresh-state']
    const used = Object.keys(routes).filter((name) => !seenElsewhere.includes(name))
    deepEqual(Object.keys(routeAlarms).toSorted(), used.toSorted())
  })

  it('say what to check and do, as their runbook entry does; all server-error alarms share an entry', () => {
    const sections = runbook.split(/^## /m).slice(1)
    const entries = new Map(sections.map((text) => [text.slice(0, text.indexOf('\n')), text]))
    const onRoutes = Object.keys(routeAlarms).map((route) => `${route}-errors`)
    const names = namesOf(everything).filter((name) => !onRoutes.includes(name))
    deepEqual([...entries.keys()].toSorted(), [...names, 'server-errors', 'Reading frames'].toSorted())
    for (const { name, AlarmDescription } of alarmsOf(everything)) {
      const said = String(AlarmDescription)
      const [, entry = ''] = /^.+\. Check: .+\. Do: .+\. \(docs\/runbook\.md#(\S+)\)$/.exec(said) ?? []
      equal(entry, onRoutes.includes(String(name)) ? 'server-errors' : name, said)
      const parts = [...(entries.get(entry) ?? '').matchAll(/^- \*\*(\w+):\*\* [^.].*\.$/gm)]
      deepEqual(
        parts.map(([, part]) => part),
        ['Means', 'Check', 'Do'],
      )
      // The maximum length in CloudWatch, and no links.
      ok(said.length <= 1024 && !said.includes(']('), said)
    }
  })

  it('notify the topic when they go on and off', () => {
    for (const { AlarmActions, OKActions } of alarmsOf(listening))
      deepEqual([target(AlarmActions), target(OKActions)], ['alarms', 'alarms'])
  })

  it('treat missing data as good, except the listed ones', () => {
    const treated = alarmsOf(everything).map(({ name, TreatMissingData }) => [TreatMissingData, name])
    const named = (treatment: string) => treated.flatMap(([how, name]) => (how === treatment ? [name] : []))
    deepEqual(named('ignore'), ['in-grace', 'state-too-old'])
    deepEqual(named('breaching'), ['refresh-not-running', 'public-health', 'certificate-expiring'])
  })

  it('allow the state to be three minutes old, however short the grace period is', () => {
    const { Threshold } = alarmsOf({ ...least, GRACE_PERIOD: '180' }).find(
      ({ name }) => name === 'state-too-old',
    ) as Properties
    equal(Threshold, 180)
  })

  it('read, with the dashboard, exactly the metrics that are emitted', () => {
    const source = globSync('lib/**/*.ts', { cwd: root }).map(read).join()
    for (const name of Object.keys(emitted)) ok(source.includes(`'${name}'`), name)
    const shown = whole.matchAll(/\\"imsg-service\\",\\"(\w+)\\"/g)
    const alarmed = whole.matchAll(/"MetricName":"(\w+)","Namespace":"imsg-service"/g)
    const names = [...shown, ...alarmed].map(([, name = '']) => name)
    const known = Object.keys({ ...emitted, ...accessLogMetrics })
    deepEqual([...new Set(names)].toSorted(), known.toSorted())
    deepEqual(
      [...whole.matchAll(/MetricName=\\*"(\w+)/g)].map(([, name]) => name),
      ['LoginFailed'],
    )
  })

  it('read, with the dashboard, only the metrics of their own deployment', () => {
    const other = Template.fromStack(stackOf(listening, 'imsg-service-blue')).toJSON()
    const text = JSON.stringify(other).replaceAll('\\', '')
    ok(!text.includes('"imsg-service"'))
    for (const key of ['METRICS_NAMESPACE', 'Namespace'])
      ok(text.includes(`"${key}":"imsg-service-blue"`), key)
    ok(text.includes(`SEARCH('{"imsg-service-blue",Code}`), 'unquoted, a name with a hyphen is not found')
  })

  it('have a topic that is encrypted, and accepts messages only from this account and over TLS', () => {
    equal(target(only(template, 'AWS::SNS::Topic').Properties.KmsMasterKeyId), 'alarmskey')
    const { PolicyDocument } = only(template, 'AWS::SNS::TopicPolicy').Properties
    const { Statement } = PolicyDocument as { Statement: Record<string, unknown>[] }
    deepEqual(
      Statement.map(({ Effect, Action, Condition, Resource }) => [
        Effect,
        Action,
        Condition,
        target(Resource),
      ]),
      [
        ['Deny', 'sns:Publish', { Bool: { 'aws:SecureTransport': 'false' } }, 'alarms'],
        [
          'Allow',
          'sns:Publish',
          { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          'alarms',
        ],
      ],
    )
  })
})

/** The sources that write log lines. */
const writers = ['lib/lambda/chain.ts', 'lib/lambda/endpoint.ts', 'lib/refresh/scheduled.ts'].map(read).join()
const isLogField = (name: string): boolean =>
  name in accessLogFields || new RegExp(`^ +(\\? \\{ )?${name}[:,]`, 'm').test(writers)

const paths = Object.values<Route>(routes).flatMap((row) =>
  methodsAndPaths(row).flatMap(({ method, path }) => [path, `${method} ${path}`]),
)

/** Names of AWS, fields of health, and parts of commands. */
const others = [
  ...['Invocations', 'ConcurrentExecutions', 'AccessDeniedException', 'ResourceNotFoundException'],
  ...['ConfigError', 'timeout', 'id', 'off', '{}', 'stateAge', 'gracePeriod', 'CredentialsSecret'],
]

const isKnown = (name: string): boolean =>
  name in { ...settings, ...deploymentSettings, ...catalogue, ...routes } ||
  others.includes(name) ||
  isLogField(name) ||
  paths.some((path) => path.replace('/imsg-service/v1', '') === name) ||
  /^(npm run|curl) |^<|^\/aws\/vendedlogs\/|^imsg-service-|=/.test(name) ||
  (name.includes('/') && existsSync(join(root, name)))

describe('The runbook', () => {
  it('names only settings, codes, routes, log fields and files that exist', () => {
    const names = runbook.replaceAll(/^ *```[\s\S]*?```$/gm, '').matchAll(/`([^`\n]+)`/g)
    deepEqual(
      [...names].map(([, name = '']) => name).filter((name) => !isKnown(name)),
      [],
    )
  })

  it('has log queries only for fields that exist', () => {
    const queries = [...runbook.matchAll(/^ *```text\n([\s\S]*?)```$/gm)].map(([, text = '']) => text).join()
    const language = ['filter', 'stats', 'count', 'by', 'bin', 'ispresent', 'm']
    const words = queries.match(/[a-zA-Z]\w*/g) ?? []
    deepEqual(
      words.filter((word) => !language.includes(word) && !isLogField(word)),
      [],
    )
  })

  it('names only graphs that the dashboard has', () => {
    const titles = [...runbook.matchAll(/"([A-Z][^"]+)"/g)].map(([, title = '']) => title)
    deepEqual(
      titles.filter((title) => !whole.includes(`\\"title\\":\\"${title}`)),
      [],
    )
  })
})
