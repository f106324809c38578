import { Problem } from '../problem.ts'
import type { OrganisationRecord } from '../state/organisation.ts'
import { directoryKey } from '../store/keys.ts'
import { type Document, readLargeItem } from '../store/large-item.ts'
import type { Items, Table } from '../store/table.ts'
import type { Claims } from './token.ts'

/** The directory of an organisation: its units, and which group holds which role where. */

export type Unit = Readonly<{ name: string; displayName: string }>

/**
 * A mapping without a unit makes its group belong to every unit, and gives its role in the whole
 * organisation.
 */
type Mapping = Readonly<{ group: string; unit?: string; role: string }>

/** What one organisation's document in the state holds; refresh-state writes it. */
export type Directory = Readonly<{
  units: readonly Unit[]
  mappings: readonly Mapping[]
  /**
   * Effective permissions (`service:permission`) of each role that is mapped, those of its parents included.
   */
  roles: Readonly<Record<string, readonly string[]>>
}>

/** A directory indexed by name. */
export type IndexedDirectory = Readonly<{
  version: number
  units: ReadonlyMap<string, Unit>
  mappings: ReadonlyMap<string, readonly Mapping[]>
  roles: ReadonlyMap<string, readonly string[]>
}>

/** Somebody, their organisation, and what the request's one read brought. */
export type Recognised = Readonly<{
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

/** The rows of a stored list. What is no such row grants nothing. */
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

export type Directories = Readonly<{
  /** What has to be read beside the session's own items. */
  keys(claims: Claims): string[]
  /** The organisation's directory, or nothing where none was ever stored. */
  of(session: Recognised): Promise<IndexedDirectory | undefined>
}>

/** Directories an instance keeps in memory; the least recently used goes first. */
const maxDirectories = 50

/** The directories in the table, with those used last in memory. */
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
      // The organisation's item names the version that counts.
      const current = organisation?.directory ?? 0
      if (current === 0) return undefined
      const isFresh = copy !== undefined && copy.version >= current
      const directory = isFresh ? copy : await load(org, items)
      cached.set(org, directory)
      for (const oldest of [...cached.keys()].slice(0, -maxDirectories)) cached.delete(oldest)
      return directory
    },
  }
}

/**
 * Computes a value once for each directory and token. A token that was verified before brings the same claims
 * object each time, so a busy session pays for its units and permissions once.
 */
export const oncePerToken = <T>(
  compute: (directory: IndexedDirectory | undefined, claims: Claims) => T,
): ((directory: IndexedDirectory | undefined, claims: Claims) => T) => {
  const known = new WeakMap<Claims, { directory: IndexedDirectory | undefined; value: T }>()
  return (directory, claims) => {
    const before = known.get(claims)
    if (before !== undefined && before.directory === directory) return before.value
    const value = compute(directory, claims)
    known.set(claims, { directory, value })
    return value
  }
}
