import { getDomain } from 'tldts'

/** The site of an origin: its scheme and registrable domain, or its host when there is none. */
export const siteOf = (origin: string): string => {
  const { protocol, hostname } = new URL(origin)
  return `${protocol}//${getDomain(hostname, { allowPrivateDomains: true }) ?? hostname}`
}
