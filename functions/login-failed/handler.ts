import type { Handle } from '../../lib/lambda/endpoint.ts'
import { type Code, Problem } from '../../lib/problem.ts'

type Deps = {
  /** The refusals that a callback may send on to this page. */
  codes: readonly Code[]
}

/** What API Gateway makes request ids of. */
const requestId = /^[A-Za-z0-9_=-]{8,40}$/

/** `GET /login-failed`: the page of a refused callback, at an address that holds no token. */
export const loginFailed =
  ({ codes }: Deps): Handle =>
  async ({ query, facts }) => {
    const name = query.the('code')
    const code = codes.find((listed) => listed === name)
    const id = query.the('id')
    const [org, callback] = [query.one('org'), query.one('callback')]
    if (code === undefined || !requestId.test(id)) throw new Problem('bad_query')

    facts.refusedRequest = id
    if (org !== undefined && callback !== undefined) facts.login = { org, callback }
    throw new Problem(code)
  }
