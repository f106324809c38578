import type { Handle } from '../../lib/lambda/endpoint.ts'
import type { StartLogin } from '../../lib/login/start-login.ts'

/** `GET /login`: start a login at the organisation in the query. */
export const login =
  ({ start }: { start: StartLogin }): Handle =>
  (request) =>
    start(request, request.query.the('org'))
