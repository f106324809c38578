import { organisationKey } from '../store/keys.ts'
import { flagIn, type Item, type Items, numberIn } from '../store/table.ts'

/** The small item of an organisation, written by refresh-state and read by every function. */
export type OrganisationRecord = Readonly<{
  blocked: boolean
  /** Tokens issued before this second are refused. */
  notBefore: number
  /** Return domains: lower case, no wildcard, no public suffix. */
  domains: readonly string[]
  /** Version of the state it was written with. `directory`: version of its directory, or 0 for none. */
  version: number
  directory: number
}>

/** The item of a record. */
export const organisationItem = (organisation: OrganisationRecord): Item => ({
  version: { N: String(organisation.version) },
  directory: { N: String(organisation.directory) },
  blocked: { BOOL: organisation.blocked },
  notBefore: { N: String(organisation.notBefore) },
  domains: { L: organisation.domains.map((domain) => ({ S: domain })) },
})

/** Parses the item of an organisation. Undefined without an item. */
export const organisationFrom = (item: Item | undefined): OrganisationRecord | undefined =>
  item && {
    blocked: flagIn(item, 'blocked'),
    notBefore: numberIn(item, 'notBefore'),
    domains: item.domains?.L?.flatMap(({ S }) => S ?? []) ?? [],
    version: numberIn(item, 'version'),
    directory: numberIn(item, 'directory'),
  }

/** How a request gets its organisation: which keys to read, and how to find the record in the result. */
export type OrganisationLookup = Readonly<{
  /** The key of its item, or none when the copy in memory is recent enough. */
  keys: readonly string[]
  /** The organisation, or undefined when it is absent. `items` are what was read for `keys`. */
  found(items: Items): OrganisationRecord | undefined
}>

/**
 * Organisations as one function instance sees them. `now` in seconds since the epoch, taken before the read.
 */
export type Organisations = Readonly<{ lookup(org: string, now: number): OrganisationLookup }>

/** Cache TTL, seconds. */
export const organisationTtl = 5
/** Maximum number of organisations in memory. The one read longest ago is dropped first. */
const maxRemembered = 500

/**
 * Caches organisations, present or absent, for five seconds. Every poll of an organisation reads the same
 * item, and DynamoDB allows 3,000 reads a second of one item (docs/scaling.md).
 */
export const organisationsOf = (): Organisations => {
  const copies = new Map<string, Readonly<{ record: OrganisationRecord | undefined; read: number }>>()
  return {
    lookup: (org, now) => {
      const copy = copies.get(org)
      // A copy from the future was read before the clock was set back: its age is unknown.
      if (copy !== undefined && copy.read <= now && now < copy.read + organisationTtl)
        return { keys: [], found: () => copy.record }
      const key = organisationKey(org)
      const found = (items: Items) => {
        const record = organisationFrom(items.get(key))
        copies.delete(org)
        copies.set(org, { record, read: now })
        const [oldest = org] = copies.keys()
        if (copies.size > maxRemembered) copies.delete(oldest)
        return record
      }
      return { keys: [key], found }
    },
  }
}
