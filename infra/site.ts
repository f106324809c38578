import { getDomain } from 'tldts'

/**
 * The site of an origin, as browsers tell sites apart: scheme and registrable domain, or the host where there
 * is none.
 */
export const siteOf = (origin: string): string => {
  const { protocol, hostname } = new URL(origin)
  return `${protocol}//${getDomain(hostname, { allowPrivateDomains: true }) ?? hostname}`
}
