import { deepEqual, ok } from 'node:assert/strict'
import { it } from 'node:test'
import { type HttpEvent, lowerCased } from '../lib/http/messages.ts'
import type { Dependencies } from '../lib/lambda/dependencies.ts'
import type { Endpoint } from '../lib/lambda/endpoint.ts'
import { methodAndPath, type Route, routes } from '../lib/routes.ts'
import { standardEvent } from '../local/sam-template.ts'
import { context, eventOf, openGateway } from './support/gateway.ts'

/** How events of `sam local` differ. `test/engines/sam.test.ts` uses events that SAM itself makes. */

const gateway = await openGateway()

/** What a route answers to an event as it is. */
const answer = async (name: string, event: object, settings = {}) => {
  const { wire } = (await import(`../functions/${name}/index.ts`)) as { wire: (on: Dependencies) => Endpoint }
  const { statusCode, body } = await wire(gateway.instance(settings))(event as HttpEvent, context)
  return [statusCode, body]
}

it('header names are accepted in lower, upper and mixed case', () => {
  for (const names of [
    ['host', 'dnt'],
    ['host', 'DNT'],
    ['HOST', 'DNT'],
  ] as const) {
    const headers = Object.fromEntries(names.map((name) => [name, name]))
    const { headers: read } = lowerCased({ ...eventOf('health', {}), headers })
    deepEqual(Object.entries(read ?? {}), [
      ['host', names[0]],
      ['dnt', names[1]],
    ])
  }
})

it('cookies are read from the Cookie header when the event does not list them', async () => {
  const Cookie = `theme=dark; imidToken=${await gateway.token()}`
  const ask = (cookies: string) =>
    answer('token-is-set', { ...eventOf('token-is-set', {}), cookies: null, headers: { Cookie: cookies } })
  deepEqual((await ask(Cookie))[0], 200)
  deepEqual((await ask(`${Cookie}; imidToken=x`))[0], 401)
})

it('an event without query, headers and cookies is handled as a request without them', async () => {
  const { rawQueryString: _, headers: __, ...more } = eventOf('logout', {})
  const bare = { ...more, requestContext: { requestId: 'bare' } }
  const leave = await answer('logout', bare, { STRICT_COOKIE_MODE: 'true' })
  deepEqual(leave, [200, '{"msg":"You are logged out"}'])
  const choose = await answer('unit', { ...bare, body: '{"unit":null}' })
  deepEqual(choose, [415, '"errors.api.UnsupportedMediaType"'])
})

it('each HTTP function answers its sample event without a 5xx; others have an empty event', async () => {
  for (const [name, row] of Object.entries<Route>(routes)) {
    const event = standardEvent(row)
    if (!methodAndPath(row)) deepEqual(event, {})
    else ok(Number((await answer(name, event))[0]) < 500, name)
  }
})
