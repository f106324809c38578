import type { Origin } from '../lib/config.ts'
import type { Answer } from '../lib/http/messages.ts'
import { query } from '../lib/http/query.ts'
import type { ReturnUrl } from '../lib/redirect/return-url.ts'
import { prefix } from '../lib/routes.ts'
import { refuse } from './problem.ts'
import { type RouteName, routes } from './routes.ts'

/** The path of a route for an organisation. */
export const pathOf = (route: RouteName, org: string): string =>
  routes[route].path.replace('{org}', encodeURIComponent(org))

/**
 * The redirect URI of an organisation. Each has its own, which prevents mix-up (RFC 9700 section 4.4.2.2).
 */
export const redirectUri = (url: Origin, org: string): string => url + pathOf('login-callback', org)

declare const callbackBrand: unique symbol
/** The callback of a gateway of ours, with the login that waits there. Only this module makes one. */
type GatewayCallback = string & { readonly [callbackBrand]: 'GatewayCallback' }

declare const providerBrand: unique symbol
/** An endpoint of a provider with our request in its query. Only this module makes one. */
type ProviderUrl = string & { readonly [providerBrand]: 'ProviderUrl' }

/** The longest callback that a login is started for, in bytes: its cookie has to fit beside others. */
const longestCallback = 2000

/** A callback and the gateway it belongs to, which is the audience of the token. */
export type Destination = Readonly<{ callback: GatewayCallback; gateway: Origin }>

/**
 * Accepts a callback exactly as a gateway builds it: its path, then `serviceCallback` and `login` once each
 * and nothing else.
 */
export const gatewayCallback = (text: string, gateways: readonly Origin[]): Destination => {
  const gateway =
    gateways.find((origin) => text.startsWith(`${origin}${prefix}/callback?`)) ??
    refuse('callback_not_allowed')
  const raw = text.slice(text.indexOf('?') + 1)
  const names = raw.split('&').map((pair) => pair.replace(/=.*/s, ''))
  // The text goes on as it came, so it is printable ASCII and has no fragment.
  if (text.length > longestCallback || !/^[!-~]*$/.test(text) || text.includes('#'))
    refuse('callback_not_allowed')
  if (names.sort().join() !== 'login,serviceCallback') refuse('callback_not_allowed')
  for (const name of names) query(raw).the(name)
  return { callback: text as GatewayCallback, gateway }
}

/** The callback with one more parameter: the token, or the provider's `error`. */
export const withParameter = (
  callback: GatewayCallback,
  name: 'imid_token' | 'error',
  value: string,
): GatewayCallback => `${callback}&${name}=${encodeURIComponent(value)}` as GatewayCallback

/** An address that `openid-client` built on an endpoint which discovery named. */
export const providerUrl = (url: URL): ProviderUrl => url.href as ProviderUrl

/** A redirect to a branded address. The chain adds the cookies in the request's facts. */
export const redirect = (to: GatewayCallback | ProviderUrl | ReturnUrl): Answer => ({
  statusCode: 303,
  headers: { location: to },
})
