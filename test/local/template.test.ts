import { deepEqual, equal, throws } from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Template } from '../../local/cloudformation.ts'
import { planFrom } from '../../local/template.ts'
import { each } from '../support/each.ts'
import { plan } from './fixtures/fixture-stack.ts'
import { template } from './fixtures/template.ts'

const echo = plan.functions.find(({ id }) => id === 'echo1')

describe('what is read from a template', () => {
  it('is each function with code of its own, by the name of its construct', () =>
    deepEqual(
      plan.functions.map(({ name }) => name),
      ['echo', 'cookies', 'slow', 'moody', 'broken'],
    ))

  it('is where the code is and what it may take', () =>
    deepEqual(
      [echo?.folder, echo?.handler, echo?.timeoutSeconds, echo?.memoryMegabytes],
      [join(import.meta.dirname, 'fixtures', 'api'), 'index.echo', 1, 64],
    ))

  it('is the variables, with references resolved to logical ids', () =>
    deepEqual(echo?.variables, {
      TABLE: 'table1',
      OTHER: 'slow1',
      JOINED: 'a/blue',
      SUBSTITUTED: 'x-table1-slow1',
    }))

  it('is the routes, with the function behind each integration', () =>
    deepEqual(plan.routes.slice(0, 3), [
      { key: 'GET /echo/{name}', to: 'echo1' },
      { key: 'POST /echo', to: 'echo1' },
      { key: 'GET /cookies', to: 'cookies1' },
    ]))

  it('is the rules with a rate', () =>
    deepEqual(plan.schedules, [{ rule: 'rule1', everySeconds: 300, to: 'moody1' }]))

  it('is the tables, in the words of CreateTable', () => {
    equal(plan.tables[0]?.name, 'table1')
    deepEqual(Object.keys(plan.tables[0]?.properties ?? {}), [
      'KeySchema',
      'AttributeDefinitions',
      'BillingMode',
    ])
  })

  it('names a function by its logical id where constructs are not named', () => {
    const { cookies1: { Metadata, ...rest } = { Type: '' } } = template.Resources
    const resource = { ...rest, Metadata: { 'aws:asset:path': 'api' } }
    const Resources = { refreshstate0A1B2C3D: resource }
    equal(planFrom({ Resources }, '/').functions[0]?.name, 'refreshstate')
  })
})

describe('a template that cannot be served', () => {
  const broken = (id: string, properties: Record<string, unknown>): Template => {
    const before = template.Resources[id] ?? { Type: '' }
    const resource = { ...before, Properties: { ...before.Properties, ...properties } }
    return { ...template, Resources: { ...template.Resources, [id]: resource } }
  }
  each('is refused when it holds what cannot be run here', [
    ['another payload format', broken('viaArn', { PayloadFormatVersion: '1.0' }), /payload format 2\.0/],
    [
      'an integration with something else',
      broken('viaArn', { IntegrationUri: 'https://a.example' }),
      /no function/,
    ],
    [
      'an unknown intrinsic',
      broken('echo1', { Environment: { Variables: { A: { 'Fn::If': [] } } } }),
      /Fn::If/,
    ],
  ])(([, wrong, message]) => throws(() => planFrom(wrong, '/'), message))
})
