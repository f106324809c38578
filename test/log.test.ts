import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { endpoint } from '../lib/lambda/endpoint.ts'
import { errorName, framesOf, logTo } from '../lib/log.ts'
import { Problem } from '../lib/problem.ts'
import { each } from './support/each.ts'
import { context, eventOf, openGateway } from './support/gateway.ts'
import { writtenBy } from './support/standard-output.ts'

const cyclic = new Error('canary')
cyclic.cause = new TypeError('canary', { cause: cyclic })

describe('A log line', () => {
  it('shortens texts of more than 256 characters', () => {
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

  it('is left out below the configured level, unless it has metrics', () => {
    const lines: string[] = []
    const log = logTo('warn', (line) => lines.push(line))
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log(level, {})
    log('info', { _aws: {} })
    deepEqual(lines, ['{"level":"warn"}', '{"level":"error"}', '{"level":"info","_aws":{}}'])
  })

  it('is written to standard output directly, not through the console', async (test) => {
    const viaConsole = test.mock.method(console, 'log', () => {})
    const lines = await writtenBy(async () => {
      const log = logTo('info')
      log('info', { text: 'two\nlines' })
      log('warn', {})
    })
    deepEqual(lines, ['{"level":"info","text":"two\\nlines"}\n', '{"level":"warn"}\n'])
    equal(viaConsole.mock.callCount(), 0)
  })
})

describe('The description of an error in the log', () => {
  each('has the names and codes of the error and its causes, without messages', [
    [undefined, undefined],
    ['in words', 'in words'],
    [5, 'number'],
    [null, 'object'],
    [new TypeError('canary'), 'TypeError'],
    [Object.assign(new Error('canary'), { code: 'EFOO' }), 'Error EFOO'],
    [Object.assign(new Error('canary'), { code: 5 }), 'Error'],
    [new Error('canary', { cause: new RangeError('canary') }), 'Error < RangeError'],
    [cyclic, 'Error < TypeError < Error < TypeError < Error'],
  ])(([error, words]) => equal(errorName(error), words))

  const at = '\n    at '
  const thrown = (stack: string, message = 'a message') =>
    Object.assign(new Error(message), { stack: `Error: a message${stack}` })
  const many = Array.from({ length: 9 }, (_, line) => `${at}f (/x/index.mjs:${line}:1)`).join('')
  const forged = `${at}f (/x/secret:1:1)`

  each('has at most five stack frames, none from the message or from Node itself', [
    [['index.mjs:12:345'], thrown(`${at}f (file:///var/task/index.mjs:12:345)`)],
    [['index.mjs:1:2'], thrown(`${at}file:///var/task/index.mjs:1:2`)],
    [['texts.mjs:3:4'], thrown(`${at}async A.b (file:///x/texts.mjs:3:4)`)],
    [['texts.mjs:3:4'], thrown(`${at}texts.mjs:3:4`)],
    [[], thrown('\nno    at f (/x/index.mjs:1:2)')],
    [[], thrown(`${at}f (/x/index.mjs:1:2) and more`)],
    [[], thrown(`${at}node:internal/process/task_queues:103:5`)],
    [[], thrown(`${at}f (node:internal/process/task_queues:103:5)`)],
    [[], thrown(`${at}new Promise (<anonymous>)`)],
    [[0, 1, 2, 3, 4].map((line) => `index.mjs:${line}:1`), thrown(many)],
    [['index.mjs:1:2'], thrown(`${forged}${at}f (/x/index.mjs:1:2)`, `a message${forged}`)],
    [undefined, Object.assign(new Error('a message'), { stack: 5 })],
    [undefined, 'text'],
    [undefined, undefined],
  ])(([frames, error]) => deepEqual(framesOf(error), frames))
})

describe('The log line of a request', async () => {
  const gateway = await openGateway()
  const { call, logs } = gateway
  /** The log line of a request with this handler. */
  const lineOf = async (handle: Parameters<typeof endpoint>[1]) => {
    await endpoint('health', handle, gateway.instance({}, 'invented'))(eventOf('health', {}), context)
    return logs.at(-1) ?? {}
  }

  it('is one per request, with these fields and no others', async () => {
    const before = logs.length
    await call('units', { bearer: await gateway.token() })
    equal(logs.length, before + 1)
    const { time, ms, id, ...line } = logs.at(-1) ?? {}
    // The digest of organisation and subject tells people apart without naming them.
    const subject = 'otzU6JitNOu2zUtI'
    deepEqual(line, { level: 'info', route: 'units', status: 200, code: 'ok', org: 'demo', subject })
    match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    match(String(id), /^request-/)
    equal(typeof ms, 'number')
  })

  it('has no subject without a token, and different subjects in different organisations', async () => {
    await call('token-is-set')
    equal('subject' in (logs.at(-1) ?? {}), false)
    const subjects = new Set()
    for (const org of ['demo', 'second']) {
      await call('token-is-set', { bearer: await gateway.token({ org }) })
      subjects.add(logs.at(-1)?.subject)
    }
    equal(subjects.size, 2)
  })

  it('is left out for a successful poll unless LOG_LEVEL is debug', async () => {
    const raw = await gateway.token()
    const before = logs.length
    await (await gateway.open('token-is-set', gateway.instance({ LOG_LEVEL: 'info' })))({ bearer: raw })
    equal(logs.length, before)
    await call('token-is-set', { bearer: raw })
    const { level, status, _aws } = logs.at(-1) ?? {}
    deepEqual([level, status, _aws], ['debug', 200, undefined])
  })

  it('has the duration in milliseconds, with one decimal place', async () => {
    const { ms } = await lineOf(async () => {
      await new Promise((resolve) => setTimeout(resolve, 60))
      return { statusCode: 200, headers: {} }
    })
    ok(Number(ms) > 50 && Number(ms) < 4000, String(ms))
    equal(Math.round(Number(ms) * 10) / 10, ms)
  })

  it('has stack frames of an internal error, and of no other failure', async () => {
    const { cause, frames } = await lineOf(() => Promise.reject(new TypeError('canary at index.mjs:1:1')))
    equal(cause, 'TypeError')
    match(String((frames as string[])[0]), /^log\.test\.ts:\d+:\d+$/)
    ok(!gateway.lines.at(-1)?.includes('canary'))
    const known = await lineOf(() => Promise.reject(new Problem('table_unavailable', new Error('gone'))))
    equal('frames' in known, false)
  })
})
