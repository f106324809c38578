import dns, { type LookupAddress, type LookupOptions } from 'node:dns'
import tls from 'node:tls'

type Found = (error: Error | null, address: string | LookupAddress[], family?: number) => void

/** Names below `localhost` are this machine: RFC 6761 section 6.3. Browsers know it, and most resolvers do not. */
const lookupLocally = ({ lookup }: typeof dns) =>
  Object.assign((host: string, options: LookupOptions, found: Found) => {
    lookup(host.endsWith('.localhost') ? 'localhost' : host, options, found)
  }, lookup)

/** From now on, this thread reaches `*.localhost` and trusts what this authority has signed, as the browser does. */
export const trustLocalhost = (authority: string): void => {
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), authority])
  Object.assign(dns, { lookup: lookupLocally(dns) })
}
