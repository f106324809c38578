import { createServer, type RequestListener } from 'node:http'
import { describe } from 'node:test'
import { personOf, protect, visitorOf } from '../../service/express.ts'
import { type Authorization, authorization } from '../../service/index.ts'
import { listening } from '../support/ports.ts'
import { send } from '../support/visitor.ts'
import { cases, described, rules, type Served } from './cases.ts'

const gateway = 'https://id.example.com'

type Middleware = ReturnType<typeof protect>
type Handler = (request: object, response: { json(body: object): void }) => void
type Application = RequestListener & {
  set(name: string, value: unknown): void
  get(path: string, guard: Middleware, handler: Handler): void
  post(path: string, guard: Middleware, handler: Handler): void
}

const build = async (name: string, auth: Authorization): Promise<Application> => {
  const { default: express } = (await import(name)) as { default: () => Application }
  const app = express()
  // Its standard error handler logs, and shows a stack, unless it is in production.
  app.set('env', 'test')
  for (const [path, rule] of Object.entries(rules)) {
    const read = path === '/open' ? visitorOf : personOf
    app.get(path, protect(auth, rule), (request, response) => response.json(described(read(request))))
  }
  app.post('/', protect(auth, rules['/']), (_, response) => response.json({}))
  return app
}

for (const [name, version] of [
  ['express', 5],
  ['express4', 4],
] as const)
  describe(`the library with Express ${version}`, () =>
    cases({
      open: async (settings): Promise<Served> => {
        const server = createServer(await build(name, authorization(settings)))
        const { port, close } = await listening(server)
        return { ask: (path, wish) => send(`http://127.0.0.1:${port}${path}`, wish), close }
      },
      misspelt: () => protect(authorization({ gateway }), { org: 'demo', permision: 'a:b' } as never),
    }))
