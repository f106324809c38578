import type { Handle } from '../../lib/lambda/endpoint.ts'
import type { StartLogin } from '../../lib/login/start-login.ts'

/** `GET /org/{org}/login`: start a login at the organisation in the path. */
export const orgLogin =
  ({ start }: { start: StartLogin }): Handle =>
  (request) =>
    start(request, request.path('org'))
