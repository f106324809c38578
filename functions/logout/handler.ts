import type { Config } from '../../lib/config.ts'
import { readerOf, signedOut } from '../../lib/errors/error-response.ts'
import type { Jar } from '../../lib/http/cookies.ts'
import { type Incoming, redirect } from '../../lib/http/messages.ts'
import { cookiesMayAct } from '../../lib/http/request-policy.ts'
import type { Handle } from '../../lib/lambda/endpoint.ts'
import type { LoginLoop } from '../../lib/login/login-loop.ts'
import { allowedFor } from '../../lib/login/start-login.ts'
import { identityLogoutUrl } from '../../lib/redirect/login-url.ts'
import { type ReturnUrl, returnUrl } from '../../lib/redirect/return-url.ts'
import type { Access } from '../../lib/session/authenticate.ts'
import type { Sessions } from '../../lib/session/revocation.ts'
import { sealIn, sealOf } from '../../lib/session/seal.ts'
import type { Claims } from '../../lib/session/token.ts'
import type { Organisations } from '../../lib/state/organisation.ts'
import type { Table } from '../../lib/store/table.ts'

type Deps = {
  access: Pick<Access, 'presented'>
  sessions: Sessions
  jar: Pick<Jar, 'clearSession' | 'noSeal' | 'sealName'>
  loop: Pick<LoginLoop, 'forget'>
  table: Pick<Table, 'read'>
  organisations: Organisations
  config: Config
}

/**
 * The organisation whose return URLs are allowed: that of the sealed session, because others may be planted.
 * Without a seal, undefined when the sessions belong to several organisations.
 */
const homeOf = (ending: readonly Claims[], seal: string | undefined): string | undefined => {
  const own = ending.filter((claims) => sealOf(claims) === seal)
  const [org, other] = new Set((own.length > 0 ? own : ending).map((claims) => claims.org))
  return other === undefined ? org : undefined
}

/** The allowed return URL of a request, or undefined when it has none. */
const returnUrlIn = async (
  { table, organisations, config }: Deps,
  request: Incoming,
  home: string | undefined,
): Promise<ReturnUrl | undefined> => {
  const callback = request.query.one('callback')
  if (callback === undefined) return undefined
  const lookup = home === undefined ? undefined : organisations.lookup(home, request.now)
  const organisation = lookup?.found(await table.read(lookup.keys))
  return returnUrl(callback, allowedFor(config, organisation))
}

/** `POST /logout`: end the session. The return URL is checked afterwards. */
export const logout =
  (deps: Deps): Handle =>
  async (request) => {
    const { access, sessions, jar, loop, config } = deps
    // A request with a bearer skips the CSRF check, so its cookies are used only if they pass it here.
    const withCookies = cookiesMayAct(request, config)
    const ending = await access.presented(request, withCookies)
    request.facts.org = ending[0]?.org
    request.facts.subject = ending[0]?.subject
    // Expired tokens count too: another token of the same session may live longer.
    await Promise.all(ending.map((claims) => sessions.end(claims, request.now)))
    if (withCookies)
      request.facts.cookies.push(
        ...(request.cookies.values(jar.sealName).length > 0 ? [jar.noSeal()] : []),
        ...loop.forget(request),
        ...jar.clearSession(request.route, 'all'),
      )

    const home = homeOf(ending, sealIn(request, jar))
    const to = await returnUrlIn(deps, request, home)
    const there = identityLogoutUrl(config, home, to)
    if (there !== undefined)
      return readerOf(request) === 'page' ? redirect(303, there) : signedOut(request, config, there)
    return to === undefined ? signedOut(request, config) : redirect(303, to)
  }
