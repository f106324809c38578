import type { Config } from '../../lib/config.ts'
import type { Jar } from '../../lib/http/cookies.ts'
import { type Answer, type Incoming, redirect } from '../../lib/http/messages.ts'
import type { Handle } from '../../lib/lambda/endpoint.ts'
import type { LoginBinding, PendingLogin } from '../../lib/login/login-binding.ts'
import type { LoginLoop } from '../../lib/login/login-loop.ts'
import { allowedFor } from '../../lib/login/start-login.ts'
import { isOurFailure, isSignedOut, Problem } from '../../lib/problem.ts'
import { type ReturnUrl, returnUrl } from '../../lib/redirect/return-url.ts'
import type { Access, Session } from '../../lib/session/authenticate.ts'
import { sealOf } from '../../lib/session/seal.ts'
import { type Claims, unverifiedToken } from '../../lib/session/token.ts'

type Deps = {
  access: Pick<Access, 'session' | 'sessionOf'>
  bindings: Pick<LoginBinding, 'find' | 'spend'>
  loop: Pick<LoginLoop, 'count'>
  jar: Pick<Jar, 'session' | 'sessionName' | 'seal' | 'clearSession'>
  config: Pick<Config, 'publicUrl' | 'callbackOrigins' | 'loginBinding' | 'loginMaxTokenAge' | 'sessionSeal'>
}

/** `GET /callback`: finish a login. The session cookie is set after all checks. */
export const callback =
  (deps: Deps): Handle =>
  async (request) => {
    const target = request.query.the('serviceCallback')
    const pending = deps.bindings.find(request, request.query.one('login') ?? '', target)
    if (pending !== undefined) {
      request.facts.org = pending.org
      request.facts.login = { org: pending.org, callback: target }
    }
    const raw = arrivingToken(request)
    if (pending === undefined && deps.config.loginBinding) return repeated(deps, request, raw, target)
    return finished(deps, request, raw, pending, target)
  }

/** The ID token in the query. Throws when there is an `error` instead: RFC 6749 section 4.1.2.1. */
const arrivingToken = ({ query }: Incoming): string => {
  const error = query.one('error')
  if (error !== undefined && !query.has('imid_token'))
    throw new Problem(error === 'access_denied' ? 'login_cancelled' : 'login_refused')
  return query.the('imid_token')
}

/** Sets the session cookie, or throws. After a 5xx, the login does not count towards a login loop. */
const finished = async (
  deps: Deps,
  request: Incoming,
  raw: string,
  pending: PendingLogin | undefined,
  target: string,
): Promise<Answer> => {
  const { access, bindings, loop, jar, config } = deps
  const counted = loop.count(request, target)
  try {
    const session = await access.sessionOf(raw, request)
    const { claims } = session
    const to = admitted(deps, request, session, pending, target)

    request.facts.code = 'session_set'
    const secondsLeft = claims.expires - request.now
    request.facts.cookies.push(
      jar.session(raw, secondsLeft),
      ...(config.sessionSeal ? [jar.seal(sealOf(claims), secondsLeft)] : []),
      ...(pending === undefined ? [] : [bindings.spend(pending)]),
      counted,
      ...(request.cookies.values(jar.sessionName).length > 0
        ? jar.clearSession(request.route, 'others')
        : []),
    )
    return redirect(302, to)
  } catch (error) {
    if (!isOurFailure(error)) request.facts.cookies.push(counted)
    throw error
  }
}

/**
 * Checks that this is a recent ID token of the right organisation, and returns the return URL if it is
 * allowed.
 */
const admitted = (
  { config }: Deps,
  { now }: Incoming,
  { claims, organisation }: Session,
  pending: PendingLogin | undefined,
  target: string,
): ReturnUrl => {
  if (claims.kind !== 'id_token') throw new Problem('token_purpose')
  if (pending !== undefined && claims.org !== pending.org) throw new Problem('login_other_organisation')
  if (now - claims.issued > config.loginMaxTokenAge) throw new Problem('token_too_old')
  return returnUrl(target, allowedFor(config, organisation))
}

const refused = (cause?: unknown): never => {
  throw new Problem('login_not_from_this_browser', cause)
}

/** The unverified claims of the token. Only for comparison with the person who is signed in. */
const claimed = (raw: string): Claims => {
  try {
    return unverifiedToken(raw).unverifiedClaims
  } catch (error) {
    return refused(error)
  }
}

/**
 * A callback without a pending login, such as a reload. Redirects if the same person is already signed in.
 */
const repeated = async (
  { access, config }: Deps,
  request: Incoming,
  raw: string,
  target: string,
): Promise<Answer> => {
  const { org, subject } = claimed(raw)
  request.facts.login = { org, callback: target }
  const { claims, organisation } = await access
    .session(request)
    .catch((error: unknown) => (isSignedOut(error) ? refused(error) : Promise.reject(error)))
  if (claims.org !== org || claims.subject !== subject) return refused('another person')
  request.facts.code = 'login_repeated'
  return redirect(302, returnUrl(target, allowedFor(config, organisation)))
}
