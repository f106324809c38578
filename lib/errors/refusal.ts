import type { Config } from '../config.ts'
import { type Answer, type Facts, type Incoming, redirect } from '../http/messages.ts'
import { offerLogin } from '../login/offer-login.ts'
import { answers, type Code, row } from '../problem.ts'
import { loginFailedUrl } from '../redirect/login-url.ts'
import { answerOn, prefix, type Route, routes } from '../routes.ts'
import type { Organisations } from '../state/organisation.ts'
import type { Table } from '../store/table.ts'
import { errorResponse, readerOf } from './error-response.ts'

/** Responds to a failure on a route: offers a login if one helps, redirects away from URLs with a token. */

type RefusalDeps = Readonly<{ config: Config; table: Pick<Table, 'read'>; organisations: Organisations }>

/**
 * The login to offer: the one that the request names, or one at the token's organisation that returns to this
 * route.
 */
const loginAfter = (route: Route, { publicUrl }: Config, { login, claimedOrg }: Facts): Facts['login'] => {
  if (login !== undefined || claimedOrg === undefined) return login
  const page = 'get' in route ? route.get : routes.units.get
  return { org: claimedOrg, callback: `${publicUrl}${prefix}${page}` }
}

/** Whether to redirect to `/login-failed`, because the URL may contain a token. */
const redirectsFailure = (route: Route, request: Incoming, code: Code): boolean =>
  'refusedAt' in route &&
  code !== 'not_a_navigation' &&
  (request.query.has('imid_token') || request.query.has('error')) &&
  readerOf(request) === 'page'

/** The response to a failure on this route. A login is looked up only if it helps and would be shown. */
export const refusal = async (
  { config, table, organisations }: RefusalDeps,
  route: Route,
  request: Incoming,
  code: Code,
): Promise<Answer> => {
  const { facts } = request
  const named = answerOn(route, code)
  const ours = answers[named].status >= 500
  const login = loginAfter(route, config, facts)
  if (row(code).again && readerOf(request) !== 'key')
    facts.again ??= await offerLogin({ config, table, organisations }, login, ours, request.now)
  if (!ours && redirectsFailure(route, request, code))
    return redirect(303, loginFailedUrl(config, { code, id: request.id, ...(facts.again && login) }))
  return errorResponse(request, code, named, config)
}
