import { Problem } from '../problem.ts'

declare const brand: unique symbol
/** A valid organisation name, which is safe as one path segment. */
export type OrganisationName = string & { readonly [brand]: 'OrganisationName' }

/** Whether a text is a valid organisation name: up to 64 unreserved characters of RFC 3986, no dot first. */
export const isOrganisationName = (text: string): text is OrganisationName =>
  /^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}$/.test(text)

/** Parses an organisation name, or throws `bad_organisation`. */
export const organisationName = (text: string): OrganisationName => {
  if (!isOrganisationName(text)) throw new Problem('bad_organisation')
  return text
}
