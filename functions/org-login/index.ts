import type { Dependencies } from '../../lib/lambda/dependencies.ts'
import { endpoint, served } from '../../lib/lambda/endpoint.ts'
import { startLogin } from '../../lib/login/start-login.ts'
import { orgLogin } from './handler.ts'

/** The route. */
export const wire = (on: Dependencies) => endpoint('org-login', orgLogin({ start: startLogin(on) }), on)

/** The handler that Lambda calls. */
export const handler = served(wire)
