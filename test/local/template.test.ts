import { deepEqual, equal, throws } from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readable } from '../../local/readable.ts'
import { router } from '../../local/routing.ts'
import { planFrom } from '../../local/template.ts'
import { each } from '../support/each.ts'
import { plan } from './fixtures/fixture-stack.ts'
import { template } from './fixtures/template.ts'

describe('What is read from a template', () => {
  it('is each function with code of its own, with its variables resolved to logical ids', () => {
    deepEqual(
      plan.functions.map(({ name }) => name),
      ['echo', 'cookies', 'slow', 'moody', 'broken'],
    )
    const { folder, handler, timeoutSeconds, variables } = { ...plan.functions[0] }
    deepEqual([folder, handler, timeoutSeconds], [join(import.meta.dirname, 'fixtures/api'), 'index.echo', 1])
    deepEqual(variables, { TABLE: 'table1', OTHER: 'slow1', JOINED: 'a/local' })
  })

  it('is the routes, the rules with a rate, and the tables', () => {
    deepEqual(plan.routes.slice(1, 3), [
      { key: 'POST /echo', to: 'echo1' },
      { key: 'GET /cookies', to: 'cookies1' },
    ])
    deepEqual(plan.schedules, [{ everySeconds: 300, to: 'moody1' }])
    equal(plan.tables[0]?.name, 'table1')
  })

  each('is refused when it cannot be served here', [
    ['viaArn', { PayloadFormatVersion: '1.0' }, /payload format 2\.0/],
    ['viaArn', { IntegrationUri: 'https://a.example' }, /no function/],
    ['echo1', { Environment: { Variables: { A: { 'Fn::If': [] } } } }, /Fn::If/],
  ])(([id, properties, message]) => {
    const { Properties, ...rest } = template.Resources[id] ?? { Type: '' }
    const Resources = {
      ...template.Resources,
      [id]: { ...rest, Properties: { ...Properties, ...properties } },
    }
    throws(() => planFrom({ ...template, Resources }, '/'), message)
  })
})

describe('The local router', () => {
  const keys = ['$default', 'GET /pets/{id}', 'GET /pets/dog', 'POST /a/{x}/b']
  const find = router(keys.map((key) => ({ key, to: key })))

  each('takes the most specific route that fits, as API Gateway does', [
    ['GET', '/pets/dog', 'GET /pets/dog', {}],
    ['GET', '/pets/cat', 'GET /pets/{id}', { id: 'cat' }],
    ['PUT', '/pets/cat', '$default', {}],
    ['POST', '/a/x%2Fb/b', 'POST /a/{x}/b', { x: 'x/b' }],
    ['POST', '/a/x/b/', '$default', {}],
    ['POST', '/a//b', '$default', {}],
    ['POST', '/A/x/b', '$default', {}],
  ])(([method, path, key, pathParameters]) =>
    deepEqual(find(method, path), { routeKey: key, pathParameters, to: key }),
  )

  it('finds nothing where nothing fits, and says when a segment cannot be decoded', () => {
    equal(router([{ key: 'GET /a', to: 'a' }])('GET', '/b'), undefined)
    equal(find('GET', '/pets/%ff'), 'malformed')
  })
})

describe('A log line at a terminal', () => {
  const line = (fields: object) =>
    JSON.stringify({ level: 'info', time: '2026-11-24T05:18:15.123Z', ms: 1, ...fields })

  each('is short, and left out when it says nothing new', [
    [
      line({ route: 'login', status: 302, code: 'ok', org: 'demo', _aws: {} }),
      '05:18:15  login          302  ok  1 ms  demo',
    ],
    [
      line({ route: 'refresh-state', code: 'failed', reason: 'key set: status 500' }),
      '05:18:15  refresh-state  failed  1 ms  key set: status 500',
    ],
    [
      line({ route: 'login', status: 302, code: 'ok', binding: 'off' }),
      '05:18:15  login          302  ok  1 ms  binding off',
    ],
    [line({ route: 'token-is-set', status: 200, code: 'ok' }), undefined],
    [
      line({ route: 'token-is-set', status: 401, code: 'token_missing' }),
      '05:18:15  token-is-set   401  token_missing  1 ms',
    ],
    [line({ route: 'refresh-state', code: 'unchanged' }), undefined],
    ['{"function":"health"}', '{"function":"health"}'],
    ['synthesising the stack ...', 'synthesising the stack ...'],
    ['null', 'null'],
  ])(([given, shown]) => equal(readable(given), shown))
})
