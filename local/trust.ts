import dns, { type LookupAddress, type LookupOptions } from 'node:dns'
import tls from 'node:tls'

type Found = (error: Error | null, address: string | LookupAddress[], family?: number) => void

/**
 * Names below `localhost` are this machine: RFC 6761 section 6.3. Browsers resolve them, most systems do not.
 */
const lookupLocally = ({ lookup }: typeof dns) =>
  Object.assign((host: string, options: LookupOptions, found: Found) => {
    lookup(host.endsWith('.localhost') ? 'localhost' : host, options, found)
  }, lookup)

/** Lets this thread resolve `*.localhost` and trust certificates of this authority, as the browser does. */
export const trustLocalhost = (authority: string): void => {
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), authority])
  Object.assign(dns, { lookup: lookupLocally(dns) })
}
