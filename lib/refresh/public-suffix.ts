import { getPublicSuffix } from 'tldts'

/** Whether a domain is on the public suffix list (publicsuffix.org), including its private section. */
export const isPublicSuffix = (domain: string): boolean =>
  getPublicSuffix(domain, { allowPrivateDomains: true }) === domain
