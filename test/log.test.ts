import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { endpoint } from '../lib/lambda/endpoint.ts'
import { logTo, named } from '../lib/log.ts'
import { Problem } from '../lib/problem.ts'
import type { HttpRouteName } from '../lib/routes.ts'
import { each } from './support/each.ts'
import { context, eventOf, navigation, openGateway } from './support/gateway.ts'

const gateway = await openGateway()
const { call, front, logs } = gateway

describe('what the log says of an error', () => {
  each('names the error and nothing that it may quote', [
    [undefined, undefined],
    ['in words', 'in words'],
    [5, 'number'],
    [null, 'object'],
    [new TypeError('canary'), 'TypeError'],
    [Object.assign(new Error('canary'), { code: 'EFOO' }), 'Error EFOO'],
    [Object.assign(new Error('canary'), { code: 5 }), 'Error'],
    [new Error('canary', { cause: new RangeError('canary') }), 'Error < RangeError'],
  ])(([error, words]) => equal(named(error), words))

  it('is short, and so is every other text', () => {
    const lines: string[] = []
    const log = logTo('debug', (line) => lines.push(line))
    log('debug', { org: 'x'.repeat(256), cause: 'y'.repeat(257), ms: 5 })
    deepEqual(JSON.parse(lines[0] ?? ''), {
      level: 'debug',
      org: 'x'.repeat(256),
      cause: `${'y'.repeat(256)}\u2026`,
      ms: 5,
    })
  })

  it('is left out below the level that was asked for', () => {
    const lines: string[] = []
    const log = logTo('warn', (line) => lines.push(line))
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log(level, {})
    deepEqual(lines, ['{"level":"warn"}', '{"level":"error"}'])
  })
})

describe('the time that is logged', () => {
  it('is the time from the event to the answer, in milliseconds with one place', async () => {
    const on = gateway.instance({}, 'invented')
    const slow = endpoint(
      'health',
      () => new Promise((resolve) => setTimeout(() => resolve({ statusCode: 200, headers: {} }), 60)),
      on,
    )
    await slow(eventOf('health', {}), context)
    const ms = Number(logs.at(-1)?.ms)
    ok(ms > 50 && ms < 4000, String(ms))
    equal(Math.round(ms * 10) / 10, ms)
  })
})

describe('the log', () => {
  it('holds one line for each request, with these fields and no others', async () => {
    const before = logs.length
    const raw = await gateway.token()
    await call('units', { bearer: raw })
    equal(logs.length, before + 1)
    const { time, ms, id, ...line } = logs.at(-1) ?? {}
    deepEqual(line, {
      level: 'info',
      route: 'units',
      status: 200,
      code: 'ok',
      org: 'demo',
      // The digest of organisation and subject: people are told apart, not named.
      subject: 'otzU6JitNOu2zUtI',
    })
    match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    match(String(id), /^request-/)
    equal(typeof ms, 'number')
  })

  it('names nobody who is not signed in, and tells people of two organisations apart', async () => {
    await call('token-is-set')
    equal('subject' in (logs.at(-1) ?? {}), false)
    const subjects = new Set()
    for (const org of ['demo', 'second']) {
      await call('token-is-set', { bearer: await gateway.token({ org }) })
      subjects.add(logs.at(-1)?.subject)
    }
    equal(subjects.size, 2)
  })

  it('counts the login funnel and the polls', async () => {
    const metrics = async (name: HttpRouteName, request: Parameters<typeof call>[1]) => {
      await call(name, request)
      const line = logs.at(-1) as {
        _aws?: {
          CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string }[] }[]
        }
      }
      const [set] = line._aws?.CloudWatchMetrics ?? []
      return [set?.Metrics.map(({ Name }) => Name), set?.Dimensions]
    }
    deepEqual(await metrics('login', { query: 'org=demo&callback=/', headers: navigation }), [
      ['LoginStarted', 'HeaderBytes'],
      [[]],
    ])
    deepEqual(await metrics('login', { query: 'org=demo&callback=//x', headers: navigation }), [
      ['LoginFailed', 'HeaderBytes'],
      [[], ['Code']],
    ])
    deepEqual(await metrics('token-is-set', {}), [['PollRefused'], [[], ['Code']]])
    deepEqual(await metrics('token-is-set', { bearer: await gateway.token() }), [['PollGood'], [[]]])
    front.fault.next = () => new Problem('table_unavailable')
    deepEqual(await metrics('token-is-set', { bearer: await gateway.token() }), [
      ['PollUnknown'],
      [[], ['Code']],
    ])
    delete front.fault.next
  })
})
