import { deepEqual, equal, ok } from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { each } from '../support/each.ts'
import { send, type Wish } from '../support/visitor.ts'
import { definitions, startFixtures } from './fixtures/fixture-stack.ts'

let stack: Awaited<ReturnType<typeof startFixtures>>
before(async () => {
  stack = await startFixtures(async (request, response) => {
    if (!request.url?.endsWith('/beside')) return false
    response.end('beside')
    return true
  })
})
after(() => stack.close())

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  send(stack.url + path, { method, headers })

const getJson = async (path: string) => {
  const { status, body } = await get(path)
  return { status, body: JSON.parse(body) }
}

/** The event that a function gets for this request. */
const eventOf = async (path: string, wish: Wish = {}) =>
  JSON.parse((await send(stack.url + path, wish)).body).event

describe('the local gateway', () => {
  it('runs the function of a route with its own variables and those of the platform only', async () => {
    const { event, name, id, env } = JSON.parse((await get('/echo/a')).body)
    deepEqual([name, id], ['echo', event.requestContext.requestId])
    deepEqual([env.TABLE, env.SURROUNDING, env.PATH], ['table1', 'yes', undefined])
  })

  it('makes the event of payload format 2.0', async () => {
    const headers = { cookie: 'a={"b": "c;d"}; a=1; a=2', 'X-One': ['a', 'b'] }
    const event = await eventOf('/echo/%C3%A5%2Fb?a=%20b&a=c?d', { headers })
    const { requestId, ...requestContext } = event.requestContext
    deepEqual(
      { ...event, requestContext },
      {
        version: '2.0',
        routeKey: 'GET /echo/{name}',
        rawPath: '/echo/å/b',
        rawQueryString: 'a=%20b&a=c?d',
        cookies: ['a={"b": "c;d"}', 'a=1', 'a=2'],
        headers: { host: new URL(stack.url).host, connection: 'close', 'x-one': 'a,b' },
        pathParameters: { name: 'å/b' },
        requestContext: {
          domainName: 'localhost',
          http: { method: 'GET', path: '/echo/å/b' },
          stage: '$default',
        },
        isBase64Encoded: false,
      },
    )
  })

  each('passes a JSON body as text, and forms and bytes as base64', [
    ['APPLICATION/JSON; charset=utf-8', '"å"', '"å"', false],
    ['application/x-www-form-urlencoded', 'a=b', 'YT1i', true],
    ['image/png', Buffer.from([255]), '/w==', true],
  ])(async ([type, sent, body, isBase64Encoded]) => {
    const event = await eventOf('/echo', { method: 'POST', headers: { 'content-type': type }, body: sent })
    deepEqual([event.body, event.isBase64Encoded, event.pathParameters], [body, isBase64Encoded, undefined])
  })

  it('returns every cookie of a function, and 500 for a malformed result', async () => {
    const { status, headers } = await get('/cookies')
    deepEqual([status, headers.location], [302, '/elsewhere'])
    deepEqual(headers['set-cookie'], ['a=1; Path=/', 'b=2; HttpOnly'])
    equal((await get('/moody?mood=no%20status')).status, 500)
  })

  it('passes requests to the service beside it, except those below /imsg-service', async () =>
    deepEqual([(await get('/beside')).body, (await get('/imsg-service/v1/beside')).status], ['beside', 404]))

  it('answers 400 and 404 like API Gateway, and 431 above its limit for headers', async () => {
    const long = { x: 'a'.repeat(10_240) }
    for (const [message, path, headers] of [
      ['Bad Request', '/echo/%zz', {}],
      ['Not Found', '/echo', {}],
      ['Request Header Fields Too Large', '/echo/a', long],
    ] as const)
      deepEqual(JSON.parse((await get(path, headers)).body), { message })
    equal((await get('/echo/a', { x: 'a'.repeat(9_900) })).status, 200)
  })
})

describe('CORS of the local gateway', () => {
  const app = 'https://app.example'
  const allowed = { 'access-control-allow-credentials': 'true', 'access-control-allow-origin': app }
  const preflight = {
    ...allowed,
    'access-control-allow-headers': 'Accept,X-Own',
    'access-control-allow-methods': 'GET,POST',
    'access-control-max-age': '3600',
  }
  const asking = { 'access-control-request-method': 'GET' }

  // The headers of the function are replaced.
  each('allows only origins that are listed in the template', [
    ['OPTIONS', { origin: app, ...asking }, 204, preflight],
    ['GET', { origin: app }, 302, allowed],
    ...[`${app}.evil.example`, 'https://APP.example', 'null'].flatMap((origin) => [
      ['OPTIONS', { origin, ...asking }, 204, {}] as const,
      ['GET', { origin }, 302, {}] as const,
    ]),
    // Not a preflight, and without a route.
    ['OPTIONS', { origin: app }, 404, allowed],
  ])(async ([method, headers, status, said]) => {
    const answer = await get('/cookies', headers, method)
    const cors = Object.entries(answer.headers).filter(([name]) => name.startsWith('access-control-'))
    deepEqual([answer.status, Object.fromEntries(cors)], [status, said])
  })
})

const failed = { status: 500, body: { message: 'Internal Server Error' } }

describe('a local function that fails', () => {
  each('answers 500, writes one log line, and serves the next request', [
    ['throw', 'RangeError'],
    ['exit', 'Runtime.ExitError'],
    ['reject', 'Runtime.UnhandledError'],
    ['spin', 'Sandbox.Timedout'],
  ])(async ([mood, errorType]) => {
    stack.lines.length = 0
    deepEqual(await getJson(`/moody?mood=${mood}`), failed)
    const logged = stack.lines.filter((line) => line.includes('errorType')).map((line) => JSON.parse(line))
    deepEqual(
      logged.map((line) => [line.function, line.errorType]),
      [['moody', errorType]],
    )
    equal((await getJson('/moody')).status, 200)
  })

  it('answers 500 to every request when its module cannot be loaded', async () =>
    deepEqual(await Promise.all([getJson('/broken'), getJson('/broken')]), [failed, failed]))
})

describe('a local function', () => {
  it('keeps its instance between calls, until a restart', async () => {
    for (let round = 0; round < 2; round++) {
      stack.functions.restart('echo')
      for (const calls of [1, 2]) equal((await getJson('/echo/a')).body.calls, calls)
    }
  })

  it('serves one call at a time in each of at most four instances', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => getJson('/slow?ms=300')))
    ok(new Set(answers.map(({ body }) => body.instance)).size <= 4, 'more than four instances served')
    for (const { status, body } of answers) {
      deepEqual([status, body.most], [200, 1])
      ok(body.left > 3000 && body.left < 4960, `${body.left} ms left`)
    }
  })

  it('is replaced after its current call, and only when its definition has changed', async () => {
    const serving = getJson('/slow?ms=300')
    await pause(200)
    const changed = definitions.map((one) => ({ ...one, variables: { NEW: one.name } }))
    equal(stack.functions.use(changed).length, definitions.length)
    equal((await getJson('/echo/a')).body.env.NEW, 'echo')
    equal((await serving).status, 200)
    deepEqual(stack.functions.use(changed), [])
    equal((await getJson('/echo/a')).body.calls, 2)
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
