import { indexKey } from '../store/keys.ts'
import { readLargeItem, writeLargeItem } from '../store/large-item.ts'
import type { Table } from '../store/table.ts'
import { checksum } from './canonical-json.ts'

/**
 * The list of all organisations in the table, with what was last written of each. It is the only list there
 * is. A part is noted as uncertain before it is touched, so wherever a run breaks off, the next one writes
 * that part again.
 */

/** Instead of a digest: this part may or may not have been written. */
export const uncertain = ''

type Entry = Readonly<{
  /** Its block and sign-out, as `standingOf` spells them. */
  standing: string
  /** Digest of its ended subjects, or `nobodyEnded`. */
  ended: string
  /** Digest of its content. */
  content: string
  /** It could not be read the last time, so it is asked for after all others. */
  failing?: true
  /** Since when it is missing in a list that is not believed, in seconds since the epoch. */
  missingSince?: number
}>

/** The digest of an empty list of ended subjects. */
export const nobodyEnded = 'none'

const unwritten: Entry = { standing: uncertain, ended: nobodyEnded, content: uncertain }

/** A block and a sign-out as the lists of written organisations and subjects spell them. */
export const standingOf = ({ blocked, notBefore = 0 }: { blocked: boolean; notBefore?: number }): string =>
  `${blocked ? 'blocked' : 'open'} ${notBefore}`

export type OrganisationIndex = Readonly<{
  entries: ReadonlyMap<string, Entry>
  /** Since when there has been no source of organisations, in seconds since the epoch. */
  forgottenAt(): number | undefined
  setForgottenAt(at: number | undefined): void
  /** Changes single members of an entry, or begins one. */
  note(name: string, change: { [K in keyof Entry]?: Entry[K] | undefined }): void
  remove(name: string): void
  /** Stores what was noted since the last time, if anything was. */
  save(): Promise<void>
  /** Digest of all organisations, part of the state's checksum. */
  digest(): string
}>

const entryFrom = (value: unknown): Entry => {
  const { standing, ended, content, failing, missingSince } = Object(value)
  return {
    standing: typeof standing === 'string' ? standing : uncertain,
    ended: typeof ended === 'string' ? ended : uncertain,
    content: typeof content === 'string' ? content : uncertain,
    ...(failing === true ? { failing } : {}),
    ...(typeof missingSince === 'number' ? { missingSince } : {}),
  }
}

/** The index as it is stored. `version`: of the run that goes on to write it. */
export const openIndex = async (table: Table, version: number): Promise<OrganisationIndex> => {
  const document = await readLargeItem(table, await table.read([indexKey]), indexKey)
  const stored = Object(document?.value)
  const entries = new Map(
    Object.entries(Object(stored.organisations)).map(([name, value]) => [name, entryFrom(value)] as const),
  )
  let forgottenAt: number | undefined =
    typeof stored.forgottenAt === 'number' ? stored.forgottenAt : undefined
  let saves = 0
  let changed = false

  return {
    entries,
    forgottenAt: () => forgottenAt,
    setForgottenAt: (at) => {
      changed ||= at !== forgottenAt
      forgottenAt = at
    },
    note: (name, change) => {
      const before = entries.get(name)
      const after = entryFrom({ ...(before ?? unwritten), ...change })
      changed ||= before === undefined || JSON.stringify(before) !== JSON.stringify(after)
      entries.set(name, after)
    },
    remove: (name) => {
      changed = entries.delete(name) || changed
    },
    save: async () => {
      if (!changed) return
      // Each time under a version of its own: parts of two of them never mix, wherever a run breaks off.
      const next = {
        version: version + saves++,
        value: { forgottenAt, organisations: Object.fromEntries(entries) },
      }
      await writeLargeItem(table, indexKey, next)
      changed = false
    },
    digest: () =>
      checksum(
        [...entries]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, { standing, ended, content }]) => [name, standing, ended, content]),
      ),
  }
}
