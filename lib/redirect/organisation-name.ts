import { Problem } from '../problem.ts'

declare const brand: unique symbol
/** The name of an organisation, safe as one path segment. */
export type OrganisationName = string & { readonly [brand]: 'OrganisationName' }

/** Whether a text is a name that a login link can carry: of the Admin API's organisations, and of a login that comes back. */
export const isOrganisationName = (text: string): text is OrganisationName =>
  /^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}$/.test(text)

/** The name of an organisation as it stands in a login link, or a 400. The unreserved characters of RFC 3986 alone. */
export const organisationName = (text: string): OrganisationName => {
  if (!isOrganisationName(text)) throw new Problem('bad_organisation')
  return text
}
