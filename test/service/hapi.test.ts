import { describe } from 'node:test'
import { personOf, plugin, visitorOf } from '../../service/hapi.ts'
import { authorization } from '../../service/index.ts'
import { send } from '../support/visitor.ts'
import { cases, described, rules, type Served } from './cases.ts'

type Server = {
  info: { port: number }
  auth: { strategy(name: string, scheme: string, rule: object): void }
  register(plugin: object): Promise<void>
  route(route: object): void
  start(): Promise<void>
  stop(options: object): Promise<void>
}

const hapi = '@hapi/hapi'
const { default: Hapi } = (await import(hapi)) as { default: { server(options?: object): Server } }

describe('the library with Hapi 21', () =>
  cases({
    open: async (settings): Promise<Served> => {
      const server = Hapi.server({ host: '127.0.0.1', port: 0 })
      await server.register({ plugin, options: { auth: authorization(settings) } })
      for (const [path, { required = true, ...rule }] of Object.entries<{ org: string; required?: boolean }>(
        rules,
      )) {
        server.auth.strategy(path, 'imid', rule)
        const auth = { strategy: path, mode: required ? 'required' : 'try' } as const
        const read = required ? personOf : visitorOf
        server.route({
          method: ['GET', 'POST'],
          path,
          options: { auth },
          handler: (request: object) => described(read(request)),
        })
      }
      await server.start()
      return {
        ask: (path, wish) => send(`http://127.0.0.1:${server.info.port}${path}`, wish),
        close: () => server.stop({ timeout: 100 }),
      }
    },
    misspelt: async () => {
      const server = Hapi.server()
      await server.register({
        plugin,
        options: { auth: authorization({ gateway: 'https://id.example.com' }) },
      })
      server.auth.strategy('x', 'imid', { org: 'demo', permision: 'a:b' })
    },
  }))
