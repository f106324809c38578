import type { Dependencies } from '../../lib/lambda/dependencies.ts'
import { endpoint, served } from '../../lib/lambda/endpoint.ts'
import { routes } from '../../lib/routes.ts'
import { loginFailed } from './handler.ts'

export const wire = (on: Dependencies) =>
  endpoint('login-failed', loginFailed({ codes: routes['login-failed'].problems }), on)

export const handler = served(wire)
