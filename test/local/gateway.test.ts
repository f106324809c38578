import { deepEqual, equal } from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { each } from '../support/each.ts'
import { send } from '../support/visitor.ts'
import { startFixtures } from './fixtures/fixture-stack.ts'

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

describe('the front end', () => {
  it('calls the function behind the route, with its variables and those of the platform alone', async () => {
    const { event, name, id, env } = JSON.parse((await get('/echo/%C3%A5?a=1', { cookie: 'a=1; b=2' })).body)
    deepEqual([event.routeKey, event.pathParameters], ['GET /echo/{name}', { name: 'å' }])
    deepEqual([event.rawQueryString, event.cookies], ['a=1', ['a=1', 'b=2']])
    deepEqual([name, id], ['echo', event.requestContext.requestId])
    deepEqual([env.TABLE, env.SURROUNDING, env.PATH], ['table1', 'yes', undefined])
  })

  it('sets every cookie', async () => {
    const { status, headers } = await get('/cookies')
    deepEqual([status, headers.location], [302, '/elsewhere'])
    deepEqual(headers['set-cookie'], ['a=1; Path=/', 'b=2; HttpOnly'])
  })

  it('asks the service beside it for paths that are not the gateway’s', async () =>
    deepEqual([(await get('/beside')).body, (await get('/imsg-service/v1/beside')).status], ['beside', 404]))

  each('answers what no function can take', [
    ['/echo/%zz', {}, '', 400, 'Bad Request'],
    ['/echo', {}, '', 404, 'Not Found'],
    ['/echo/a', { x: 'a'.repeat(10_240) }, '', 431, 'Request Header Fields Too Large'],
    ['/echo', {}, 'a'.repeat(10_485_761), 413, 'Request Entity Too Large'],
  ])(async ([path, headers, body, status, message]) => {
    const answer = await send(stack.url + path, { method: body === '' ? 'GET' : 'POST', headers, body })
    deepEqual([answer.status, JSON.parse(answer.body)], [status, { message }])
  })

  it('takes a body and headers just within the limits', async () => {
    const { status, body } = await send(`${stack.url}/echo`, { method: 'POST', body: 'a'.repeat(4_000_000) })
    deepEqual([status, Buffer.from(JSON.parse(body).event.body, 'base64').length], [200, 4_000_000])
    equal((await get('/echo/a', { x: 'a'.repeat(9_900) })).status, 200)
  })
})

describe('CORS, as the template has it', () => {
  const app = 'https://app.example'
  const allowed = { 'access-control-allow-credentials': 'true', 'access-control-allow-origin': app }
  const preflight = {
    ...allowed,
    'access-control-allow-headers': 'Accept,X-Own',
    'access-control-allow-methods': 'GET,POST',
    'access-control-max-age': '3600',
  }
  const asking = { 'access-control-request-method': 'GET' }

  // What the function itself says about CORS is replaced.
  each('allows a listed origin, and tells others nothing', [
    ['OPTIONS', { origin: app, ...asking }, 204, preflight],
    ['GET', { origin: app }, 302, allowed],
    ...[`${app}.evil.example`, 'https://APP.example', 'null'].flatMap((origin) => [
      ['OPTIONS', { origin, ...asking }, 204, {}] as const,
      ['GET', { origin }, 302, {}] as const,
    ]),
    // No preflight, and no route.
    ['OPTIONS', { origin: app }, 404, allowed],
  ])(async ([method, headers, status, said]) => {
    const answer = await get('/cookies', headers, method)
    const cors = Object.entries(answer.headers).filter(([name]) => name.startsWith('access-control-'))
    deepEqual([answer.status, Object.fromEntries(cors)], [status, said])
  })
})
