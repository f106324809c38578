import * as oidc from 'openid-client'
import { asPage } from '../../../lib/errors/error-response.ts'
import type { Answer, Incoming } from '../../../lib/http/messages.ts'
import type { Handle } from '../../../lib/lambda/chain.ts'
import { judgeReturnUrl, type ReturnUrl, returnUrl } from '../../../lib/redirect/return-url.ts'
import { pathOf, providerUrl, redirect } from '../../addresses.ts'
import { type Dependencies, organisationOf, siteOf } from '../../lambda.ts'
import { hintOf, noHint, noReturn, returnCookie, returnOf } from '../../logout-cookies.ts'
import type { Organisation } from '../../organisations.ts'
import { SignInProblem } from '../../problem.ts'
import * as written from '../../texts.ts'

type Deps = Pick<Dependencies, 'organisations' | 'providers' | 'settings' | 'random'>

/** Deadline for the provider, milliseconds. The function ends after five seconds. */
const patience = 4000

/** The callback as a return URL of the organisation at one of the gateways, or a 400. */
const judged = ({ settings }: Deps, { domains }: Organisation, callback: string): ReturnUrl => {
  const { gateways, callbackOrigins: origins } = settings
  for (const publicUrl of gateways) {
    const verdict = judgeReturnUrl(callback, { publicUrl, origins, domains })
    if ('url' in verdict) return verdict.url
  }
  return returnUrl(callback, { publicUrl: settings.gateways[0] ?? settings.url, origins, domains })
}

/** A page that says what was done. */
const said = ({ settings }: Deps, request: Incoming, what: 'asked' | 'notThere'): Promise<Answer> =>
  asPage(
    request,
    200,
    async () => written,
    siteOf(settings),
    ({ identity }) => identity.signedOut[what],
  )

const comeBack = (deps: Deps, organisation: Organisation, request: Incoming, state: string) => {
  const { loopback } = deps.settings
  const kept = returnOf(loopback, request, state)
  request.facts.cookies.push(noReturn(loopback))
  request.facts.code = 'signed_out_at_provider'
  return kept ? redirect(judged(deps, organisation, kept)) : said(deps, request, 'asked')
}

/**
 * `GET /v1/org/{org}/logout`: ask the provider to sign the person out. The provider returns to the same
 * address, with `state`.
 */
export const logout =
  (deps: Deps): Handle =>
  async (request) => {
    const { settings, providers, random } = deps
    const organisation = organisationOf(deps, request)
    const { provider } = organisation
    const state = request.query.one('state')
    if (state !== undefined) return comeBack(deps, organisation, request, state)

    if (request.header('sec-fetch-site') === 'cross-site') throw new SignInProblem('logout_from_elsewhere')
    const callback = request.query.one('callback')
    const to = callback === undefined ? undefined : judged(deps, organisation, callback)
    const { loopback } = settings
    const hint = hintOf(loopback, request)
    if (!provider.logoutAtProvider) return to ? redirect(to) : said(deps, request, 'notThere')

    const { config } = await providers.of(organisation, AbortSignal.timeout(patience))
    request.facts.cookies.push(noHint(loopback, organisation))
    if (config.serverMetadata().end_session_endpoint === undefined) return said(deps, request, 'notThere')
    const begun = random(24)
    const there = oidc.buildEndSessionUrl(config, {
      post_logout_redirect_uri: settings.url + pathOf('logout', organisation.name),
      state: begun,
      ...(hint === undefined ? {} : { id_token_hint: hint }),
    })
    request.facts.code = 'asked_to_sign_out'
    request.facts.cookies.push(returnCookie(loopback, begun, to ?? ''))
    return redirect(providerUrl(there))
  }
