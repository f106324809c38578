import { adminApi } from './admin.ts'
import { type BufferedRequest, failures, type Reply } from './exchange.ts'
import { home } from './home.ts'
import { login } from './login.ts'
import { keySet } from './malformed.ts'
import type { StandIn } from './stand-in.ts'
import { tokenService } from './token-service.ts'

/** The response of the three services to a request. */
export const answer = (standIn: StandIn, asked: BufferedRequest): Reply | Promise<Reply> => {
  const { method, path } = asked
  const call = /^\/v1\/(\w+\.\w+)$/.exec(path)?.[1]
  if (call !== undefined) return adminApi(standIn, asked, call)
  if (method === 'POST' && path === '/v1/token') return tokenService(standIn, asked)
  if (method !== 'GET') return failures.notFound

  if (path === '/') return home(standIn.directory)
  if (path === '/v1/jwks') return keySet(standIn.ring, standIn.switches.malformed)
  const org = /^\/v1\/org\/([^/]+)\/login$/.exec(path)?.[1]
  return org === undefined ? failures.notFound : login(standIn, asked, decodeURIComponent(org))
}
