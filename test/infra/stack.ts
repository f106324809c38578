import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag'
import { verdict } from '../../infra/doctor.ts'
import { exceptions } from '../../infra/nag.ts'
import { type Route, routes } from '../../lib/routes.ts'
import { each } from '../support/each.ts'
import { good, least, listening, only, resourcesOf, stackOf, target, templateOf } from './synthesised.ts'

const template = templateOf(listening)
const small = templateOf(least)
const rows = Object.entries<Route>(routes)
const idOf = (name: string): string => name.replaceAll('-', '')
const functionsOf = (from: typeof template) =>
  new Map(resourcesOf(from, 'AWS::Lambda::Function').map(([id, resource]) => [target({ Ref: id }), resource]))
const functions = functionsOf(template)
const variables = (name: string, of = functions): Record<string, unknown> => {
  const { Environment } = of.get(idOf(name))?.Properties ?? {}
  return (Environment as { Variables?: Record<string, unknown> } | undefined)?.Variables ?? {}
}

/** The longest text that a value of the template can become: CloudFormation's own limits of names. */
const longest = (value: unknown): string => {
  if (typeof value === 'string') return value
  const { Ref = '', 'Fn::Join': join } = value as { Ref?: string; 'Fn::Join'?: [string, unknown[]] }
  if (join) return join[1].map(longest).join(join[0])
  const limit = Ref.startsWith('table')
    ? 255
    : Ref.startsWith('AWS::')
      ? 25
      : Ref.startsWith('api')
        ? 10
        : 128
  return 'x'.repeat(Ref.startsWith('refreshstate') ? 64 : limit)
}

describe('the stack', () => {
  it('has one function for every row and one row for every folder', () => {
    const names = rows.map(([name]) => name).toSorted()
    deepEqual(readdirSync(new URL('../../functions', import.meta.url)).toSorted(), names)
    deepEqual([...functions.keys()].toSorted(), names.map(idOf).toSorted())
  })

  each(
    'runs each function as the local front end and SAM expect it',
    rows,
  )(([name, row]) => {
    const { Properties, Metadata } = functions.get(idOf(name)) ?? {}
    deepEqual(
      ['Handler', 'Runtime', 'Architectures', 'MemorySize', 'Timeout'].map((key) => Properties?.[key]),
      ['index.handler', 'nodejs24.x', ['arm64'], ...('every' in row ? [1769, 50] : [512, 5])],
    )
    match(String(Metadata?.['aws:asset:path']), /./)
    equal(Metadata?.['aws:asset:property'], 'Code')
    ok(!('NODE_OPTIONS' in variables(name)))
  })

  it('lets log lines through as they are written, and Lambda say only what went wrong', () => {
    for (const [name, { Properties }] of functions) {
      const { LogGroup, ...logging } = Properties.LoggingConfig as Record<string, unknown>
      deepEqual(logging, { ApplicationLogLevel: 'TRACE', LogFormat: 'JSON', SystemLogLevel: 'WARN' }, name)
    }
  })

  it('hands every given setting on under its own name, and each function what it needs beside', () => {
    const common = { ...good, TABLE_NAME: 'table', METRICS_NAMESPACE: 'imsg-service' }
    for (const [name, row] of rows) {
      const own = name === 'refresh-state' ? { CREDENTIALS_SECRET: 'credentials' } : {}
      const refresh =
        row.token === 'yes' ? { REFRESH_FUNCTION: 'refreshstate', URL_SUFFIX: 'AWS::URLSuffix' } : {}
      const found = Object.entries(variables(name)).map(([key, value]) => [key, target(value)])
      deepEqual(Object.fromEntries(found), { ...common, ...own, ...refresh })
    }
  })

  it('keeps to the 4,096 bytes of variables that Lambda allows, whatever its references become', () => {
    const full = (count: number) => ({
      ...least,
      CORS_ALLOWED_ORIGINS: Array.from({ length: count }, (_, n) => `https://${n + 100}.example.com`).join(),
    })
    const accepted = (count: number): boolean => verdict(full(count)).good
    const most = Array.from({ length: 200 }, (_, n) => n).findLast(accepted) ?? 0
    ok(most > 50 && most < 199, String(most))
    for (const [, { Properties }] of resourcesOf(templateOf(full(most)), 'AWS::Lambda::Function')) {
      const { Variables = {} } = Properties.Environment as { Variables?: Record<string, unknown> }
      const texts = Object.entries(Variables).map(([key, value]) => [key, longest(value)])
      ok(JSON.stringify(Object.fromEntries(texts)).length <= 4096)
    }
  })

  it('serves at the address of the API itself when no other is given', () => {
    const { PUBLIC_URL } = variables('callback', functionsOf(small))
    match(
      JSON.stringify(PUBLIC_URL),
      /"https:\/\/",\{"Ref":"api\w+"\},"\.execute-api\.",\{"Ref":"AWS::Region"\},"\.",\{"Ref":"AWS::URLSuffix"\}\]/,
    )
  })

  it('refreshes the state every minute and never repeats a run', () => {
    const { Targets } = only(template, 'AWS::Events::Rule').Properties
    const [{ Arn } = {}] = Targets as { Arn?: unknown }[]
    equal(target(Arn), 'refreshstate')
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 0 })
  })

  it('keeps every log for a bounded time', () => {
    const groups = resourcesOf(template, 'AWS::Logs::LogGroup')
    equal(groups.length, rows.length + 1)
    for (const [
      ,
      {
        Properties: { RetentionInDays },
      },
    ] of groups)
      equal(RetentionInDays, 30)
  })
})

describe('the checks at synth', () => {
  it('find exactly what has a reason to stay', () => {
    const stack = stackOf(listening)
    const found = [new AwsSolutionsChecks(stack), new ServerlessChecks(stack)].flatMap((pack) =>
      pack.validateScope(stack).violations.map(({ ruleName }) => ruleName),
    )
    deepEqual([...new Set(found)].toSorted(), exceptions.map(({ id }) => id).toSorted())
  })
})
