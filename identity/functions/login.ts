import * as oidc from 'openid-client'
import { opensStartPage } from '../../lib/errors/error-response.ts'
import type { Endpoint, Handle } from '../../lib/lambda/chain.ts'
import { loginUrlAt } from '../../lib/redirect/login-url.ts'
import { gatewayCallback, providerUrl, redirect, redirectUri } from '../addresses.ts'
import { type Dependencies, endpoint, openOrganisationOf, served } from '../lambda.ts'
import { infoPage } from '../pages.ts'
import { refuse } from '../problem.ts'
import { providerTimeout } from '../provider/discovery.ts'
import { routes } from '../routes.ts'
import { pendingSignIns } from '../sign-in/pending-sign-ins.ts'

/** `GET /v1/org/{org}/login`: send a browser to the provider, tied to this sign-in. */
const login = (on: Dependencies): Handle => {
  const { providers, settings } = on
  const pending = pendingSignIns(on)
  return async (request) => {
    const organisation = openOrganisationOf(on, request)
    const { name, provider } = organisation
    const destination = gatewayCallback(request.query.the('callback'), settings.gateways)
    request.facts.again = loginUrlAt(settings.url, routes.login.path, name, destination.callback)

    const { config } = await providers.of(organisation, AbortSignal.timeout(providerTimeout))
    const { signIn, cookies } = pending.begin(request, name, destination)
    const to = oidc.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri(settings.url, name),
      scope: provider.scope,
      state: signIn.state,
      nonce: signIn.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(signIn.verifier),
      code_challenge_method: 'S256',
      ...(provider.forceLoginPrompt ? { prompt: 'login' } : {}),
    })
    request.facts.cookies.push(...cookies)
    return redirect(providerUrl(to))
  }
}

/** What no route matches: a page for people at `/`, and otherwise 404, as at the gateway. */
const notFound =
  ({ settings }: Dependencies): Handle =>
  async (request) =>
    opensStartPage(request) ? infoPage(request, settings, ({ start }) => start) : refuse('not_found')

/** Two routes share the smallest function; only a login has an organisation in its path. */
export const wire = (on: Dependencies): Endpoint => {
  const forLogin = endpoint('login', login(on), on)
  const forOthers = endpoint('not-found', notFound(on), on)
  return (event, context) => (event.pathParameters?.org === undefined ? forOthers : forLogin)(event, context)
}

export const handler = served(wire, import.meta.dirname)
