import { Problem } from '../problem.ts'
import type { Table } from '../store/table.ts'
import {
  type DirectorySession,
  directoriesIn,
  type IndexedDirectory,
  oncePerToken,
  type Unit,
} from './directory.ts'
import { preferUnit, type SubjectRecord } from './subject.ts'
import type { Claims } from './token.ts'

/** The units that a person belongs to, and the preferred one. A preference grants no access. */

const byName = (a: Unit, b: Unit): number => (a.name < b.name ? -1 : 1)

/** The units of a token, sorted by name. */
const heldIn = (directory: IndexedDirectory, claims: Claims): readonly Unit[] => {
  const everything = [...directory.units.values()]
  if (claims.kind === 'access_token') {
    const named = new Map(
      [...claims.permissions.units.keys()].map((name) => [
        name,
        directory.units.get(name) ?? { name, displayName: name },
      ]),
    )
    const held = claims.permissions.org.length > 0 ? everything : []
    return [...new Map([...held.map((unit) => [unit.name, unit] as const), ...named]).values()].sort(byName)
  }
  const mappings = claims.groups.flatMap((group) => directory.mappings.get(group) ?? [])
  if (mappings.some(({ unit }) => unit === undefined)) return everything.sort(byName)
  const names = new Set(mappings.map(({ unit }) => unit))
  return everything.filter((unit) => names.has(unit.name)).sort(byName)
}

/** Finds the units of a session and stores the preferred one. */
export type Units = Readonly<{
  heldBy(session: DirectorySession): Promise<readonly Unit[]>
  /** The preferred unit, or null when there is none or the person no longer holds it. */
  preferred(session: Readonly<{ subject: SubjectRecord }>, held: readonly Unit[]): string | null
  /** Stores a choice. When the promise resolves, this choice or a later one is stored. */
  prefer(
    session: Readonly<{ claims: Claims; subject: SubjectRecord }>,
    unit: string | null,
    now: number,
  ): Promise<void>
}>

/** Units from the directories, and preferences in the table. */
export const unitsIn = (table: Table, directories = directoriesIn(table)): Units => {
  const held = oncePerToken(heldIn)

  return {
    heldBy: async (session) => held(await directories.of(session), session.claims),
    preferred: ({ subject }, units) => units.find(({ name }) => name === subject.unit)?.name ?? null,
    prefer: ({ claims, subject }, unit, now) => preferUnit(table, claims, subject, unit, now),
  }
}

/** The choice in the body of `POST /unit`: a name, or null for none. Throws `bad_body` for anything else. */
export const unitChoice = (body: unknown): string | null => {
  const choice: unknown = Object(body).unit
  if (typeof choice === 'string' || choice === null) return choice
  throw new Problem('bad_body')
}
