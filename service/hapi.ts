import { type Authorization, ConfigError, type Person, type RequestHeaders, Unauthorized } from './index.ts'
import { isPerson, signedIn } from './person.ts'
import { assertRule } from './rule.ts'

// The parts of Hapi that are used here, so that its types are not needed to compile this.
type Response = {
  code(status: number): Response
  header(name: string, value: string): Response
  takeover(): unknown
}
type Toolkit = {
  authenticated(data: { credentials: { imid: Person } }): unknown
  unauthenticated(error: Error): unknown
  redirect(location: string): Response
  response(body: object): Response
}
type Request = {
  method: string
  headers: RequestHeaders
  raw: { req: { url?: string | undefined } }
  auth: { mode: string }
}
type Server = {
  auth: { scheme(name: string, scheme: (server: never, rule?: object) => object): void }
}

const isServer = (server: object): server is Server => 'auth' in server

type Refusal = Error & { status?: number; headers?: Record<string, string> }

/** A refusal in the same form as Hapi's own. */
const refusal = (h: Toolkit, { name, message, status, headers = {} }: Refusal): unknown => {
  const response = h.response({ statusCode: status, error: name, message }).code(status ?? 500)
  for (const header of Object.entries(headers)) response.header(...header)
  return response.takeover()
}

/**
 * Plugin for Hapi 21: a scheme `imid`, whose strategies are rules. In the modes `try` and `optional` a route
 * is also served without a session. A rule that does not hold is 403 in every mode.
 */
export const plugin = {
  name: 'imsg',
  register: (server: object, { auth }: { auth: Authorization }): void => {
    const scheme = (_: unknown, rule: object = {}) => {
      assertRule(rule)
      return {
        authenticate: async (request: Request, h: Toolkit): Promise<unknown> => {
          const { method, headers, raw } = request
          try {
            return h.authenticated({ credentials: { imid: await auth.authorize(headers, rule) } })
          } catch (error) {
            if (!(error instanceof Error)) throw error
            if (error instanceof Unauthorized && request.auth.mode !== 'required')
              return h.unauthenticated(error)
            const asked = { method: method.toUpperCase(), headers, url: raw.req.url }
            const location = auth.loginFor(error, rule, asked)
            if (location !== undefined)
              return h.redirect(location).header('cache-control', 'no-store').takeover()
            return refusal(h, error)
          }
        },
      }
    }
    if (!isServer(server)) throw new ConfigError('this is not a server of Hapi')
    server.auth.scheme('imid', scheme)
  },
}

/** The person of a request, or undefined when its route does not require one. */
export const visitorOf = (request: object): Person | undefined => {
  const { auth } = Object(request)
  if (auth === undefined) throw new ConfigError('this is not a request of Hapi')
  const { imid } = Object(auth.credentials)
  return isPerson(imid) ? imid : undefined
}

/** The person of a request. Throws `Unauthorized` when nobody is signed in. */
export const personOf = (request: object): Person => signedIn(visitorOf(request))
