import type { HttpRouteName } from '../../lib/routes.ts'
import { fromOurPage, navigation, type Request } from './events.ts'

/** A successful request to each route, with its status, for everything that walks all routes. */

type Good = Readonly<{
  status: number
  request: () => Promise<Request>
  /** Reads of the table by an instance that has served before, where it is not one. */
  warmReads?: 0
}>

/** Where tokens come from: a signed ID token, and a login begun in a browser up to its callback. */
type Source = Readonly<{
  token: (claims?: Record<string, unknown>) => Promise<string>
  begun: () => Promise<Readonly<{ query: URLSearchParams; cookies: readonly string[] }>>
}>

const callback = 'callback=https%3A%2F%2Fapp.example.test%2F'

export const goodRequests = ({ token, begun }: Source): Readonly<Record<HttpRouteName, Good>> => {
  const session = async (claims = {}) => ({ cookies: [`imidToken=${await token(claims)}`] })
  const json = { ...fromOurPage, 'content-type': 'application/json' }
  const finished = async () => {
    const { query, cookies } = await begun()
    query.set('imid_token', await token())
    return { query: query.toString(), cookies, headers: navigation }
  }
  return {
    login: {
      status: 302,
      request: async () => ({ query: `org=demo&${callback}`, headers: navigation }),
      warmReads: 0,
    },
    'org-login': {
      status: 302,
      request: async () => ({ query: callback, path: { org: 'demo' }, headers: navigation }),
      warmReads: 0,
    },
    callback: { status: 302, request: finished },
    'login-failed': {
      status: 401,
      request: async () => ({
        query: `code=token_expired&id=12345678&org=demo&${callback}`,
        headers: navigation,
      }),
      warmReads: 0,
    },
    authorize: { status: 200, request: async () => ({ ...(await session()), query: 'org=demo' }) },
    'token-is-set': { status: 200, request: session },
    units: { status: 200, request: session },
    unit: {
      status: 200,
      request: async () => ({ ...(await session()), body: '{"unit":null}', headers: json }),
    },
    logout: {
      status: 200,
      request: async () => ({ ...(await session({ jti: 'ended' })), headers: fromOurPage }),
      warmReads: 0,
    },
    health: { status: 200, request: async () => ({}) },
  }
}
