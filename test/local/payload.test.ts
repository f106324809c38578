import { deepEqual, equal, match } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { answerFrom, eventFrom, headerSize, type Incoming, refusal } from '../../local/payload.ts'
import { each } from '../support/each.ts'

const now = Date.UTC(2026, 2, 12, 19, 3, 58, 250)
const request = (given: Partial<Incoming> = {}): Incoming => ({
  method: 'GET',
  target: '/v1/units',
  rawHeaders: ['Host', 'localhost:3000'],
  body: Buffer.alloc(0),
  sourceIp: '127.0.0.1',
  protocol: 'HTTP/1.1',
  ...given,
})
const chosen = { routeKey: 'GET /v1/units', pathParameters: {} }
const event = (given: Partial<Incoming> = {}, route = chosen) => eventFrom(request(given), route, 'id-1', now)
const typed = (type: string, body: string | Buffer, ...more: string[]) =>
  event({ method: 'POST', rawHeaders: ['Content-Type', type, ...more], body: Buffer.from(body) })

describe('an event of payload format 2.0', () => {
  for (const [fact, actual, expected] of [
    ['has its version', event().version, '2.0'],
    ['names its route', event().routeKey, 'GET /v1/units'],
    ['lower-cases header names', event({ rawHeaders: ['X-One', 'A'] }).headers['x-one'], 'A'],
    ['joins repeated headers', event({ rawHeaders: ['X-One', 'a', 'x-one', 'b'] }).headers['x-one'], 'a,b'],
    ['takes cookies out of the headers', 'cookie' in event({ rawHeaders: ['Cookie', 'a=1'] }).headers, false],
    ['splits cookies', event({ rawHeaders: ['Cookie', 'a=1; b=2'] }).cookies, ['a=1', 'b=2']],
    [
      'keeps repeated cookies',
      event({ rawHeaders: ['Cookie', 'a=1', 'cookie', 'a=2'] }).cookies,
      ['a=1', 'a=2'],
    ],
    ['keeps a malformed cookie', event({ rawHeaders: ['Cookie', '{"a": "b;c"}'] }).cookies, ['{"a": "b;c"}']],
    ['keeps the query encoded', event({ target: '/?a=%20b&a=c%2Bd' }).rawQueryString, 'a=%20b&a=c%2Bd'],
    ['has an empty query', event().rawQueryString, ''],
    ['keeps a second question mark', event({ target: '/?a=b?c' }).rawQueryString, 'a=b?c'],
    [
      'decodes and joins parameters',
      event({ target: '/?a=%20b&a=c%2Bd' }).queryStringParameters,
      { a: ' b,c+d' },
    ],
    ['decodes the path', event({ target: '/org/%C3%A5%2Fb/login' }).rawPath, '/org/å/b/login'],
    ['says the path again', event({ target: '/%41' }).requestContext.http.path, '/A'],
    [
      'passes path parameters',
      event({}, { ...chosen, pathParameters: { org: 'å' } }).pathParameters,
      { org: 'å' },
    ],
    ['passes text as text', typed('text/plain', 'å').body, 'å'],
    ['passes JSON as text', typed('application/json; charset=utf-8', '{}').body, '{}'],
    ['passes XML as text', typed('application/xml', '<a/>').body, '<a/>'],
    ['passes JavaScript as text', typed('APPLICATION/JAVASCRIPT', '1').body, '1'],
    ['says that text is not base64', typed('text/plain', 'a').isBase64Encoded, false],
    ['passes a form as base64', typed('application/x-www-form-urlencoded', 'a=b').body, 'YT1i'],
    ['says that a form is base64', typed('application/x-www-form-urlencoded', 'a=b').isBase64Encoded, true],
    ['passes bytes as base64', typed('image/png', Buffer.from([255])).body, '/w=='],
    [
      'passes compressed JSON as base64',
      typed('application/json', 'a', 'Content-Encoding', 'gzip').body,
      'YQ==',
    ],
    ['is not base64 without a body', event().isBase64Encoded, false],
    ['carries the request id', event().requestContext.requestId, 'id-1'],
    ['carries the method', event({ method: 'PUT' }).requestContext.http.method, 'PUT'],
    ['carries the address', event({ sourceIp: '::1' }).requestContext.http.sourceIp, '::1'],
    ['carries the protocol', event().requestContext.http.protocol, 'HTTP/1.1'],
    ['carries the browser', event({ rawHeaders: ['User-Agent', 'x'] }).requestContext.http.userAgent, 'x'],
    ['carries the time', event().requestContext.time, '12/Mar/2026:19:03:58 +0000'],
    ['carries milliseconds', event().requestContext.timeEpoch, now],
    ['names the stage', event().requestContext.stage, '$default'],
    ['names the host without port', event().requestContext.domainName, 'localhost'],
    ['names the caller', event().headers['x-forwarded-for'], '127.0.0.1'],
    [
      'appends to the callers',
      event({ rawHeaders: ['X-Forwarded-For', '10.0.0.1'] }).headers['x-forwarded-for'],
      '10.0.0.1, 127.0.0.1',
    ],
  ] as const)
    it(fact, () => deepEqual(actual, expected))

  each('leaves out what the request does not have', [
    'cookies',
    'body',
    'queryStringParameters',
    'pathParameters',
  ])((name) => equal(name in event(), false))

  it('keeps a parameter that is named like a prototype', () => {
    const parameters = event({ target: '/?__proto__=a' }).queryStringParameters
    equal(JSON.stringify(parameters), '{"__proto__":"a"}')
  })

  it('traces', () => match(event().headers['x-amzn-trace-id'] ?? '', /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/))
})

describe('the limit on headers', () => {
  it('counts the request line and the values, not the names', () =>
    equal(
      headerSize(request({ target: '/abc', rawHeaders: ['Name', 'xyz', 'Other', '1'] })),
      'GET /abc HTTP/1.1'.length + 4,
    ))
})

const answer = (result: unknown) => {
  const { status, headers, body } = answerFrom(JSON.stringify(result))
  return { status, headers, body: body.toString() }
}
const json = [['content-type', 'application/json']]
const plain = ['content-type', 'text/plain;charset=UTF-8']

describe('the answer to a result', () => {
  for (const [fact, result, expected] of [
    ['an object without status is JSON', { a: 1 }, { status: 200, headers: json, body: '{"a":1}' }],
    ['a string without status is itself', 'hello', { status: 200, headers: json, body: 'hello' }],
    ['a list is JSON', [1], { status: 200, headers: json, body: '[1]' }],
    ['nothing is null', null, { status: 200, headers: json, body: 'null' }],
    ['a status alone has no body', { statusCode: 204 }, { status: 204, headers: [], body: '' }],
    [
      'a body without type is plain text',
      { statusCode: 200, body: 'a' },
      { status: 200, headers: [plain], body: 'a' },
    ],
    [
      'a type is kept, whatever its case',
      { statusCode: 200, headers: { 'Content-Type': 'text/html' }, body: 'a' },
      { status: 200, headers: [['content-type', 'text/html']], body: 'a' },
    ],
    [
      'numbers and booleans in headers become text',
      { statusCode: 200, headers: { 'retry-after': 5, 'x-a': true } },
      {
        status: 200,
        headers: [
          ['retry-after', '5'],
          ['x-a', 'true'],
        ],
        body: '',
      },
    ],
    [
      'cookies become set-cookie headers',
      { statusCode: 302, headers: { location: '/' }, cookies: ['a=1', 'b=2'] },
      {
        status: 302,
        headers: [
          ['location', '/'],
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ],
        body: '',
      },
    ],
    [
      'base64 is decoded',
      { statusCode: 200, body: 'YQ==', isBase64Encoded: true, headers: { 'content-type': 'a/b' } },
      { status: 200, headers: [['content-type', 'a/b']], body: 'a' },
    ],
    [
      'headers of the connection are dropped',
      {
        statusCode: 200,
        headers: { connection: 'close', 'Content-Length': '9', 'transfer-encoding': 'chunked' },
      },
      { status: 200, headers: [], body: '' },
    ],
  ] as const)
    it(fact, () => deepEqual(answer(result), expected))

  const failed = { status: 500, headers: json, body: '{"message":"Internal Server Error"}' }
  each('is 500 for a result that makes no sense', [
    ['a body that is no string', { statusCode: 200, body: { a: 1 } }],
    ['cookies that are no list', { statusCode: 200, cookies: 'a=1' }],
    ['a cookie that is no string', { statusCode: 200, cookies: [{}] }],
    ['headers that are no object', { statusCode: 200, headers: ['a'] }],
    ['a header that is an object', { statusCode: 200, headers: { a: {} } }],
    ['a header that splits the answer', { statusCode: 200, headers: { a: 'b\r\nc: d' } }],
    ['a header name with a space', { statusCode: 200, headers: { 'a b': 'c' } }],
    ['a status that is no number', { statusCode: 'ok' }],
    ['a status that HTTP does not have', { statusCode: 999 }],
    ['a flag that is none', { statusCode: 200, isBase64Encoded: 'yes' }],
  ])(([, result]) => deepEqual(answer(result), failed))
})

describe('what API Gateway answers by itself', () => {
  it('is a JSON object with a message', () => {
    const { status, headers, body } = refusal('notFound')
    deepEqual([status, headers, body.toString()], [404, json, '{"message":"Not Found"}'])
  })
})
