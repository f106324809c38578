import type { Config } from '../config.ts'
import { prefix } from '../routes.ts'
import type { OrganisationName } from './organisation-name.ts'
import type { ReturnUrl } from './return-url.ts'

declare const brand: unique symbol
/** A URL of the gateway or the identity service that belongs to a login. Created only in this module. */
export type LoginUrl = string & { readonly [brand]: 'LoginUrl' }

/** The URL of a login at an identity service that returns to this callback URL. */
export const loginUrlAt = (
  imasUrl: string,
  imasLoginPath: string,
  org: OrganisationName,
  callback: string,
): LoginUrl =>
  `${imasUrl}${imasLoginPath.replace('{org}', encodeURIComponent(org))}?callback=${encodeURIComponent(callback)}` as LoginUrl

/** The login at the identity service for a login started here. `proof`: the secret of its login binding. */
export const identityLoginUrl = (
  { imasUrl, imasLoginPath, publicUrl }: Pick<Config, 'imasUrl' | 'imasLoginPath' | 'publicUrl'>,
  org: OrganisationName,
  to: ReturnUrl,
  proof: string | undefined,
): LoginUrl => {
  const binding = proof === undefined ? '' : `&login=${encodeURIComponent(proof)}`
  const callback = `${publicUrl}${prefix}/callback?serviceCallback=${encodeURIComponent(to)}${binding}`
  return loginUrlAt(imasUrl, imasLoginPath, org, callback)
}

declare const logoutBrand: unique symbol
/** A URL at which the identity service signs a person out. Created only in this module. */
export type LogoutUrl = string & { readonly [logoutBrand]: 'LogoutUrl' }

/**
 * The logout at the identity service, which then redirects to `to`. Undefined without setting or
 * organisation.
 */
export const identityLogoutUrl = (
  { imasUrl, imasLogoutPath }: Pick<Config, 'imasUrl' | 'imasLogoutPath'>,
  org: string | undefined,
  to: ReturnUrl | undefined,
): LogoutUrl | undefined => {
  if (imasLogoutPath === undefined || org === undefined) return undefined
  const query = to === undefined ? '' : `?callback=${encodeURIComponent(to)}`
  return `${imasUrl}${imasLogoutPath.replace('{org}', encodeURIComponent(org))}${query}` as LogoutUrl
}

/** The page of a refused callback. It checks its parameters again. */
export const loginFailedUrl = (
  { publicUrl }: Pick<Config, 'publicUrl'>,
  query: Readonly<{ code: string; id: string; org?: string; callback?: string }>,
): LoginUrl => {
  const parameters = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  return `${publicUrl}${prefix}/login-failed?${parameters.join('&')}` as LoginUrl
}

/** The parameter that marks a login as already redirected to PUBLIC_URL. */
export const redirectedMark = 'redirected'

/** The same login at PUBLIC_URL, for one that was started at another host. */
export const publicLoginUrl = (
  config: Pick<Config, 'publicUrl'>,
  org: OrganisationName,
  callback: string,
): LoginUrl => `${ownLoginUrl(config, org, callback)}&${redirectedMark}=1` as LoginUrl

/** The URL of the gateway's own login, which checks both parameters itself. */
export const ownLoginUrl = (
  { publicUrl }: Pick<Config, 'publicUrl'>,
  org: OrganisationName,
  callback: string,
): LoginUrl =>
  `${publicUrl}${prefix}/org/${encodeURIComponent(org)}/login?callback=${encodeURIComponent(callback)}` as LoginUrl
