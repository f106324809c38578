import { Problem } from '../problem.ts'
import { type Document, readLargeItem } from '../store/large-item.ts'
import { type Items, numberIn, type Table, textIn } from '../store/table.ts'
import { organisationKey, subjectKey } from './revocation.ts'
import type { Claims } from './token.ts'

/** Who holds which unit, and which one they prefer. A preference is never an authority. */

export type Unit = Readonly<{ name: string; displayName: string }>

/** What one organisation's document in the state holds; refresh-state writes it. */
export type Directory = Readonly<{
  units: readonly Unit[]
  /** A mapping without a unit makes its group belong to every unit. */
  mappings: readonly Readonly<{ group: string; unit?: string; role: string }>[]
  /** Effective permissions (`service:permission`) of each role that is mapped, those of its parents included. */
  roles: Readonly<Record<string, readonly string[]>>
}>

/** A directory made ready to be asked: units by name, and the units of each group (`all` for every unit). */
type Prepared = Readonly<{
  version: number
  units: ReadonlyMap<string, Unit>
  groups: ReadonlyMap<string, ReadonlySet<string> | 'all'>
}>

export const directoryKey = (org: string): string => `DIRECTORY#${encodeURIComponent(org)}`

const prepared = ({ version, value }: Document): Prepared => {
  const directory = value as Directory
  const groups = new Map<string, Set<string> | 'all'>()
  for (const { group, unit } of directory.mappings) {
    const held = groups.get(group)
    if (unit === undefined) groups.set(group, 'all')
    else if (held === undefined) groups.set(group, new Set([unit]))
    else if (held !== 'all') held.add(unit)
  }
  return { version, units: new Map(directory.units.map((unit) => [unit.name, unit])), groups }
}

// Stryker disable next-line EqualityOperator: <= is the same, as no two have the same name; >= turns the order round and is found.
const byName = (a: Unit, b: Unit): number => (a.name < b.name ? -1 : 1)

/** The units a token's bearer belongs to, sorted by name: contract, section 5. */
const heldIn = (directory: Prepared | undefined, claims: Claims): Unit[] => {
  // Stryker disable next-line ArrayDeclaration: for the type; a session is asked with its directory.
  const everything = [...(directory?.units.values() ?? [])]
  if (claims.kind === 'access_token') {
    const named = new Map(
      claims.permissions.units.map((name) => [
        name,
        directory?.units.get(name) ?? { name, displayName: name },
      ]),
    )
    const held = claims.permissions.org.length > 0 ? everything : []
    return [...new Map([...held.map((unit) => [unit.name, unit] as const), ...named]).values()].sort(byName)
  }
  const held = claims.groups.map((group) => directory?.groups.get(group))
  if (held.includes('all')) return everything.sort(byName)
  // Stryker disable next-line ArrayDeclaration: for the type; no unit is named by it.
  const names = new Set(held.flatMap((units) => [...(units ?? [])]))
  return everything.filter((unit) => names.has(unit.name)).sort(byName)
}

/** What a request's one read brought, and whose it is. */
export type Recognised = Readonly<{ claims: Claims; items: Items }>

export type Units = Readonly<{
  /** What has to be read beside the session's own items. */
  keys(claims: Claims): string[]
  heldBy(session: Recognised): Promise<readonly Unit[]>
  /** The preferred unit, or null when there is none or it is no longer held. */
  preferred(session: Recognised, held: readonly Unit[]): string | null
  /** When this returns, the choice is stored, or another that was made after it. */
  prefer(session: Recognised, unit: string | null, now: number): Promise<void>
}>

/** Directories an instance keeps in memory; the one not asked for longest goes first. */
const mostDirectories = 50

/** Units and preferences in the table. */
export const unitsIn = (table: Table): Units => {
  const directories = new Map<string, Prepared>()

  /** The copy in memory while the organisation's item, which every request reads, names no newer version. */
  const directoryOf = async ({ claims: { org }, items }: Recognised): Promise<Prepared | undefined> => {
    const copy = directories.get(org)
    directories.delete(org)
    const current = numberIn(items.get(organisationKey(org)), 'directory')
    if (current === 0) return undefined
    const key = directoryKey(org)
    const fresh = copy !== undefined && copy.version >= current ? copy : undefined
    const document =
      fresh ?? (await readLargeItem(table, items.has(key) ? items : await table.read([key]), key))
    if (document === undefined) throw new Problem('state_missing')
    const ready = fresh ?? prepared(document as Document)
    directories.set(org, ready)
    for (const oldest of [...directories.keys()].slice(0, -mostDirectories)) directories.delete(oldest)
    return ready
  }

  return {
    keys: ({ org }) => (directories.has(org) ? [] : [directoryKey(org)]),
    heldBy: async (session) => heldIn(await directoryOf(session), session.claims),
    preferred: ({ claims, items }, held) => {
      const name = textIn(items.get(subjectKey(claims.org, claims.subject)), 'unit') ?? null
      return held.some((unit) => unit.name === name) ? name : null
    },
    prefer: async ({ claims, items }, unit, now) => {
      const key = subjectKey(claims.org, claims.subject)
      // Later than every choice this request can have followed, whatever the clocks of two instances say. So a write that was held
      // up, or that a frozen instance sends when it wakes, is not put over a choice that was made after it.
      const chosen = { N: String(Math.max(now, numberIn(items.get(key), 'chosen') + 1)) }
      await table.change(key, {
        set: unit === null ? 'SET #chosen = :chosen REMOVE #unit' : 'SET #chosen = :chosen, #unit = :unit',
        names: ['unit'],
        values: { chosen, ...(unit === null ? {} : { unit: { S: unit } }) },
        when: 'attribute_not_exists(#chosen) OR #chosen <= :chosen',
      })
    },
  }
}

/** The choice in the body of `POST /unit`: a name, or null for none. Anything else is a 400. */
export const unitChoice = (body: unknown): string | null => {
  const choice: unknown = Object(body).unit
  if (typeof choice === 'string' || choice === null) return choice
  throw new Problem('bad_body')
}
