import type { Handle } from '../../lib/lambda/endpoint.ts'
import { type Code, Problem } from '../../lib/problem.ts'

type Deps = {
  /** The codes with which a callback may redirect to this page. */
  codes: readonly Code[]
}

/** The form of API Gateway's request ids. */
const requestId = /^[A-Za-z0-9_=-]{8,40}$/

/** `GET /login-failed`: the page of a refused callback, at a URL without a token. */
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
