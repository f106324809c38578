import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag'
import { verdict } from '../../infra/doctor.ts'
import { exceptions } from '../../infra/nag.ts'
import { type Route, routes } from '../../lib/routes.ts'
import { each } from '../support/each.ts'
import {
  good,
  least,
  listening,
  only,
  propertiesOf,
  resourcesOf,
  stackOf,
  target,
  templateOf,
} from './synthesised.ts'

const template = templateOf(listening)
const rows = Object.entries<Route>(routes)
const functions = new Map(
  resourcesOf(template, 'AWS::Lambda::Function').map(([id, resource]) => [target({ Ref: id }), resource]),
)

type Variables = Record<string, unknown>
const variablesOf = ({ Environment }: Readonly<Variables> = {}): Variables =>
  (Environment as { Variables?: Variables } | undefined)?.Variables ?? {}

/** The longest text that a value of the template can resolve to, by CloudFormation's limits of names. */
const longest = (value: unknown): string => {
  if (typeof value === 'string') return value
  const { Ref = '', 'Fn::Join': join } = value as { Ref?: string; 'Fn::Join'?: [string, unknown[]] }
  if (join) return join[1].map(longest).join(join[0])
  const limits = { table: 255, 'AWS::': 25, api: 10, refreshstate: 64 }
  const [, limit] = Object.entries(limits).find(([start]) => Ref.startsWith(start)) ?? ['', 128]
  return 'x'.repeat(limit)
}

describe('The stack', () => {
  it('has one function for every route', () => {
    const ids = rows.map(([name]) => name.replaceAll('-', ''))
    deepEqual([...functions.keys()].toSorted(), ids.toSorted())
  })

  each(
    'gives each function the runtime, handler, memory and timeout that the local stack and SAM expect',
    rows,
  )(([name, row]) => {
    const { Properties, Metadata } = functions.get(name.replaceAll('-', '')) ?? {}
    deepEqual(
      ['Handler', 'Runtime', 'Architectures', 'MemorySize', 'Timeout'].map((key) => Properties?.[key]),
      ['index.handler', 'nodejs24.x', ['arm64'], ...('every' in row ? [1769, 50] : [512, 5])],
    )
    match(String(Metadata?.['aws:asset:path']), /./)
    equal(Metadata?.['aws:asset:property'], 'Code')
  })

  each(
    'passes every given setting to each function, and the variables that it needs itself',
    rows,
  )(([name, row]) => {
    const variables = variablesOf(functions.get(name.replaceAll('-', ''))?.Properties)
    const found = Object.entries(variables).map(([key, value]) => [key, target(value)])
    const refresh = { REFRESH_FUNCTION: 'refreshstate', URL_SUFFIX: 'AWS::URLSuffix' }
    deepEqual(Object.fromEntries(found), {
      ...good,
      TABLE_NAME: 'table',
      METRICS_NAMESPACE: 'imsg-service',
      ...(name === 'refresh-state' && { CREDENTIALS_SECRET: 'credentials' }),
      ...(row.token === 'yes' && refresh),
    })
  })

  it('passes log lines through unchanged, and limits the lines of Lambda to warnings', () => {
    for (const { LoggingConfig } of propertiesOf(template, 'AWS::Lambda::Function')) {
      const { LogGroup, ...logging } = LoggingConfig as Record<string, unknown>
      deepEqual(logging, { ApplicationLogLevel: 'TRACE', LogFormat: 'JSON', SystemLogLevel: 'WARN' })
    }
  })

  it('stays within the 4,096 bytes of variables that Lambda allows, with the longest references', () => {
    const full = (count: number) => ({
      ...least,
      CORS_ALLOWED_ORIGINS: Array.from({ length: count }, (_, n) => `https://${n + 100}.example.com`).join(),
    })
    const most = Array.from({ length: 200 }, (_, n) => n).findLast((count) => verdict(full(count)).good) ?? 0
    ok(most > 50 && most < 199, String(most))
    for (const properties of propertiesOf(templateOf(full(most)), 'AWS::Lambda::Function')) {
      const texts = Object.entries(variablesOf(properties)).map(([key, value]) => [key, longest(value)])
      ok(JSON.stringify(Object.fromEntries(texts)).length <= 4096)
    }
  })

  it('uses the URL of the API when PUBLIC_URL is not set', () => {
    const [first] = propertiesOf(templateOf(least), 'AWS::Lambda::Function')
    match(
      JSON.stringify(variablesOf(first).PUBLIC_URL),
      /"https:\/\/",\{"Ref":"api\w+"\},"\.execute-api\.",\{"Ref":"AWS::Region"\},"\.",\{"Ref":"AWS::URLSuffix"\}\]/,
    )
  })

  it('refreshes the state every minute and never repeats a run', () => {
    const { Targets } = only(template, 'AWS::Events::Rule').Properties
    equal(target(Targets), 'refreshstate')
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 0 })
  })

  it('deletes every log after a limited time', () => {
    const groups = propertiesOf(template, 'AWS::Logs::LogGroup')
    equal(groups.length, rows.length + 1)
    for (const { RetentionInDays } of groups) equal(RetentionInDays, 30)
  })

  it('has no cdk-nag finding without a documented reason', () => {
    const stack = stackOf(listening)
    const found = [new AwsSolutionsChecks(stack), new ServerlessChecks(stack)].flatMap((pack) =>
      pack.validateScope(stack).violations.map(({ ruleName }) => ruleName),
    )
    deepEqual([...new Set(found)].toSorted(), exceptions.map(({ id }) => id).toSorted())
  })
})
