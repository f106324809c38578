import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type HttpEvent, lowerCased } from '../lib/http/messages.ts'
import type { Dependencies } from '../lib/lambda/dependencies.ts'
import type { Endpoint } from '../lib/lambda/endpoint.ts'
import { type HttpRouteName, methodAndPath, type Route, routes } from '../lib/routes.ts'
import { standardEvent } from '../local/sam-template.ts'
import { eventOf, openGateway, publicUrl } from './support/gateway.ts'

/** Events as `sam local start-api` makes them (samcli/local/apigw/event_constructor.py), on every route. */

const gateway = await openGateway()
const raw = await gateway.token()
const context = { getRemainingTimeInMillis: () => 5000 } as never

type Said = Readonly<{
  query?: string
  path?: Record<string, string>
  headers?: Record<string, string>
  cookie?: string
  body?: string
}>

it('names of headers are understood in lower case, in capitals, and mixed', () => {
  for (const names of [
    ['host', 'dnt'],
    ['host', 'DNT'],
    ['Host', 'dnt'],
    ['HOST', 'DNT'],
  ] as const) {
    const event = eventOf('health', {})
    const headers = Object.fromEntries(names.map((name) => [name, name]))
    deepEqual(Object.entries(lowerCased({ ...event, headers }).headers ?? {}), [
      ['host', names[0]],
      ['dnt', names[1]],
    ])
  }
})

/** Names of headers in their usual case, a Cookie header that stays, and null or empty where API Gateway has nothing. */
const samEvent = (name: HttpRouteName, said: Said, cookies: 'split' | 'in the header alone'): HttpEvent => {
  const { query = '', path, headers = {}, cookie, body = '' } = said
  const event = {
    ...eventOf(name, { query, ...(path && { path }) }),
    cookies: cookies === 'split' ? (cookie?.split('; ') ?? []) : null,
    headers: {
      Host: 'localhost:3000',
      'User-Agent': 'curl/8.5.0',
      Accept: '*/*',
      ...headers,
      ...(cookie !== undefined && { Cookie: cookie }),
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Port': '3000',
    },
    queryStringParameters: Object.fromEntries(new URLSearchParams(query)),
    pathParameters: path ?? null,
    stageVariables: null,
    body,
  }
  return JSON.parse(JSON.stringify(event))
}

const session = `theme=dark; imidToken=${raw}`
const ours = { Origin: publicUrl, 'Content-Type': 'application/json' }
const cases = {
  login: { query: 'org=demo&callback=/', status: 302 },
  'org-login': { path: { org: 'demo' }, query: 'callback=/', status: 302 },
  callback: { query: `imid_token=${raw}&serviceCallback=/`, cookie: session, status: 302 },
  authorize: { query: 'org=demo', cookie: session, status: 200 },
  'token-is-set': { cookie: session, status: 200 },
  units: { headers: { Authorization: `Bearer ${raw}` }, status: 200 },
  unit: { cookie: session, headers: ours, body: '{"unit":"south"}', status: 200 },
  logout: { headers: ours, status: 200 },
  'login-failed': { query: 'code=token_expired&id=12345678', status: 401 },
  health: { headers: { Accept: 'application/health+json' }, status: 200 },
} as const satisfies Record<HttpRouteName, Said & { status: number }>

const open = async (name: string): Promise<Endpoint> => {
  const { wire } = (await import(`../functions/${name}/index.ts`)) as { wire: (on: Dependencies) => Endpoint }
  return wire(gateway.instance())
}

describe('what sam local sends', () => {
  for (const [name, said] of Object.entries(cases) as [HttpRouteName, Said & { status: number }][])
    for (const cookies of ['split', 'in the header alone'] as const)
      it(`is understood by ${name}, cookies ${cookies}`, async () => {
        const answer = await (await open(name))(samEvent(name, said, cookies), context)
        equal(answer.statusCode, said.status, answer.body)
      })

  it('is judged all the same: a prefetch by its header, a foreign page by its origin, two sessions by the header', async () => {
    const status = async (name: HttpRouteName, said: Said) =>
      (await (await open(name))(samEvent(name, said, 'in the header alone'), context)).statusCode
    deepEqual(
      [
        await status('login', { ...cases.login, headers: { 'Sec-Purpose': 'prefetch' } }),
        await status('unit', { ...cases.unit, headers: { ...ours, Origin: 'https://elsewhere.example' } }),
        await status('token-is-set', { cookie: `${session}; imidToken=x` }),
      ],
      [401, 403, 401],
    )
  })

  it('is not needed to invoke a function: there is an event for each, which it answers', async () => {
    for (const [name, row] of Object.entries<Route>(routes)) {
      const event = standardEvent(row)
      if (!methodAndPath(row)) {
        deepEqual(event, {})
        continue
      }
      const { statusCode } = await (await open(name))(event as HttpEvent, context)
      ok(statusCode < 500, name)
    }
  })
})
