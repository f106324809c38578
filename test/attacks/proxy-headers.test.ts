import { deepEqual, equal } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { Answer } from '../../lib/http/messages.ts'
import type { HttpRouteName } from '../../lib/routes.ts'
import { browser, fromOurPage, navigation, openGateway, type Request } from '../support/gateway.ts'
import vectors from '../vectors/proxy-headers.json' with { type: 'json' }

const gateway = await openGateway()
const { call, token, begin } = gateway
const ordinary = { ...navigation, host: 'gw.example.test', origin: fromOurPage.origin }
let raw = ''
before(async () => {
  raw = await token()
})

/** What an answer is, but for what is random or counts seconds. */
const shape = ({ statusCode, headers, body, cookies }: Answer) => ({
  statusCode,
  headers: { ...headers, location: headers.location?.replace(/login(=|%3D)[\w-]{32}/, 'login=proof') },
  body: body?.replace(/request-\d+/, 'request'),
  cookies: cookies?.map((text) =>
    text.replace(/(imsg-login-)[\w-]{8}(=\w*!\w+!)?[\w-]*/, '$1').replace(/Max-Age=\d+|=\w+![\w-]{8}/, ''),
  ),
})

/** One request to every route: with a session where it needs one, and without one where that would be the prize. */
const everyRoute: readonly [what: string, name: HttpRouteName, request: () => Promise<Request>][] = [
  ['a login', 'login', async () => ({ query: 'org=demo&callback=/' })],
  ['a login by path', 'org-login', async () => ({ path: { org: 'demo' }, query: 'callback=/' })],
  [
    'a callback',
    'callback',
    async () => {
      const person = browser()
      const begun = await begin(person)
      return { query: `${begun}&imid_token=${raw}`, cookies: person.pairs() }
    },
  ],
  ['a session', 'token-is-set', async () => ({ cookies: [`imidToken=${raw}`] })],
  ['no session', 'token-is-set', async () => ({})],
  ['units', 'units', async () => ({ cookies: [`imidToken=${raw}`] })],
  ['units of nobody', 'units', async () => ({})],
  ['a logout of nobody', 'logout', async () => ({ query: 'callback=/' })],
  ['a unit of nobody', 'unit', async () => ({ body: '{"unit":"north"}' })],
  ['health', 'health', async () => ({})],
]

describe('What proxies, gateways and frameworks put into headers', () => {
  it('changes nothing about any answer', async () => {
    for (const [what, name, request] of everyRoute) {
      const json = name === 'unit' ? { 'content-type': 'application/json' } : {}
      const plain = shape(await call(name, { ...(await request()), headers: { ...ordinary, ...json } }))
      for (const more of vectors) {
        const headers = Object.fromEntries(Object.entries({ ...ordinary, ...more, ...json }))
        deepEqual(shape(await call(name, { ...(await request()), headers })), plain, what)
      }
    }
  })
})

/** The event as `sam local` makes it: names as they were sent, the cookies among the headers. */
const asSent = async (name: HttpRouteName, headers: Record<string, string>, more: object = {}) => {
  const { wire } = (await import(`../../functions/${name}/index.ts`)) as {
    wire: (on: ReturnType<typeof gateway.instance>) => (event: unknown, context: unknown) => Promise<Answer>
  }
  const event = {
    rawQueryString: '',
    headers,
    isBase64Encoded: false,
    requestContext: { requestId: 'r' },
    ...more,
  }
  return wire(gateway.instance())(event, { getRemainingTimeInMillis: () => 5000 })
}

describe('The name of a header', () => {
  for (const [what, name, headers, status] of [
    ['the cookies', 'token-is-set', () => ({ COOKIE: `a=1; imidToken=${raw}` }), 200],
    ['a bearer', 'token-is-set', () => ({ Authorization: `Bearer ${raw}` }), 200],
    [
      'a bad bearer beside a cookie',
      'token-is-set',
      () => ({ AUTHORIZATION: 'Bearer x', cookie: `imidToken=${raw}` }),
      401,
    ],
    ['a foreign origin', 'logout', () => ({ Origin: 'https://evil.test', Cookie: `imidToken=${raw}` }), 403],
    ['an embedding', 'callback', () => ({ 'Sec-Fetch-Dest': 'iframe' }), 401],
  ] as readonly [string, HttpRouteName, () => Record<string, string>, number][])
    it(`is read in any case: ${what}`, async () => equal((await asSent(name, headers())).statusCode, status))

  it('is not read with underscores instead of hyphens', async () => {
    const headers = { sec_fetch_site: 'same-origin', Cookie: `imidToken=${raw}` }
    equal((await asSent('logout', headers)).statusCode, 403)
  })
})

describe('A path that differs from the route', () => {
  it('changes no answer', async () => {
    for (const path of [
      '/imsg-service/v1/health',
      '//evil.test/',
      '/imsg-service/v1/units%23',
      '',
      '/..;/health',
    ]) {
      const answer = await asSent(
        'token-is-set',
        {},
        {
          rawPath: path,
          routeKey: 'GET /imsg-service/v1/health',
          rawQueryString: 'path=/imsg-service/v1/health',
          requestContext: { requestId: 'r', http: { path, method: 'GET' } },
        },
      )
      deepEqual([answer.statusCode, answer.body], [401, '"errors.auth.MissingToken"'], path)
    }
  })
})
