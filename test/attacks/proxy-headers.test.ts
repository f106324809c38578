import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Answer } from '../../lib/http/messages.ts'
import type { HttpRouteName } from '../../lib/routes.ts'
import { each } from '../support/each.ts'
import { browser, fromOurPage, navigation, openGateway, type Request } from '../support/gateway.ts'
import vectors from '../vectors/proxy-headers.json' with { type: 'json' }

const gateway = await openGateway()
const { call, token, begin } = gateway
const ordinary = { ...navigation, host: 'gw.example.test', origin: fromOurPage.origin }
const raw = await token()
const session = { cookies: [`imidToken=${raw}`] }

/** What an answer is, but for what is random or counts seconds. */
const shape = ({ statusCode, headers, body, cookies }: Answer) => ({
  statusCode,
  headers: { ...headers, location: headers.location?.replace(/login(=|%3D)[\w-]{32}/, 'login=proof') },
  body: body?.replace(/request-\d+/, 'request'),
  cookies: cookies?.map((text) =>
    text.replace(/(imsg-login-)[\w-]{8}(=\w*!\w+!)?[\w-]*/, '$1').replace(/Max-Age=\d+|=\w+![\w-]{8}/, ''),
  ),
})

const finished = async (): Promise<Request> => {
  const person = browser()
  return { query: `${await begin(person)}&imid_token=${raw}`, cookies: person.pairs() }
}

describe('What proxies, gateways and frameworks put into headers', () => {
  /** One request to every route: with a session where it needs one, and without one where that would be the prize. */
  each<readonly [HttpRouteName, Request | (() => Promise<Request>)]>('changes nothing about any answer', [
    ['login', { query: 'org=demo&callback=/' }],
    ['org-login', { path: { org: 'demo' }, query: 'callback=/' }],
    ['callback', finished],
    ['token-is-set', session],
    ['token-is-set', {}],
    ['units', session],
    ['units', {}],
    ['logout', { query: 'callback=/' }],
    ['unit', { body: '{"unit":"north"}' }],
    ['health', {}],
  ])(async ([name, made]) => {
    const json = name === 'unit' ? { 'content-type': 'application/json' } : {}
    const answer = async (more: object = {}) => {
      const request = typeof made === 'function' ? await made() : made
      return shape(await call(name, { ...request, headers: { ...ordinary, ...more, ...json } }))
    }
    const plain = await answer()
    for (const more of vectors) deepEqual(await answer(more), plain, JSON.stringify(more))
  })
})

/** The event as `sam local` makes it: names as they were sent, the cookies among the headers. */
const asSent = async (name: HttpRouteName, headers: object, more: object = {}) => {
  const { wire } = (await import(`../../functions/${name}/index.ts`)) as {
    wire: (on: ReturnType<typeof gateway.instance>) => (event: unknown, context: unknown) => Promise<Answer>
  }
  const rest = { rawQueryString: '', isBase64Encoded: false, requestContext: { requestId: 'r' } }
  return wire(gateway.instance())({ ...rest, headers, ...more }, { getRemainingTimeInMillis: () => 5000 })
}

describe('The name of a header', () => {
  each('is read in any case, and not with underscores instead of hyphens', [
    [200, 'token-is-set', { COOKIE: `a=1; imidToken=${raw}` }],
    [200, 'token-is-set', { Authorization: `Bearer ${raw}` }],
    [401, 'token-is-set', { AUTHORIZATION: 'Bearer x', cookie: `imidToken=${raw}` }],
    [403, 'logout', { Origin: 'https://evil.test', Cookie: `imidToken=${raw}` }],
    [401, 'callback', { 'Sec-Fetch-Dest': 'iframe' }],
    [403, 'logout', { sec_fetch_site: 'same-origin', Cookie: `imidToken=${raw}` }],
  ])(async ([status, name, headers]) => equal((await asSent(name, headers)).statusCode, status))
})

describe('A path that differs from the route', () => {
  it('changes no answer', async () => {
    const health = '/imsg-service/v1/health'
    for (const path of [health, '//evil.test/', '/imsg-service/v1/units%23', '', '/..;/health']) {
      const requestContext = { requestId: 'r', http: { path, method: 'GET' } }
      const more = {
        rawPath: path,
        routeKey: `GET ${health}`,
        rawQueryString: `path=${health}`,
        requestContext,
      }
      const { statusCode, body } = await asSent('token-is-set', {}, more)
      deepEqual([statusCode, body], [401, '"errors.auth.MissingToken"'], path)
    }
  })
})
