import { deepEqual, equal } from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { after, describe } from 'node:test'
import { personOf, protect, visitorOf } from '../../service/express.ts'
import * as hapi from '../../service/hapi.ts'
import { authorization, type Person } from '../../service/index.ts'
import { each } from '../support/each.ts'
import { listening } from '../support/ports.ts'
import { send } from '../support/visitor.ts'

/** The library in each framework, over HTTP. Its gateway knows one person, who has no permission. */

const origin = 'https://editor.example.com'
const rules = {
  '/': { org: 'demo' },
  '/page': { org: 'demo' },
  '/publish': { org: 'demo', permission: 'content:publish' },
  '/open': { org: 'demo', required: false },
} as const

const asked = async (url: string, { headers }: { headers: Record<string, string> }): Promise<Response> => {
  const { cookie } = headers
  if (cookie !== 'imidToken=good')
    return new Response(null, { status: cookie === 'imidToken=ended' ? 401 : 503 })
  if (url.includes('permission=')) return new Response(null, { status: 403 })
  return new Response(null, {
    headers: { 'x-imid-sub': '1', 'x-imid-org': 'demo', 'x-imid-name': 'Edith%20Reyes' },
  })
}
const auth = authorization({
  gateway: 'https://id.example.com',
  origin,
  fetch: asked as unknown as typeof fetch,
})
const greeting = (person: Person | undefined) => ({ hello: person?.name ?? 'nobody' })

type Middleware = ReturnType<typeof protect>
type Handler = (request: object, response: { json(body: object): void }) => void
type Application = RequestListener & {
  set(name: string, value: unknown): void
  use(path: string, guard: Middleware, handler: Handler): void
}

const withExpress = (name: string) => async (): Promise<number> => {
  const { default: express } = (await import(name)) as { default: () => Application }
  const app = express()
  // Its standard error handler logs, and shows a stack, unless it is in production.
  app.set('env', 'test')
  // The longest first: `use` takes everything below a path, and takes the path from `request.url`.
  for (const [path, rule] of Object.entries(rules).reverse()) {
    const read = path === '/open' ? visitorOf : personOf
    app.use(path, protect(auth, rule), (request, response) => response.json(greeting(read(request))))
  }
  const { port, close } = await listening(createServer(app))
  after(close)
  return port
}

type Server = {
  info: { port: number }
  auth: { strategy(name: string, scheme: string, rule: object): void }
  register(plugin: object): Promise<void>
  route(route: object): void
  start(): Promise<void>
  stop(options: object): Promise<void>
}
const framework = '@hapi/hapi'
const { default: Hapi } = (await import(framework)) as { default: { server(options?: object): Server } }
const withHapi = async (): Promise<number> => {
  const server = Hapi.server({ host: '127.0.0.1', port: 0 })
  await server.register({ plugin: hapi.plugin, options: { auth } })
  for (const [path, { required = true, ...rule }] of Object.entries<{ org: string; required?: boolean }>(
    rules,
  )) {
    server.auth.strategy(path, 'imid', rule)
    const read = required ? hapi.personOf : hapi.visitorOf
    server.route({
      method: ['GET', 'POST'],
      path,
      options: { auth: { strategy: path, mode: required ? 'required' : 'try' } },
      handler: (request: object) => greeting(read(request)),
    })
  }
  await server.start()
  after(() => server.stop({ timeout: 100 }))
  return server.info.port
}

const session = (value: string) => ({ cookie: `imidToken=${value}; theme=dark` })
const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const callback = encodeURIComponent(`${origin}/page?id=1&q=%C3%A5`)
const login = `https://id.example.com/imsg-service/v1/org/demo/login?callback=${callback}`

for (const [name, open] of [
  ['Express 5', withExpress('express')],
  ['Express 4', withExpress('express4')],
  ['Hapi 21', withHapi],
] as const)
  describe(`the library with ${name}`, async () => {
    const port = await open()

    each('serves a person with a session, and everybody when the rule requires no session', [
      ['/', session('good'), 'Edith Reyes'],
      ['/open', session('good'), 'Edith Reyes'],
      ['/open', session('ended'), 'nobody'],
      ['/open', navigation, 'nobody'],
    ])(async ([path, headers, hello]) => {
      const { status, body } = await send(`http://127.0.0.1:${port}${path}`, { headers })
      deepEqual([status, JSON.parse(body)], [200, { hello }])
    })

    each('redirects a navigation without a session to the login, and refuses other requests', [
      ['GET', '/page?id=1&q=%C3%A5', navigation, 302, { location: login }],
      ['GET', '/', {}, 401, { 'www-authenticate': 'Bearer realm="imsg-service"' }],
      ['POST', '/', navigation, 401, {}],
      ['GET', '/publish', { ...navigation, ...session('good') }, 403, {}],
      ['GET', '/', { ...navigation, ...session('away') }, 503, { 'retry-after': '5' }],
      ['GET', '/open', { ...navigation, ...session('away') }, 503, { 'retry-after': '5' }],
    ])(async ([method, path, headers, expected, more]) => {
      const answer = await send(`http://127.0.0.1:${port}${path}`, { method, headers })
      const { location, 'cache-control': cache, ...rest } = answer.headers
      equal(answer.status, expected, answer.body)
      deepEqual({ location, cache, ...rest }, { ...rest, location: undefined, cache: 'no-store', ...more })
    })
  })
