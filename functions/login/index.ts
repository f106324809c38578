import type { Dependencies } from '../../lib/lambda/dependencies.ts'
import { endpoint, served } from '../../lib/lambda/endpoint.ts'
import { startLogin } from '../../lib/login/start-login.ts'
import { login } from './handler.ts'

/** The route. */
export const wire = (on: Dependencies) => endpoint('login', login({ start: startLogin(on) }), on)

/** The handler that Lambda calls. */
export const handler = served(wire)
