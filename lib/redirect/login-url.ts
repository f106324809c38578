import type { Config } from '../config.ts'
import { prefix } from '../routes.ts'
import type { OrganisationName } from './organisation-name.ts'
import type { ReturnUrl } from './return-url.ts'

declare const brand: unique symbol
/**
 * An address at which a login starts, of the gateway or of the identity service. Only this module makes one.
 */
export type LoginUrl = string & { readonly [brand]: 'LoginUrl' }

/** The login of an identity service for this callback URL. */
export const loginUrlAt = (
  imasUrl: string,
  imasLoginPath: string,
  org: OrganisationName,
  callback: string,
): LoginUrl =>
  `${imasUrl}${imasLoginPath.replace('{org}', encodeURIComponent(org))}?callback=${encodeURIComponent(callback)}` as LoginUrl

/** The login page of the identity service. Every value is encoded, so none can add or cut off a parameter. */
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
/** Where the identity service signs somebody out too. Only this module makes one. */
export type LogoutUrl = string & { readonly [logoutBrand]: 'LogoutUrl' }

/**
 * The logout of the identity service, which goes on to a return URL. Undefined without the setting or the
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

/**
 * The page of a refused callback. Its parameters are checked again when it is opened: contract, section 3.
 */
export const loginFailedUrl = (
  { publicUrl }: Pick<Config, 'publicUrl'>,
  query: Readonly<{ code: string; id: string; org?: string; callback?: string }>,
): LoginUrl => {
  const parameters = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  return `${publicUrl}${prefix}/login-failed?${parameters.join('&')}` as LoginUrl
}

/** Marks a login that was already redirected to PUBLIC_URL, so that it happens once. */
export const redirectedMark = 'redirected'

/** The same login at PUBLIC_URL, for one that was begun at another host. */
export const publicLoginUrl = (
  config: Pick<Config, 'publicUrl'>,
  org: OrganisationName,
  callback: string,
): LoginUrl => `${ownLoginUrl(config, org, callback)}&${redirectedMark}=1` as LoginUrl

/** The gateway's own login. Its parameters are checked when it is followed. */
export const ownLoginUrl = (
  { publicUrl }: Pick<Config, 'publicUrl'>,
  org: OrganisationName,
  callback: string,
): LoginUrl =>
  `${publicUrl}${prefix}/org/${encodeURIComponent(org)}/login?callback=${encodeURIComponent(callback)}` as LoginUrl
