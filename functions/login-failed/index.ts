import type { Dependencies } from '../../lib/lambda/dependencies.ts'
import { endpoint, served } from '../../lib/lambda/endpoint.ts'
import { routes } from '../../lib/routes.ts'
import { loginFailed } from './handler.ts'

/** The route. It shows only codes that a callback can fail with. */
export const wire = (on: Dependencies) =>
  endpoint('login-failed', loginFailed({ codes: routes['login-failed'].problems }), on)

/** The handler that Lambda calls. */
export const handler = served(wire)
