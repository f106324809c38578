import { deepEqual, equal, match } from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { each } from '../support/each.ts'
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

const get = (path: string, init: RequestInit = {}) => fetch(stack.url + path, { redirect: 'manual', ...init })
const bodyOf = async (path: string, init?: RequestInit) => JSON.parse(await (await get(path, init)).text())

/** Sends bytes as they are: fetch would correct them. */
const raw = (text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let received = ''
    const socket = connect(stack.port, '127.0.0.1', () => socket.write(text))
    socket.setEncoding('utf8').on('error', reject)
    socket.on('data', (data) => {
      received += data
      if (/\r\n\r\n.*\}$/s.test(received)) socket.destroy()
    })
    socket.on('close', () => resolve(received))
  })

describe('the front end', () => {
  it('calls the function behind the route', async () => {
    const { event, name, id, env } = await bodyOf('/echo/%C3%A5?a=1', { headers: { cookie: 'a=1; b=2' } })
    equal(event.routeKey, 'GET /echo/{name}')
    deepEqual(event.pathParameters, { name: 'å' })
    deepEqual([event.rawPath, event.rawQueryString, event.cookies], ['/echo/å', 'a=1', ['a=1', 'b=2']])
    deepEqual([name, id], ['echo', event.requestContext.requestId])
    deepEqual([env.TABLE, env.SURROUNDING, env.PATH], ['table1', 'yes', undefined])
  })

  it('sets every cookie', async () => {
    const { status, headers } = await get('/cookies')
    deepEqual(
      [status, headers.get('location'), headers.getSetCookie()],
      [302, '/elsewhere', ['a=1; Path=/', 'b=2; HttpOnly']],
    )
  })

  it('asks the service beside it for other paths, and only then says not found', async () => {
    equal(await (await get('/beside')).text(), 'beside')
    const answer = await get('/imsg-service/v1/beside')
    deepEqual([answer.status, await answer.json()], [404, { message: 'Not Found' }])
  })

  each('answers what no function can take', [
    ['a malformed percent', 'GET /echo/%zz HTTP/1.1\r\nhost: a\r\n\r\n', 400, 'Bad Request'],
    ['no route', 'PUT /echo HTTP/1.1\r\nhost: a\r\n\r\n', 404, 'Not Found'],
    [
      'long headers',
      `GET /echo/a HTTP/1.1\r\nhost: a\r\nx: ${'a'.repeat(10_240)}\r\n\r\n`,
      431,
      'Request Header Fields Too Large',
    ],
    [
      'a long body',
      `POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 10485761\r\n\r\n${'a'.repeat(10_485_761)}`,
      413,
      'Request Entity Too Large',
    ],
  ])(async ([, text, status, message]) => {
    const answer = await raw(text)
    match(answer, new RegExp(`^HTTP/1.1 ${status} `))
    equal(answer.split('\r\n\r\n')[1], JSON.stringify({ message }))
  })

  it('takes a body and headers just within the limits', async () => {
    const { event } = await bodyOf('/echo', { method: 'POST', body: Buffer.alloc(4_000_000) })
    equal(Buffer.from(event.body, 'base64').length, 4_000_000)
    equal((await get('/echo/a', { headers: { x: 'a'.repeat(9_900) } })).status, 200)
  })
})

const app = 'https://app.example'
const preflight = (origin: string) =>
  get('/echo/a', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } })

const corsOf = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')))

describe('CORS, as the template has it', () => {
  it('allows a listed origin at preflight', async () => {
    const answer = await preflight(app)
    equal(answer.status, 204)
    deepEqual(corsOf(answer), {
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers': 'Accept,X-Own',
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-origin': app,
      'access-control-max-age': '3600',
    })
  })

  each('tells other origins nothing', [
    'https://other.example',
    'https://APP.example',
    `${app}.evil.example`,
    'null',
  ])(async (origin) => {
    const answer = await preflight(origin)
    deepEqual([answer.status, corsOf(answer)], [204, {}])
    deepEqual(corsOf(await get('/cookies', { headers: { origin } })), {})
  })

  it('replaces what a function says about CORS', async () => {
    const answer = await get('/cookies', { headers: { origin: app } })
    deepEqual(corsOf(answer), {
      'access-control-allow-credentials': 'true',
      'access-control-allow-origin': app,
    })
  })

  it('routes an OPTIONS request that is no preflight', async () =>
    equal((await get('/echo/a', { method: 'OPTIONS', headers: { origin: app } })).status, 404))
})
