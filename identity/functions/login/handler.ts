import * as oidc from 'openid-client'
import type { Handle } from '../../../lib/lambda/chain.ts'
import { loginUrlAt } from '../../../lib/redirect/login-url.ts'
import { gatewayCallback, providerUrl, redirect, redirectUri } from '../../addresses.ts'
import { type Dependencies, organisationOf } from '../../lambda.ts'
import type { PendingSignIns } from '../../pending-sign-ins.ts'
import { SignInProblem } from '../../problem.ts'
import { routes } from '../../routes.ts'

type Deps = Pick<Dependencies, 'organisations' | 'providers' | 'settings'> & { pending: PendingSignIns }

/** Deadline for the provider, milliseconds. */
const patience = 10_000

/** `GET /v1/org/{org}/login`: send a browser to the provider, tied to this sign-in. */
export const login =
  ({ organisations, providers, settings, pending }: Deps): Handle =>
  async (request) => {
    const organisation = organisationOf({ organisations }, request)
    if (organisation.blocked) throw new SignInProblem('organisation_blocked')
    const { name, provider } = organisation
    const waiting = gatewayCallback(request.query.the('callback'), settings.gateways)
    request.facts.again = loginUrlAt(settings.url, routes.login.path, name, waiting.callback)

    const { config } = await providers.of(organisation, AbortSignal.timeout(patience))
    const { signIn, cookies } = pending.begin(request, name, waiting)
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
