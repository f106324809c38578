import { Problem } from '../problem.ts'
import type { OrganisationRecord } from '../state/organisation.ts'
import { directoryKey } from '../store/keys.ts'
import { type Document, readLargeItem } from '../store/large-item.ts'
import type { Items, Table } from '../store/table.ts'
import type { Claims } from './token.ts'

/** The directory of an organisation: its units, and the roles of groups in them. */

/** A unit. `displayName` is for people. */
export type Unit = Readonly<{ name: string; displayName: string }>

/** Gives a group a role in a unit. Without a unit, the role holds in the organisation and every unit. */
type Mapping = Readonly<{ group: string; unit?: string; role: string }>

/** The stored directory of one organisation, written by refresh-state. */
export type Directory = Readonly<{
  units: readonly Unit[]
  mappings: readonly Mapping[]
  /** Permissions (`service:permission`) of each mapped role, including those of its parents. */
  roles: Readonly<Record<string, readonly string[]>>
}>

/** A directory indexed by name. */
export type IndexedDirectory = Readonly<{
  version: number
  units: ReadonlyMap<string, Unit>
  mappings: ReadonlyMap<string, readonly Mapping[]>
  roles: ReadonlyMap<string, readonly string[]>
}>

/** The parts of a session that a directory lookup needs. */
export type DirectorySession = Readonly<{
  claims: Claims
  organisation: OrganisationRecord | undefined
  items: Items
}>

const isText = (value: unknown): value is string => typeof value === 'string'
const isUnit = (row: unknown): row is Unit => isText(Object(row).name) && isText(Object(row).displayName)
const isMapping = (row: unknown): row is Mapping => {
  const { group, role, unit } = Object(row)
  return isText(group) && isText(role) && (unit === undefined || isText(unit))
}

/** The valid rows of a stored list. Invalid rows are dropped and grant nothing. */
const rowsOf = <T>(value: unknown, isRow: (row: unknown) => row is T): T[] =>
  Array.isArray(value) ? value.filter(isRow) : []

const indexed = ({ version, value }: Document): IndexedDirectory => {
  const { units, mappings, roles } = Object(value)
  return {
    version,
    units: new Map(rowsOf(units, isUnit).map((unit) => [unit.name, unit])),
    mappings: Map.groupBy(rowsOf(mappings, isMapping), ({ group }) => group),
    roles: new Map(
      Object.entries(Object(roles)).map(([role, permissions]) => [role, rowsOf(permissions, isText)]),
    ),
  }
}

/** Directories as one function instance sees them. */
export type Directories = Readonly<{
  /** Keys to read along with the session's items. Empty when the directory is in memory. */
  keys(claims: Claims): string[]
  /** The directory of a session's organisation: an empty one when none was stored. */
  of(session: DirectorySession): Promise<IndexedDirectory>
}>

const empty = indexed({ version: 0, value: undefined })

/** Maximum number of directories in memory. The least recently used is dropped first. */
const maxDirectories = 50

/** Reads directories from the table and caches them. */
export const directoriesIn = (table: Table): Directories => {
  const cached = new Map<string, IndexedDirectory>()

  const load = async (org: string, items: Items): Promise<IndexedDirectory> => {
    const key = directoryKey(org)
    const document = await readLargeItem(table, items.has(key) ? items : await table.read([key]), key)
    if (document === undefined) throw new Problem('state_missing')
    return indexed(document)
  }

  return {
    keys: ({ org }) => (cached.has(org) ? [] : [directoryKey(org)]),
    of: async ({ claims: { org }, organisation, items }) => {
      const copy = cached.get(org)
      cached.delete(org)
      // The organisation's item names the current version.
      const current = organisation?.directory ?? 0
      if (current === 0) return empty
      const isFresh = copy !== undefined && copy.version >= current
      const directory = isFresh ? copy : await load(org, items)
      cached.set(org, directory)
      for (const oldest of [...cached.keys()].slice(0, -maxDirectories)) cached.delete(oldest)
      return directory
    },
  }
}

/**
 * Caches a value for each directory and claims object. A cached token has the same claims object every time,
 * so units and permissions of a busy session are computed once.
 */
export const oncePerToken = <T>(
  compute: (directory: IndexedDirectory, claims: Claims) => T,
): ((directory: IndexedDirectory, claims: Claims) => T) => {
  const known = new WeakMap<Claims, { directory: IndexedDirectory; value: T }>()
  return (directory, claims) => {
    const before = known.get(claims)
    if (before !== undefined && before.directory === directory) return before.value
    const value = compute(directory, claims)
    known.set(claims, { directory, value })
    return value
  }
}
