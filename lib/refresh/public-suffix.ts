import { getPublicSuffix } from 'tldts'

/**
 * Whether strangers register names directly below this domain (publicsuffix.org, its private section
 * included).
 */
export const isPublicSuffix = (domain: string): boolean =>
  getPublicSuffix(domain, { allowPrivateDomains: true }) === domain
