import { organisationItem } from '../state/organisation.ts'
import { directoryKey, endedKey, indexKey, organisationKey, subjectKey } from '../store/keys.ts'
import { readLargeItem, removeLargeItem, writeLargeItem } from '../store/large-item.ts'
import type { Table } from '../store/table.ts'
import { checksum } from './canonical-json.ts'
import type { Organisation } from './fetch-organisations.ts'
import { mapConcurrently } from './map-concurrently.ts'

/** Keeps organisations in the table: what changed is written, each item whole, and nothing else is touched. */

const digests = new WeakMap<Organisation, string>()

/** Of one organisation, worked out once: with two hundred thousand mappings it takes a second. */
const digestOf = (organisation: Organisation): string => {
  const digest = digests.get(organisation) ?? checksum(organisation)
  // Stryker disable next-line CallExpression: it would be worked out again.
  digests.set(organisation, digest)
  return digest
}

/** The digest of all organisations, part of the state's checksum. */
export const organisationsDigest = (organisations: readonly Organisation[]): string =>
  checksum(organisations.map((organisation) => [organisation.name, digestOf(organisation)]))

/** How many are written at a time: one after the other, five thousand organisations would outlast the function. */
const mostWritten = 16
/** After so many the list of what has been written is written too, so that a run that broke off is taken up where it ended. */
const stretch = 500
/** In the place of a digest: this one may or may not have been written. */
// Stryker disable next-line StringLiteral: whatever is no digest will do.
const uncertain = ''

/**
 * Writes what differs from what was written last: `bring` is asked for each name that is new, changed or gone. The document under `list`
 * holds all names with their digests, and is the only list there is. A name is noted as uncertain before anything of it is
 * touched, so wherever a run breaks off, the next one brings it up again, even to what it was before.
 */
const reconcile = async (
  table: Table,
  list: string,
  version: number,
  wanted: ReadonlyMap<string, string>,
  bring: (name: string) => Promise<void>,
): Promise<void> => {
  const document = await readLargeItem(table, await table.read([list]), list)
  const written = new Map<string, string | undefined>(
    Object.entries((document?.value ?? {}) as Readonly<Record<string, string>>),
  )
  // Each time under a version of its own: parts of two of them never mix, wherever a run breaks off.
  let notes = 0
  const note = () =>
    writeLargeItem(table, list, { version: version + notes++, value: Object.fromEntries(written) })

  const names = new Set([...wanted.keys(), ...written.keys()])
  const due = [...names].filter((name) => written.get(name) !== wanted.get(name))
  for (let from = 0; from < due.length; from += stretch) {
    const part = due.slice(from, from + stretch)
    for (const name of part) written.set(name, uncertain)
    await note()
    await mapConcurrently(mostWritten, part, bring)
    // One that is gone has no digest, and what has none is not written down.
    for (const name of part) written.set(name, wanted.get(name))
  }
  if (due.length > 0) await note()
}

/** Blocks and ends are written to the subjects' own items, which every request reads; a preference in the same item stays. */
const writeEnded = (
  table: Table,
  org: string,
  ended: Organisation['ended'],
  version: number,
): Promise<void> => {
  const subjects = new Map(ended.map((subject) => [subject.name, subject]))
  const wanted = new Map(ended.map((subject) => [subject.name, checksum(subject)]))
  return reconcile(table, endedKey(org), version, wanted, async (name) => {
    const subject = subjects.get(name)
    const key = subjectKey(org, name)
    if (subject === undefined)
      await table.change(key, {
        set: 'REMOVE #blocked, #notBefore',
        names: ['blocked', 'notBefore'],
        values: {},
      })
    else
      await table.change(key, {
        set: 'SET #blocked = :blocked, #notBefore = :notBefore',
        values: { blocked: { BOOL: subject.blocked }, notBefore: { N: String(subject.notBefore ?? 0) } },
      })
  })
}

/** Ends first, then the directory, then the item that points to it: a reader never meets a pointer to nothing. */
const writeOrganisation = async (
  table: Table,
  { name, blocked, notBefore, domains, directory, ended }: Organisation,
  version: number,
): Promise<void> => {
  await writeEnded(table, name, ended, version)
  await writeLargeItem(table, directoryKey(name), { version, value: directory })
  const record = { blocked, notBefore, domains, version, directory: version }
  await table.put(organisationKey(name), organisationItem(record))
}

const removeOrganisation = async (table: Table, name: string, version: number): Promise<void> => {
  await table.remove(organisationKey(name))
  await writeEnded(table, name, [], version)
  await removeLargeItem(table, endedKey(name))
  await removeLargeItem(table, directoryKey(name))
}

/** Brings the table up to these organisations. Safe to repeat: a run that broke off is finished by the next. */
export const writeOrganisations = (
  table: Table,
  organisations: readonly Organisation[],
  version: number,
): Promise<void> => {
  const all = new Map(organisations.map((organisation) => [organisation.name, organisation]))
  const wanted = new Map(organisations.map((organisation) => [organisation.name, digestOf(organisation)]))
  return reconcile(table, indexKey, version, wanted, async (name) => {
    const organisation = all.get(name)
    if (organisation === undefined) await removeOrganisation(table, name, version)
    else await writeOrganisation(table, organisation, version)
  })
}
