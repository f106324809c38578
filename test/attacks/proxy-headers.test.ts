import { deepEqual, equal } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { Answer } from '../../lib/http/messages.ts'
import type { HttpRouteName } from '../../lib/routes.ts'
import { browser, fromOurPage, navigation, openGateway, type Request } from '../support/gateway.ts'
import vectors from '../vectors/proxy-headers.json' with { type: 'json' }

const gateway = await openGateway()
const { call, token, begin } = gateway
const ordinary = { ...navigation, host: 'gw.example.test', origin: fromOurPage.origin }
const rows: readonly Record<string, string | undefined>[] = vectors
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

describe('what proxies, gateways and frameworks put into headers', () => {
  for (const [what, name, request] of everyRoute)
    it(`changes nothing about ${what}`, async () => {
      const json = name === 'unit' ? { 'content-type': 'application/json' } : {}
      const plain = shape(await call(name, { ...(await request()), headers: { ...ordinary, ...json } }))
      for (const more of rows) {
        const headers = Object.fromEntries(
          Object.entries({ ...ordinary, ...more, ...json }).map(([key, value]) => [key, value ?? '']),
        )
        deepEqual(shape(await call(name, { ...(await request()), headers })), plain, JSON.stringify(more))
      }
    })
})

describe('the names of headers', () => {
  /** The event as `sam local` makes it: names as they were sent, the cookies among the headers. */
  const asSent = async (name: HttpRouteName, headers: Record<string, string>) => {
    const { wire } = (await import(`../../functions/${name}/index.ts`)) as {
      wire: (on: ReturnType<typeof gateway.instance>) => (event: unknown, context: unknown) => Promise<Answer>
    }
    const event = { rawQueryString: '', headers, isBase64Encoded: false, requestContext: { requestId: 'r' } }
    return wire(gateway.instance())(event, { getRemainingTimeInMillis: () => 5000 })
  }

  for (const spelling of ['cookie', 'Cookie', 'COOKIE', 'cOOkie'])
    it(`are read in any case: ${spelling}`, async () => {
      equal((await asSent('token-is-set', { [spelling]: `a=1; imidToken=${raw}` })).statusCode, 200)
    })
  for (const spelling of ['authorization', 'Authorization', 'AUTHORIZATION'])
    it(`are read in any case: ${spelling}`, async () => {
      equal((await asSent('token-is-set', { [spelling]: `Bearer ${raw}` })).statusCode, 200)
      equal(
        (await asSent('token-is-set', { [spelling]: 'Bearer x', cookie: `imidToken=${raw}` })).statusCode,
        401,
      )
    })
  for (const spelling of ['Origin', 'ORIGIN'])
    it(`hide no foreign origin: ${spelling}`, async () => {
      const headers = { [spelling]: 'https://evil.test', Cookie: `imidToken=${raw}` }
      equal((await asSent('logout', headers)).statusCode, 403)
    })
  for (const spelling of ['Sec-Fetch-Dest', 'SEC-FETCH-DEST'])
    it(`hide no embed: ${spelling}`, async () => {
      equal((await asSent('callback', { [spelling]: 'iframe' })).statusCode, 401)
    })
  it('are not read with underscores in place of hyphens', async () => {
    const headers = { sec_fetch_site: 'same-origin', Cookie: `imidToken=${raw}` }
    equal((await asSent('logout', headers)).statusCode, 403)
  })
})

describe('a path that differs from the route', () => {
  for (const path of [
    '/imsg-service/v1/health',
    '//evil.test/',
    '/imsg-service/v1/units%23',
    '',
    '/..;/health',
  ])
    it(`changes no answer: ${path}`, async () => {
      const { wire } = await import('../../functions/token-is-set/index.ts')
      const event = {
        rawPath: path,
        routeKey: 'GET /imsg-service/v1/health',
        rawQueryString: 'path=/imsg-service/v1/health',
        headers: { 'user-agent': 'GoogleHC/1.0' },
        isBase64Encoded: false,
        requestContext: { requestId: 'r', http: { path, method: 'GET' } },
      }
      const answer = await wire(gateway.instance())(event, {
        getRemainingTimeInMillis: () => 5000,
      } as Parameters<ReturnType<typeof wire>>[1])
      deepEqual([answer.statusCode, answer.body], [401, '"errors.auth.MissingToken"'])
    })
})
