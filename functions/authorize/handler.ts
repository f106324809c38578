import type { Config } from '../../lib/config.ts'
import type { Jar } from '../../lib/http/cookies.ts'
import { type Answer, granted, type Incoming, redirect } from '../../lib/http/messages.ts'
import { isNavigation } from '../../lib/http/request-policy.ts'
import type { Handle } from '../../lib/lambda/endpoint.ts'
import { allowedFor } from '../../lib/login/start-login.ts'
import { isSignedOut, Problem } from '../../lib/problem.ts'
import { ownLoginUrl } from '../../lib/redirect/login-url.ts'
import { judgeReturnUrl } from '../../lib/redirect/return-url.ts'
import type { Access } from '../../lib/session/authenticate.ts'
import { identityHeaders, originalUrl } from '../../lib/session/identity-headers.ts'
import type { PermissionsOf } from '../../lib/session/permissions.ts'
import { type Rule, ruleIn, unmetPart } from '../../lib/session/rule.ts'
import type { Units } from '../../lib/session/units.ts'
import type { Organisations } from '../../lib/state/organisation.ts'
import type { Table } from '../../lib/store/table.ts'

type Deps = {
  access: Pick<Access, 'session'>
  units: Pick<Units, 'heldBy' | 'preferred'>
  permissionsOf: PermissionsOf
  table: Pick<Table, 'read'>
  organisations: Organisations
  jar: Pick<Jar, 'isOwn'>
  config: Pick<Config, 'publicUrl' | 'callbackOrigins' | 'includeToken'>
}

/**
 * `GET /authorize`: tell a proxy in front of a service who this person is and whether the rule holds for
 * them.
 */
export const authorize =
  (deps: Deps): Handle =>
  async (request) => {
    const rule = ruleIn(request.query)
    const session = await deps.access.session(request).catch((error: unknown) => {
      if (isSignedOut(error)) return error
      throw error
    })
    if (session instanceof Problem) return toLogin(deps, request, rule, session)

    const units = await deps.units.heldBy(session)
    const permissions = await deps.permissionsOf(session)
    const unmet = unmetPart(rule, { claims: session.claims, units, permissions })
    if (unmet !== undefined) throw new Problem('rule_not_met', unmet)

    const preferred = deps.units.preferred(session, units)
    const person = { ...session, units, preferred, permissions, unit: rule.unit }
    const { headers, cutOff } = identityHeaders(request, person, deps.jar, deps.config)
    if (cutOff) request.facts.code = 'list_cut_off'
    return granted(headers)
  }

/** Adds the login URL for a navigation, if the rule names an organisation. Otherwise a plain 401. */
const toLogin = async (
  { table, organisations, config }: Deps,
  request: Incoming,
  rule: Rule,
  problem: Problem,
): Promise<Answer> => {
  if (rule.org === undefined || !isNavigation(request)) throw problem
  const lookup = organisations.lookup(rule.org, request.now)
  const allowed = allowedFor(config, lookup.found(await table.read(lookup.keys)))
  const page = judgeReturnUrl(originalUrl(request) ?? '', allowed)
  const login = ownLoginUrl(config, rule.org, 'url' in page ? page.url : '/')
  request.facts.again = login
  request.facts.headers = { 'x-imid-login': login }
  if (!rule.redirect) throw problem
  request.facts.code = problem.code
  return redirect(302, login)
}
