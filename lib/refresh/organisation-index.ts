import { indexKey } from '../store/keys.ts'
import { readLargeItem, writeLargeItem } from '../store/large-item.ts'
import type { Table } from '../store/table.ts'
import { compare } from './admin-rows.ts'
import { checksum } from './canonical-json.ts'

/**
 * The index of all organisations in the table, with digests of what was last written for each. A part is
 * marked as uncertain before it is written, so the next run writes it again after an interruption.
 */

/** Stored instead of a digest: this part may or may not have been written. */
export const uncertain = ''

type Entry = Readonly<{
  /** Its block and sign-out, as `revocationOf` writes them. */
  revocation: string
  /** Digest of its ended subjects, or `nobodyEnded`. */
  ended: string
  /** Digest of its content. */
  content: string
  /** It could not be read in the last run, so the next one reads it last. */
  failing?: true
  /** When it was first missing from a list that shrank too much, in seconds since the epoch. */
  missingSince?: number
}>

/** The digest of an empty list of ended subjects. */
export const nobodyEnded = 'none'

const unwritten: Entry = { revocation: uncertain, ended: nobodyEnded, content: uncertain }

/** A block and a sign-out as text, for comparing them with what was written. */
export const revocationOf = ({ blocked, notBefore = 0 }: { blocked: boolean; notBefore?: number }): string =>
  `${blocked ? 'blocked' : 'open'} ${notBefore}`

/** The index during a run. Nothing is stored before `save`. */
export type OrganisationIndex = Readonly<{
  entries: ReadonlyMap<string, Entry>
  /** When the deployment first had no source of organisations, in seconds since the epoch. */
  forgottenAt(): number | undefined
  setForgottenAt(at: number | undefined): void
  /** Changes members of an entry, which is created if missing. */
  note(name: string, change: { [K in keyof Entry]?: Entry[K] | undefined }): void
  remove(name: string): void
  /** Stores the changes since the last `save`, if there are any. */
  save(): Promise<void>
  /** Digest of all organisations; part of the state's checksum. */
  digest(): string
}>

const entryFrom = (value: unknown): Entry => {
  const { revocation, ended, content, failing, missingSince } = Object(value)
  return {
    revocation: typeof revocation === 'string' ? revocation : uncertain,
    ended: typeof ended === 'string' ? ended : uncertain,
    content: typeof content === 'string' ? content : uncertain,
    ...(failing === true ? { failing } : {}),
    ...(typeof missingSince === 'number' ? { missingSince } : {}),
  }
}

type Stored = { entries: Map<string, Entry>; forgottenAt: number | undefined }

const storedIndex = async (table: Table): Promise<Stored> => {
  const document = await readLargeItem(table, await table.read([indexKey]), indexKey)
  const { organisations, forgottenAt } = Object(document?.value)
  const entries = Object.entries(Object(organisations)).map(
    ([name, value]) => [name, entryFrom(value)] as const,
  )
  return {
    entries: new Map(entries),
    forgottenAt: typeof forgottenAt === 'number' ? forgottenAt : undefined,
  }
}

const digestOf = (entries: ReadonlyMap<string, Entry>): string =>
  checksum(
    [...entries]
      .sort(([a], [b]) => compare(a, b))
      .map(([name, { revocation, ended, content }]) => [name, revocation, ended, content]),
  )

/** Reads the stored index. `version` is that of the run, which may write it. */
export const openIndex = async (table: Table, version: number): Promise<OrganisationIndex> => {
  const { entries, forgottenAt: before } = await storedIndex(table)
  let forgottenAt = before
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
      const known = entries.get(name)
      const after = entryFrom({ ...(known ?? unwritten), ...change })
      changed ||= JSON.stringify(known) !== JSON.stringify(after)
      entries.set(name, after)
    },
    remove: (name) => {
      changed = entries.delete(name) || changed
    },
    save: async () => {
      if (!changed) return
      // Each save has its own version, so the parts of two saves never mix, even after an interrupted run.
      const next = {
        version: version + saves++,
        value: { forgottenAt, organisations: Object.fromEntries(entries) },
      }
      await writeLargeItem(table, indexKey, next)
      changed = false
    },
    digest: () => digestOf(entries),
  }
}
