import { accessIn, type Dependencies } from '../../lib/lambda/dependencies.ts'
import { endpoint, served } from '../../lib/lambda/endpoint.ts'
import { loginLoopIn } from '../../lib/login/login-loop.ts'
import { sessionsIn } from '../../lib/session/revocation.ts'
import { logout } from './handler.ts'

/** The route, which stores ended sessions. */
export const wire = (on: Dependencies) => {
  const loop = loginLoopIn(on.jar)
  return endpoint(
    'logout',
    logout({ ...on, access: accessIn(on), sessions: sessionsIn(on.table, on.config), loop }),
    on,
  )
}

/** The handler that Lambda calls. */
export const handler = served(wire)
