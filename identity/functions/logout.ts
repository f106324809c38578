import * as oidc from 'openid-client'
import type { Answer, Incoming } from '../../lib/http/messages.ts'
import type { Handle } from '../../lib/lambda/chain.ts'
import { judgeReturnUrl, type ReturnUrl, returnUrl } from '../../lib/redirect/return-url.ts'
import { pathOf, providerUrl, redirect } from '../addresses.ts'
import { type Dependencies, endpoint, organisationOf, served } from '../lambda.ts'
import type { Organisation } from '../organisations.ts'
import { infoPage } from '../pages.ts'
import { refuse } from '../problem.ts'
import { hintOf, noHint, noReturn, returnCookie, returnOf } from '../sign-out/logout-cookies.ts'

/** Deadline for the provider, milliseconds. The function ends after five seconds. */
const discoveryTimeout = 4000

/** The callback as a return URL at a gateway or a domain of the organisation. Throws otherwise. */
const allowedReturnUrl = (
  { settings }: Dependencies,
  { domains }: Organisation,
  callback: string,
): ReturnUrl => {
  const { gateways, callbackOrigins: origins } = settings
  for (const publicUrl of gateways) {
    const verdict = judgeReturnUrl(callback, { publicUrl, origins, domains })
    if ('url' in verdict) return verdict.url
  }
  return returnUrl(callback, { publicUrl: gateways[0] ?? settings.url, origins, domains })
}

/** A page that says whether the provider was asked to sign the person out. */
const messagePage = (
  { settings }: Dependencies,
  request: Incoming,
  what: 'asked' | 'notThere',
): Promise<Answer> => infoPage(request, settings, ({ identity }) => identity.signedOut[what])

/** The second half of a logout: the provider has returned the browser with `state`. */
const returnFromProvider = (
  on: Dependencies,
  organisation: Organisation,
  request: Incoming,
  state: string,
) => {
  const { loopback } = on.settings
  const kept = returnOf(loopback, request, state)
  request.facts.cookies.push(noReturn(loopback))
  request.facts.code = 'signed_out_at_provider'
  return kept ? redirect(allowedReturnUrl(on, organisation, kept)) : messagePage(on, request, 'asked')
}

/**
 * `GET /v1/org/{org}/logout`: ask the provider to sign the person out. The provider returns to the same
 * address, with `state`.
 */
const logout =
  (on: Dependencies): Handle =>
  async (request) => {
    const { settings, providers, random } = on
    const organisation = organisationOf(on, request)
    const state = request.query.one('state')
    if (state !== undefined) return returnFromProvider(on, organisation, request, state)

    if (request.header('sec-fetch-site') === 'cross-site') refuse('logout_from_elsewhere')
    const callback = request.query.one('callback')
    const to = callback === undefined ? undefined : allowedReturnUrl(on, organisation, callback)
    if (!organisation.provider.logoutAtProvider)
      return to ? redirect(to) : messagePage(on, request, 'notThere')

    const { config } = await providers.of(organisation, AbortSignal.timeout(discoveryTimeout))
    const { loopback } = settings
    request.facts.cookies.push(noHint(loopback, organisation))
    if (config.serverMetadata().end_session_endpoint === undefined)
      return messagePage(on, request, 'notThere')
    const newState = random(24)
    const hint = hintOf(loopback, request)
    const endSessionUrl = oidc.buildEndSessionUrl(config, {
      post_logout_redirect_uri: settings.url + pathOf('logout', organisation.name),
      state: newState,
      ...(hint === undefined ? {} : { id_token_hint: hint }),
    })
    request.facts.code = 'asked_to_sign_out'
    request.facts.cookies.push(returnCookie(loopback, newState, to ?? ''))
    return redirect(providerUrl(endSessionUrl))
  }

export const wire = (on: Dependencies) => endpoint('logout', logout(on), on)

export const handler = served(wire, import.meta.dirname)
