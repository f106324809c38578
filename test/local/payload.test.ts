import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { answerFrom, eventFrom, headerSize, type Incoming, refusal } from '../../local/payload.ts'
import { each } from '../support/each.ts'

/** What API Gateway makes of requests and results: locally the gateway has to meet what it meets when deployed. */

const request = (given: Partial<Incoming> = {}): Incoming => ({
  method: 'GET',
  target: '/v1/units',
  rawHeaders: ['Host', 'localhost:3000'],
  body: Buffer.alloc(0),
  sourceIp: '127.0.0.1',
  protocol: 'HTTP/1.1',
  ...given,
})
const route = { routeKey: 'GET /v1/units', pathParameters: { org: 'å' } }
const event = (given: Partial<Incoming> = {}, at = route) => eventFrom(request(given), at, 'id-1')
const headed = (...rawHeaders: string[]) => event({ rawHeaders })
const at = (target: string) => event({ target })
const posted = (type: string, body: string | Buffer, ...more: string[]) => {
  const { body: sent, isBase64Encoded } = event({
    method: 'POST',
    rawHeaders: ['Content-Type', type, ...more],
    body: Buffer.from(body),
  })
  return [sent, isBase64Encoded]
}

describe('An event of payload format 2.0', () => {
  it('has what its request has, in the members that API Gateway documents', () => {
    const { headers, ...rest } = event({ method: 'PUT', target: '/%41?a=b', sourceIp: '::1' })
    deepEqual(rest, {
      version: '2.0',
      routeKey: 'GET /v1/units',
      rawPath: '/A',
      rawQueryString: 'a=b',
      queryStringParameters: { a: 'b' },
      pathParameters: { org: 'å' },
      isBase64Encoded: false,
      requestContext: {
        domainName: 'localhost',
        http: { method: 'PUT', path: '/A', protocol: 'HTTP/1.1', sourceIp: '::1', userAgent: '' },
        requestId: 'id-1',
        routeKey: 'GET /v1/units',
        stage: '$default',
      },
    })
    equal(headers['x-forwarded-for'], '::1')
  })

  each('takes headers, cookies, query, path and body as API Gateway does', [
    ['joins repeated headers', headed('X-One', 'a', 'x-one', 'b').headers['x-one'], 'a,b'],
    ['moves cookies out of the headers', 'cookie' in headed('Cookie', 'a=1').headers, false],
    ['splits cookies', headed('Cookie', 'a=1; b=2', 'cookie', 'a=2').cookies, ['a=1', 'b=2', 'a=2']],
    ['keeps a malformed cookie', headed('Cookie', '{"a": "b;c"}').cookies, ['{"a": "b;c"}']],
    [
      'appends the caller',
      headed('X-Forwarded-For', '10.0.0.1').headers['x-forwarded-for'],
      '10.0.0.1, 127.0.0.1',
    ],
    ['keeps the query as it came', at('/?a=%20b&a=c%2Bd?c').rawQueryString, 'a=%20b&a=c%2Bd?c'],
    ['decodes and joins parameters', at('/?a=%20b&a=c%2Bd').queryStringParameters, { a: ' b,c+d' }],
    ['keeps __proto__', JSON.stringify(at('/?__proto__=a').queryStringParameters), '{"__proto__":"a"}'],
    ['decodes the path', at('/org/%C3%A5%2Fb/login').rawPath, '/org/å/b/login'],
    ['passes text', posted('text/plain', 'å'), ['å', false]],
    ['passes JSON as text', posted('APPLICATION/JSON; charset=utf-8', '{}'), ['{}', false]],
    ['passes a form as base64', posted('application/x-www-form-urlencoded', 'a=b'), ['YT1i', true]],
    ['passes bytes as base64', posted('image/png', Buffer.from([255])), ['/w==', true]],
    [
      'passes what is compressed as base64',
      posted('text/a', 'a', 'Content-Encoding', 'gzip'),
      ['YQ==', true],
    ],
  ])(([, actual, expected]) => deepEqual(actual, expected))

  it('leaves out what the request does not have', () => {
    const bare = event({}, { ...route, pathParameters: {} } as unknown as typeof route)
    for (const name of ['cookies', 'body', 'queryStringParameters', 'pathParameters'])
      equal(name in bare, false, name)
  })

  it('counts the request line and the values of headers, not their names', () =>
    equal(headerSize(request({ target: '/abc', rawHeaders: ['Name', 'xyz', 'Other', '1'] })), 17 + 4))
})

const answer = (result: unknown) => {
  const { status, headers, body } = answerFrom(JSON.stringify(result))
  return [status, headers, body.toString()]
}
const json = [['content-type', 'application/json']]
const failed = [500, json, '{"message":"Internal Server Error"}']

describe('The answer to a result', () => {
  each('is what API Gateway makes of it', [
    ['a status alone', { statusCode: 204 }, [204, [], '']],
    ['no type', { statusCode: 200, body: 'a' }, [200, [['content-type', 'text/plain;charset=UTF-8']], 'a']],
    ['a number', { statusCode: 200, headers: { 'Retry-After': 5 } }, [200, [['retry-after', '5']], '']],
    [
      'cookies',
      { statusCode: 302, cookies: ['a=1', 'b=2'] },
      [
        302,
        [
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ],
        '',
      ],
    ],
    [
      'base64',
      { body: 'YQ==', isBase64Encoded: true, statusCode: 200, headers: { 'content-type': 'a/b' } },
      [200, [['content-type', 'a/b']], 'a'],
    ],
    [
      'headers of the connection',
      { statusCode: 200, headers: { connection: 'close', 'Content-Length': '9' } },
      [200, [], ''],
    ],
    ['no status', { a: 1 }, failed],
    ['a body that is no string', { statusCode: 200, body: { a: 1 } }, failed],
    ['cookies that are no list', { statusCode: 200, cookies: 'a=1' }, failed],
    ['a header that splits the answer', { statusCode: 200, headers: { a: 'b\r\nc: d' } }, failed],
    ['a status that HTTP does not have', { statusCode: 999 }, failed],
  ])(([, result, expected]) => deepEqual(answer(result), expected))

  it('is a JSON object with a message when API Gateway refuses by itself', () => {
    const { status, headers, body } = refusal('notFound')
    deepEqual([status, headers, body.toString()], [404, json, '{"message":"Not Found"}'])
  })
})
