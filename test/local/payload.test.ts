import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { answerFrom, eventFrom, type Incoming } from '../../local/payload.ts'
import { router } from '../../local/routing.ts'
import { each } from '../support/each.ts'

/** What API Gateway makes of requests and results: locally the gateway has to meet what it meets when deployed. */

const event = (given: Partial<Incoming> = {}, pathParameters: Record<string, string> = {}) => {
  const request = {
    method: 'GET',
    target: '/',
    rawHeaders: ['Host', 'localhost:3000'],
    body: Buffer.alloc(0),
  }
  return eventFrom({ ...request, ...given }, { routeKey: 'GET /{org}', pathParameters }, 'id-1')
}
const headed = (...rawHeaders: string[]) => event({ rawHeaders })
const posted = (type: string, body: string | Buffer) => {
  const { body: sent, isBase64Encoded } = event({
    rawHeaders: ['Content-Type', type],
    body: Buffer.from(body),
  })
  return [sent, isBase64Encoded]
}

describe('An event of payload format 2.0', () => {
  it('has what its request has, and no member for what the request lacks', () => {
    const bare = {
      version: '2.0',
      routeKey: 'GET /{org}',
      rawPath: '/å/b',
      rawQueryString: 'a=%20b&a=c?d',
      headers: { host: 'localhost:3000' },
      isBase64Encoded: false,
      requestContext: {
        domainName: 'localhost',
        http: { method: 'PUT', path: '/å/b' },
        requestId: 'id-1',
        stage: '$default',
      },
    }
    const request = { method: 'PUT', target: '/%C3%A5%2Fb?a=%20b&a=c?d' }
    deepEqual(event(request), bare)
    deepEqual(event(request, { org: 'å/b' }), { ...bare, pathParameters: { org: 'å/b' } })
  })

  each('takes headers, cookies and body as API Gateway does', [
    ['joins repeated headers', headed('X-One', 'a', 'x-one', 'b').headers, { 'x-one': 'a,b' }],
    ['moves cookies out of the headers', headed('Cookie', 'a=1').headers, {}],
    ['splits cookies', headed('Cookie', 'a=1; b=2', 'cookie', 'a=2').cookies, ['a=1', 'b=2', 'a=2']],
    ['keeps a malformed cookie', headed('Cookie', '{"a": "b;c"}').cookies, ['{"a": "b;c"}']],
    ['passes JSON as text', posted('APPLICATION/JSON; charset=utf-8', '"å"'), ['"å"', false]],
    ['passes a form as base64', posted('application/x-www-form-urlencoded', 'a=b'), ['YT1i', true]],
    ['passes bytes as base64', posted('image/png', Buffer.from([255])), ['/w==', true]],
  ])(([, actual, expected]) => deepEqual(actual, expected))
})

describe('The answer to a result', () => {
  it('has its status, headers, cookies and body', () => {
    const result = { statusCode: 302, headers: { Location: '/' }, cookies: ['a=1', 'b=2'], body: 'å' }
    const { status, headers, body } = answerFrom(JSON.stringify(result))
    deepEqual(
      [status, headers, body.toString()],
      [
        302,
        [
          ['location', '/'],
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ],
        'å',
      ],
    )
  })

  each('is 500 when the result breaks the format', [
    null,
    { a: 1 },
    { statusCode: 200, body: { a: 1 } },
    { statusCode: 200, cookies: 'a=1' },
    { statusCode: 200, headers: { a: 'b\r\nc: d' } },
    { statusCode: 999 },
  ])((result) => {
    const { status, body } = answerFrom(JSON.stringify(result))
    deepEqual([status, body.toString()], [500, '{"message":"Internal Server Error"}'])
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
