import { Problem } from '../problem.ts'

declare const brand: unique symbol
/** The name of an organisation, safe as one path segment. */
export type OrganisationName = string & { readonly [brand]: 'OrganisationName' }

/** Whether a text is a valid organisation name: the unreserved characters of RFC 3986, at most 64. */
export const isOrganisationName = (text: string): text is OrganisationName =>
  /^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}$/.test(text)

/** Parses an organisation name, or throws `bad_organisation`. */
export const organisationName = (text: string): OrganisationName => {
  if (!isOrganisationName(text)) throw new Problem('bad_organisation')
  return text
}
