import type { Config } from '../../lib/config.ts'
import type { Jar } from '../../lib/http/cookies.ts'
import { type Answer, type Incoming, redirect } from '../../lib/http/messages.ts'
import type { Handle } from '../../lib/lambda/endpoint.ts'
import type { Bindings, PendingLogin } from '../../lib/login/login-binding.ts'
import type { LoginLoop } from '../../lib/login/login-loop.ts'
import { allowedFor } from '../../lib/login/start-login.ts'
import { isSignedOut, Problem } from '../../lib/problem.ts'
import { ownLoginUrl } from '../../lib/redirect/login-url.ts'
import { type ReturnUrl, returnUrl } from '../../lib/redirect/return-url.ts'
import type { Access, Session } from '../../lib/session/authenticate.ts'

type Deps = {
  access: Pick<Access, 'session' | 'sessionOf'>
  bindings: Pick<Bindings, 'find' | 'spend'>
  rounds: Pick<LoginLoop, 'count'>
  jar: Pick<Jar, 'session'>
  config: Pick<Config, 'publicUrl' | 'callbackOrigins' | 'loginBinding' | 'loginMaxTokenAge'>
  now: () => number
}

/** `GET /callback`: finish a login. Every refusal stands above the cookies, and the login is spent last. */
export const callback = (deps: Deps): Handle => {
  const { access, bindings, rounds, jar, config, now } = deps
  return async (request) => {
    const raw = request.query.the('imid_token')
    const target = request.query.the('serviceCallback')

    // Stryker disable next-line StringLiteral: what is no proof of ours is none.
    const pending = bindings.find(request, request.query.one('login') ?? '', target)
    if (pending === undefined && config.loginBinding) return onward(deps, request, target)

    const round = rounds.count(request, target)
    request.facts.refusalCookies = [round]
    if (pending !== undefined) {
      request.facts.org = pending.org
      request.facts.again = ownLoginUrl(config, pending.org, target)
    }

    const session = await access.sessionOf(raw, request.facts)
    const to = admitted(deps, session, pending, target)
    const cookie = jar.session(raw, session.claims.expires - now())

    request.facts.code = 'session_set'
    return redirect(302, to, [cookie, round, ...(pending === undefined ? [] : [bindings.spend(pending)])])
  }
}

/** Where this session may go: an ID token, of the organisation at which the login began, to a return URL that is still allowed. */
const admitted = (
  { config, now }: Deps,
  { claims, organisation }: Session,
  pending: PendingLogin | undefined,
  target: string,
): ReturnUrl => {
  if (claims.kind !== 'id_token') throw new Problem('token_purpose')
  if (pending !== undefined && claims.org !== pending.org) throw new Problem('login_other_organisation')
  if (now() - claims.issued > config.loginMaxTokenAge) throw new Problem('token_too_old')
  return returnUrl(target, allowedFor(config, organisation))
}

/** A callback that is reloaded, or reached with the back button: on to its target while the session is good, else refused. */
const onward = async ({ access, config }: Deps, request: Incoming, target: string): Promise<Answer> => {
  const { organisation } = await access.session(request).catch((error: unknown) => {
    throw isSignedOut(error) ? new Problem('login_not_from_this_browser', error) : error
  })
  request.facts.code = 'login_repeated'
  return redirect(302, returnUrl(target, allowedFor(config, organisation)))
}
