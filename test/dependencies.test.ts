import { deepEqual, equal, match, notEqual, ok, rejects, throws } from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, describe, it } from 'node:test'
import { dependencies, lambdaEndpoint } from '../lib/lambda/dependencies.ts'
import { requiredSettings } from './support/events.ts'
import { listening } from './support/ports.ts'

type Asked = Readonly<{
  request: IncomingMessage
  authorization: string
  text: string
  body: { RequestItems: Record<string, { Keys: object[] }> }
}>
const asked: Asked[] = []
/** The answers in turn, of which the last is repeated. `nothing`, and an empty list: no answer. */
let answers: (object | 'nothing')[] = []
let status = 200
/** Forgets earlier requests, and answers with these from now on. */
const answering = (...next: typeof answers) => {
  asked.length = 0
  answers = next
}

const server = createServer(async (request, response) => {
  const sent = await text(request)
  const { authorization = '' } = request.headers
  asked.push({ request, authorization, text: sent, body: JSON.parse(sent) })
  const answer = answers.length > 1 ? answers.shift() : answers[0]
  if (answer === undefined || answer === 'nothing') return
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
  const json = JSON.stringify(answer)
  // In two pieces, with a pause: the client has to wait for the whole body.
  response.write(json.slice(0, 5))
  setTimeout(() => response.end(json.slice(5)), 20)
})

const { port, close } = await listening(server)
after(close)
const here = `http://127.0.0.1:${port}`
const env = { ...requiredSettings, TABLE_NAME: 'the-table', AWS_ENDPOINT_URL_DYNAMODB: here }
Object.assign(process.env, {
  AWS_REGION: 'eu-north-1',
  AWS_ACCESS_KEY_ID: 'mine',
  AWS_SECRET_ACCESS_KEY: 's',
})

const item = (key: string) => ({ pk: { S: key } })
const found = (...keys: string[]) => ({ Responses: { 'the-table': keys.map(item) } })
const left = (...keys: string[]) => ({ UnprocessedKeys: { 'the-table': { Keys: keys.map(item) } } })

describe('The dependencies of a function', () => {
  it('read the table at AWS_ENDPOINT_URL_DYNAMODB', async () => {
    answering(found('a', 'b'))
    const items = await dependencies(env).table.read(['a', 'b', 'a'])
    deepEqual(Object.fromEntries(items), { a: item('a'), b: item('b') })
    equal(asked.length, 1)
    const [{ request, authorization, body }] = asked as [Asked]
    equal(request.headers['x-amz-target'], 'DynamoDB_20120810.BatchGetItem')
    match(authorization, /Credential=mine\/\d{8}\/eu-north-1\/dynamodb\//)
    deepEqual(body.RequestItems, { 'the-table': { Keys: [item('a'), item('b')], ConsistentRead: true } })
  })

  it('sign with placeholder credentials when AWS_USE_EMPTY_CREDENTIALS is true', async () => {
    answering(found())
    equal((await dependencies({ ...env, AWS_USE_EMPTY_CREDENTIALS: 'true' }).table.read(['a'])).size, 0)
    const [request] = asked as [Asked]
    match(request.authorization, /Credential=empty\//)
    equal(/Signature=(\w+)$/.exec(request.authorization)?.[1], signatureOf(request, 'empty'))
  })

  it('include a clock in whole seconds and random text of a given number of bytes', () => {
    const { now, random } = dependencies(env)
    ok(Math.abs(now() - Date.now() / 1000) <= 1 && Number.isInteger(now()))
    match(random(24), /^[A-Za-z0-9_-]{32}$/)
    notEqual(random(24), random(24))
  })

  it('count metrics in the namespace imsg-service unless METRICS_NAMESPACE is set', () =>
    equal(dependencies(env).metricsNamespace, 'imsg-service'))

  it('throw a ConfigError that names TABLE_NAME when it is missing', () => {
    const { TABLE_NAME: _, ...lacking } = env
    const problems = ['TABLE_NAME is missing. The stack sets it.']
    throws(() => dependencies(lacking), { name: 'ConfigError', problems })
  })
})

describe('A failing database', () => {
  it('makes reads and writes throw table_unavailable when DynamoDB rejects them', async () => {
    answers = [{ __type: 'com.amazonaws.dynamodb.v20120810#ValidationException', message: 'canary' }]
    status = 400
    const { table } = dependencies(env)
    for (const call of [
      () => table.put('a', {}),
      () => table.change('a', { set: 'SET #n = :n', values: { n: { N: '1' } } }),
      () => table.remove('a'),
      () => table.read(['a']),
    ])
      await rejects(call(), { code: 'table_unavailable' })
    answers = [{ __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException' }]
    equal(await table.change('a', { set: 'SET #n = :n', values: { n: { N: '1' } } }), false)
    status = 200
  })

  it('times out: a write after three attempts of a second, a read after four seconds in all', async () => {
    let attempts = 0
    const silent = await listening(createServer(() => attempts++))
    const writing = dependencies({ ...env, AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${silent.port}` })
    answering(...Array.from({ length: 8 }, () => ['nothing' as const, 'nothing' as const, left('a')]).flat())
    const began = performance.now()
    const seconds = async (call: Promise<unknown>): Promise<number> => {
      await rejects(call, { code: 'table_unavailable' })
      return (performance.now() - began) / 1000
    }
    const [wrote, read] = await Promise.all([
      seconds(writing.table.put('a', {})),
      seconds(dependencies(env).table.read(['a'])),
    ])
    await silent.close()
    equal(attempts, 3)
    ok(wrote < 8, `${wrote} s`)
    ok(read > 3.5 && read < 5, `${read} s`)
  })
})

/** AWS Signature Version 4 of a received request, which AWS would compare with the one sent. */
const signatureOf = ({ request, text, authorization }: Asked, secret: string): string => {
  const { method, url, headers } = request
  const sha256 = (value: string) => createHash('sha256').update(value).digest('hex')
  const hmac = (key: string | Buffer, value: string) => createHmac('sha256', key).update(value).digest()
  const [, scope = '', names = ''] =
    /Credential=[^/]+\/(\S+), SignedHeaders=([^,]+),/.exec(authorization) ?? []
  const lines = names.split(';').map((name) => `${name}:${headers[name]}\n`)
  // Each segment of the path is encoded once more than it is on the wire.
  const path = (url ?? '').split('/').map(encodeURIComponent).join('/')
  const canonical = [method, path, '', lines.join(''), names, sha256(text)].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n')
  return hmac(scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secret}`), toSign).toString('hex')
}

describe('A request for newer keys', () => {
  const inStockholm = { AWS_REGION: 'eu-north-1' }

  it('invokes refresh-state by the name of its function', async () => {
    answering({})
    const named = { ...inStockholm, REFRESH_FUNCTION: 'refresh/state', AWS_ENDPOINT_URL_LAMBDA: here }
    await dependencies({ ...env, ...named }).askForKeys()
    deepEqual(
      asked.map(({ request: { url }, body }) => [url, body]),
      [['/2015-03-31/functions/refresh%2Fstate/invocations', { forced: true }]],
    )
    const [request] = asked as [Asked]
    match(request.authorization, /Credential=mine\/\d{8}\/eu-north-1\/lambda\/aws4_request, /)
    equal(/Signature=(\w+)$/.exec(request.authorization)?.[1], signatureOf(request, 's'))
    const { method, headers } = request.request
    deepEqual(
      [method, headers.host, headers['content-type']],
      ['POST', new URL(here).host, 'application/json'],
    )
  })

  it('goes to Lambda in the partition of the stack, or to AWS_ENDPOINT_URL_LAMBDA', () => {
    const china = { AWS_REGION: 'cn-north-1', URL_SUFFIX: 'amazonaws.com.cn' }
    equal(lambdaEndpoint(china), 'https://lambda.cn-north-1.amazonaws.com.cn')
    equal(lambdaEndpoint({ ...china, AWS_ENDPOINT_URL_LAMBDA: 'http://here' }), 'http://here')
  })

  it('is sent once for concurrent callers, who all wait for its response', async () => {
    answering({})
    const { askForKeys } = dependencies({ ...env, ...inStockholm, AWS_ENDPOINT_URL_LAMBDA: here })
    // The response takes 20 milliseconds: the second caller must not go on before it.
    const order: string[] = []
    const first = askForKeys().then(() => order.push('first'))
    await Promise.all([first, askForKeys().then(() => order.push('second'))])
    await askForKeys()
    deepEqual([asked.length, order], [1, ['first', 'second']])
  })

  it('is sent again after ten seconds', async (test) => {
    test.mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 })
    answering({})
    const { askForKeys } = dependencies({ ...env, ...inStockholm, AWS_ENDPOINT_URL_LAMBDA: here })
    const times: number[] = []
    for (const later of [0, 9_000, 1_000]) {
      test.mock.timers.tick(later)
      await askForKeys()
      times.push(asked.length)
    }
    deepEqual(times, [1, 1, 2])
  })
})

describe('A read with unprocessed keys', () => {
  it('requests only the keys that are left', async () => {
    answering({ ...found('a'), ...left('b', 'c') }, { ...found('c'), ...left('b') }, found('b'))
    const items = await dependencies(env).table.read(['a', 'b', 'c'])
    deepEqual([...items.keys()].sort(), ['a', 'b', 'c'])
    deepEqual(
      asked.map(({ body }) => body.RequestItems['the-table']?.Keys),
      [[item('a'), item('b'), item('c')], [item('b'), item('c')], [item('b')]],
    )
  })

  it('throws table_unavailable after four attempts instead of reporting the item as absent', async () => {
    answering(left('a'))
    const reading = dependencies(env).table.read(['a'])
    await rejects(reading, { code: 'table_unavailable', cause: 'unprocessed keys' })
    equal(asked.length, 4)
  })
})
