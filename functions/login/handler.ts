import type { Handle } from '../../lib/endpoint.ts'
import type { StartLogin } from '../../lib/login.ts'

/** `GET /login`: start a login at the organisation in the query. */
export const login =
  ({ start }: { start: StartLogin }): Handle =>
  (request) =>
    start(request, request.query.the('org'))
