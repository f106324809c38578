import { randomUUID } from 'node:crypto'
import type { Origin } from '../../../lib/config.ts'
import type { Answer, Incoming } from '../../../lib/http/messages.ts'
import type { Handle } from '../../../lib/lambda/chain.ts'
import { loginUrlAt } from '../../../lib/redirect/login-url.ts'
import type { Table } from '../../../lib/store/table.ts'
import { redirect, redirectUri, withParameter } from '../../addresses.ts'
import { Declined, exchange } from '../../exchange.ts'
import { type Dependencies, organisationOf } from '../../lambda.ts'
import { hintCookie } from '../../logout-cookies.ts'
import type { Organisation } from '../../organisations.ts'
import type { PendingSignIns, SignIn } from '../../pending-sign-ins.ts'
import { type Person, personFrom } from '../../person.ts'
import { SignInProblem } from '../../problem.ts'
import { rememberProvider } from '../../provider-state.ts'
import { routes } from '../../routes.ts'
import { rememberSession } from '../../sessions.ts'
import type { SigningKeys } from '../../signing-key.ts'

export type CallbackDependencies = Pick<Dependencies, 'organisations' | 'providers' | 'settings' | 'now'> &
  Readonly<{
    pending: PendingSignIns
    table: Table
    keys: SigningKeys
    /** The client secret of an organisation. Throws `provider_misconfigured` when there is none. */
    secretOf: (org: string) => Promise<string>
  }>

/** One deadline for all requests to the provider, milliseconds. No retry: a code works once. */
const patience = 10_000

/** The claims of our own ID token. */
const claimsOf = (
  issuer: Origin,
  audience: Origin,
  { name, provider }: Organisation,
  { subject, groups, userinfo, authTime }: Person,
  now: number,
) => ({
  ntt: 'id_token',
  iss: issuer,
  aud: audience,
  sub: subject,
  org: name,
  groups,
  userinfo,
  ...(authTime === undefined ? {} : { auth_time: authTime }),
  iat: now,
  exp: now + provider.sessionLifetime,
  jti: randomUUID(),
})

/**
 * `GET /v1/org/{org}/login-callback`: exchange the code, check everything, and give the gateway an ID token
 * of ours.
 */
export const loginCallback = (deps: CallbackDependencies): Handle => {
  const { organisations, settings, pending } = deps
  return async (request) => {
    const organisation = organisationOf({ organisations }, request)
    if (organisation.blocked) throw new SignInProblem('organisation_blocked')
    const signIn = pending.find(request, organisation.name, request.query.the('state'))
    request.facts.again = loginUrlAt(settings.url, routes.login.path, organisation.name, signIn.callback)

    return finish(deps, organisation, signIn, request).catch((error: unknown) => {
      if (!(error instanceof Declined)) throw error
      // Never a dead end: the gateway has a page with a way to begin again.
      request.facts.code = `declined_${error.error}`
      return redirect(withParameter(signIn.callback, 'error', error.error))
    })
  }
}

const finish = async (
  { providers, settings, pending, table, keys, now, secretOf }: CallbackDependencies,
  organisation: Organisation,
  signIn: SignIn,
  request: Incoming,
): Promise<Answer> => {
  const { name, provider } = organisation
  const secret = provider.clientAuthentication === 'none' ? undefined : await secretOf(name)
  const reached = await providers.of(organisation, AbortSignal.timeout(patience), secret)

  // A code works once, so from here on the sign-in is spent, even if it fails.
  request.facts.cookies.push(pending.spend(signIn))
  const facts = { request, redirectUri: redirectUri(settings.url, name), now: now() }
  const exchanged = await exchange(reached, organisation, signIn, facts)
  const person = personFrom(exchanged, organisation)
  request.facts.subject = person.subject

  const claims = claimsOf(settings.url, signIn.gateway, organisation, person, now())
  const session = { subject: person.subject, expires: claims.exp }
  const [token] = await Promise.all([
    keys.sign(claims),
    rememberSession(table, organisation, exchanged.idToken, session),
    rememberProvider(table, name, reached.learned()),
  ])
  request.facts.code = 'signed_in'
  request.facts.cookies.push(...hintCookie(settings.loopback, organisation, exchanged.raw))
  return redirect(withParameter(signIn.callback, 'imid_token', token))
}
