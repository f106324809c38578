import { deepEqual, ok } from 'node:assert/strict'
import { it } from 'node:test'
import { type HttpEvent, lowerCased } from '../lib/http/messages.ts'
import type { Dependencies } from '../lib/lambda/dependencies.ts'
import type { Endpoint } from '../lib/lambda/endpoint.ts'
import { methodAndPath, type Route, routes } from '../lib/routes.ts'
import { standardEvent } from '../local/sam-template.ts'
import { context, eventOf, openGateway } from './support/gateway.ts'

/** Where events of `sam local` differ from those of API Gateway. `test/engines/sam.test.ts` has SAM itself make them, for every route. */

const gateway = await openGateway()

const open = async (name: string): Promise<Endpoint> => {
  const { wire } = (await import(`../functions/${name}/index.ts`)) as { wire: (on: Dependencies) => Endpoint }
  return wire(gateway.instance())
}

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

it('cookies are read from the header where the event does not list them', async () => {
  const Cookie = `theme=dark; imidToken=${await gateway.token()}`
  const handler = await open('token-is-set')
  const statuses = [Cookie, `${Cookie}; imidToken=x`].map(async (cookies) => {
    const event = { ...eventOf('token-is-set', {}), cookies: null, headers: { Cookie: cookies } }
    return (await handler(event as never, context)).statusCode
  })
  deepEqual(await Promise.all(statuses), [200, 401])
})

it('each function has an event to be invoked with, which it answers', async () => {
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
