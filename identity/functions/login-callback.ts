import { randomUUID } from 'node:crypto'
import type { Answer, Incoming } from '../../lib/http/messages.ts'
import type { Handle } from '../../lib/lambda/chain.ts'
import { loginUrlAt } from '../../lib/redirect/login-url.ts'
import type { Table } from '../../lib/store/table.ts'
import { redirect, redirectUri, withParameter } from '../addresses.ts'
import { clientSecrets, keysOf, tables } from '../aws-clients.ts'
import { type Dependencies, endpoint, openOrganisationOf, served } from '../lambda.ts'
import type { Organisation } from '../organisations.ts'
import { providerTimeout } from '../provider/discovery.ts'
import { rememberProvider } from '../provider/provider.ts'
import { routes } from '../routes.ts'
import { Declined, exchange } from '../sign-in/exchange.ts'
import { type PendingSignIns, pendingSignIns, type SignIn } from '../sign-in/pending-sign-ins.ts'
import { personFrom } from '../sign-in/person.ts'
import type { SigningKeys } from '../sign-in/signing-key.ts'
import { hintCookie } from '../sign-out/logout-cookies.ts'
import { rememberSession } from '../sign-out/sessions.ts'

export type CallbackDependencies = Dependencies &
  Readonly<{
    table: Table
    keys: SigningKeys
    /** The client secret of an organisation. Throws `provider_misconfigured` when there is none. */
    secretOf: (org: string) => Promise<string>
  }>

/** Exchanges the code, checks everything, and answers with an ID token of ours. */
const finish = async (
  on: CallbackDependencies,
  pending: PendingSignIns,
  organisation: Organisation,
  signIn: SignIn,
  request: Incoming,
): Promise<Answer> => {
  const { settings, table } = on
  const { facts } = request
  const { name: org, provider } = organisation
  const secret = provider.clientAuthentication === 'none' ? undefined : await on.secretOf(org)
  const connection = await on.providers.of(organisation, AbortSignal.timeout(providerTimeout), secret)

  // A code works once, so nothing is retried and from here on the sign-in is spent, even if it fails.
  facts.cookies.push(pending.spend(signIn))
  const asked = { request, redirectUri: redirectUri(settings.url, org), now: on.now() }
  const exchanged = await exchange(connection, organisation, signIn, asked)
  const { subject: sub, ...person } = personFrom(exchanged, organisation)
  facts.subject = sub

  const iat = on.now()
  const exp = iat + provider.sessionLifetime
  const issued = { ntt: 'id_token', iss: settings.url, aud: signIn.gateway, jti: randomUUID(), iat, exp }
  const [token] = await Promise.all([
    on.keys.sign({ ...issued, sub, org, ...person }),
    rememberSession(table, organisation, exchanged.idToken, sub, exp),
    rememberProvider(table, org, connection.fetched()),
  ])
  facts.code = 'signed_in'
  facts.cookies.push(...hintCookie(settings.loopback, organisation, exchanged.raw))
  return redirect(withParameter(signIn.callback, 'imid_token', token))
}

/** `GET /v1/org/{org}/login-callback`: give the gateway an ID token, or what the provider refused. */
const loginCallback = (on: CallbackDependencies): Handle => {
  const pending = pendingSignIns(on)
  return async (request) => {
    const organisation = openOrganisationOf(on, request)
    const signIn = pending.find(request, organisation.name, request.query.the('state'))
    request.facts.again = loginUrlAt(on.settings.url, routes.login.path, organisation.name, signIn.callback)

    return finish(on, pending, organisation, signIn, request).catch((error: unknown) => {
      if (!(error instanceof Declined)) throw error
      // Never a dead end: the gateway has a page with a way to begin again.
      request.facts.code = `declined_${error.error}`
      return redirect(withParameter(signIn.callback, 'error', error.error))
    })
  }
}

export const wire = (on: CallbackDependencies) => endpoint('login-callback', loginCallback(on), on)

export const handler = served(
  (on, env) => wire({ ...on, ...tables(env), keys: keysOf(on.settings, env), secretOf: clientSecrets(env) }),
  import.meta.dirname,
)
