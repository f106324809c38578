import { deepEqual, equal, ok } from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { each } from '../support/each.ts'
import { send } from '../support/visitor.ts'
import { definitions, startFixtures } from './fixtures/fixture-stack.ts'

let stack: Awaited<ReturnType<typeof startFixtures>>
before(async () => {
  stack = await startFixtures()
})
after(() => stack.close())

const get = async (path: string) => {
  const { status, body } = await send(stack.url + path)
  return { status, body: JSON.parse(body) }
}
const failed = { status: 500, body: { message: 'Internal Server Error' } }

describe('a local function that fails', () => {
  each('answers 500, writes one log line, and serves the next request', [
    ['throw', 'RangeError'],
    ['exit', 'Runtime.ExitError'],
    ['reject', 'Runtime.UnhandledError'],
    ['spin', 'Sandbox.Timedout'],
  ])(async ([mood, errorType]) => {
    stack.lines.length = 0
    deepEqual(await get(`/moody?mood=${mood}`), failed)
    const logged = stack.lines.filter((line) => line.includes('errorType')).map((line) => JSON.parse(line))
    deepEqual(
      logged.map((line) => [line.function, line.errorType]),
      [['moody', errorType]],
    )
    equal((await get('/moody')).status, 200)
  })

  it('answers 500 to every request when its module cannot be loaded', async () =>
    deepEqual(await Promise.all([get('/broken'), get('/broken')]), [failed, failed]))
})

describe('a local function', () => {
  it('keeps its instance between calls, until a restart', async () => {
    deepEqual([(await get('/echo/a')).body.calls, (await get('/echo/a')).body.calls], [1, 2])
    stack.functions.restart('echo')
    equal((await get('/echo/a')).body.calls, 1)
  })

  it('serves one call at a time in each of at most four instances', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => get('/slow?ms=300')))
    ok(new Set(answers.map(({ body }) => body.instance)).size <= 4, 'more than four instances served')
    for (const { status, body } of answers) {
      deepEqual([status, body.most], [200, 1])
      ok(body.left > 3000 && body.left < 4960, `${body.left} ms left`)
    }
  })

  it('is replaced after its current call, and only when its definition has changed', async () => {
    const serving = get('/slow?ms=300')
    await pause(200)
    const changed = definitions.map((one) => ({ ...one, variables: { NEW: one.name } }))
    equal(stack.functions.use(changed).length, definitions.length)
    equal((await get('/echo/a')).body.env.NEW, 'echo')
    equal((await serving).status, 200)
    deepEqual(stack.functions.use(changed), [])
    equal((await get('/echo/a')).body.calls, 2)
  })
})

describe('the local stand-in for AWS', () => {
  const invoke = (name: string, body: string, headers = {}) =>
    send(`${stack.awsUrl}/2015-03-31/functions/${name}/invocations`, { method: 'POST', headers, body })
  const secret = (headers: Record<string, string>) =>
    send(stack.awsUrl, { method: 'POST', headers, body: '{"SecretId":"any"}' })
  const target = { 'x-amz-target': 'secretsmanager.GetSecretValue' }

  it('invokes functions, and reports a failure in a header', async () => {
    for (const name of ['moody', 'moody1']) equal((await invoke(name, '{}')).status, 200, name)
    const { status, headers, body } = await invoke('moody', '{"mood":"throw"}')
    deepEqual(
      [status, headers['x-amz-function-error'], JSON.parse(body).errorType],
      [200, 'Unhandled', 'RangeError'],
    )
    equal((await invoke('slow', '{}', { 'x-amz-invocation-type': 'Event' })).status, 202)
    equal((await invoke('nobody', '{}')).status, 404)
  })

  it('gives the client credentials to local programs, and answers 403 to pages in browsers', async () => {
    const { SecretString } = JSON.parse((await secret(target)).body)
    deepEqual(JSON.parse(SecretString), { client_id: 'the id', client_secret: 'the secret' })
    for (const page of [
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { host: 'evil.example' },
    ])
      equal((await secret({ ...target, ...page })).status, 403)
  })
})
