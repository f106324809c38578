import { atOnce } from './at-once.ts'
import { checksum } from './canonical.ts'
import { documentFrom, removeDocument, writeDocument } from './document.ts'
import type { Organisation } from './organisations.ts'
import { organisationKey, subjectKey } from './sessions.ts'
import type { Table } from './table.ts'
import { type Directory, directoryKey } from './units.ts'

/** Keeps organisations in the table: what changed is written, each item whole, and nothing else is touched. */

/** Digest of each organisation as last written: what a refresh compares with, and the only list of names there is. */
const indexKey = 'INDEX'
type Index = Readonly<Record<string, string>>

const digests = new WeakMap<Organisation, string>()

/** Of one organisation, worked out once: with two hundred thousand mappings it takes a second. */
const digestOf = (organisation: Organisation): string => {
  const digest = digests.get(organisation) ?? checksum(organisation)
  digests.set(organisation, digest)
  return digest
}

/** The digest of all organisations, part of the state's checksum. */
export const organisationsDigest = (organisations: readonly Organisation[]): string =>
  checksum(organisations.map((organisation) => [organisation.name, digestOf(organisation)]))

type Ended = Directory['subjects'][number]

const readDirectory = async (table: Table, org: string): Promise<Directory | undefined> => {
  const key = directoryKey(org)
  return (await documentFrom(table, await table.read([key]), key))?.value as Directory | undefined
}

/** Blocks and ends are written to the subjects' own items, which every request reads; a preference in the same item stays. */
const writeSubjects = async (
  table: Table,
  org: string,
  before: readonly Ended[],
  after: readonly Ended[],
): Promise<void> => {
  const kept = new Set(after.map(({ name }) => name))
  const told = new Map(before.map((subject) => [subject.name, checksum(subject)]))
  for (const subject of after) {
    if (told.get(subject.name) === checksum(subject)) continue
    const values = { blocked: { BOOL: subject.blocked }, notBefore: { N: String(subject.notBefore ?? 0) } }
    await table.change(subjectKey(org, subject.name), {
      set: 'SET #blocked = :blocked, #notBefore = :notBefore',
      values,
    })
  }
  for (const { name } of before)
    if (!kept.has(name))
      await table.change(subjectKey(org, name), {
        set: 'REMOVE #blocked, #notBefore',
        names: ['blocked', 'notBefore'],
        values: {},
      })
}

/** Ends first, then the directory, then the item that points to it: a reader never meets a pointer to nothing. */
const writeOrganisation = async (
  table: Table,
  organisation: Organisation,
  version: number,
): Promise<void> => {
  const { name, blocked, notBefore, domains, directory } = organisation
  const before = await readDirectory(table, name)
  await writeSubjects(table, name, before?.subjects ?? [], directory.subjects)
  await writeDocument(table, directoryKey(name), { version, value: directory })
  await table.put(organisationKey(name), {
    version: { N: String(version) },
    directory: { N: String(version) },
    blocked: { BOOL: blocked },
    notBefore: { N: String(notBefore) },
    domains: { L: domains.map((domain) => ({ S: domain })) },
  })
}

const removeOrganisation = async (table: Table, name: string): Promise<void> => {
  const before = await readDirectory(table, name)
  await table.remove(organisationKey(name))
  await writeSubjects(table, name, before?.subjects ?? [], [])
  await removeDocument(table, directoryKey(name))
}

/** How many organisations are written at a time: one after the other, five thousand would outlast the function. */
const mostWritten = 16
/** After so many the list of what has been written is written too, so that a run that broke off is taken up where it ended. */
const stretch = 500

/** Brings the table up to these organisations. Safe to repeat: a run that broke off is finished by the next. */
export const writeOrganisations = async (
  table: Table,
  organisations: readonly Organisation[],
  version: number,
): Promise<void> => {
  const index = (await documentFrom(table, await table.read([indexKey]), indexKey))?.value as
    | Index
    | undefined
  const written = new Map(Object.entries(index ?? {}))
  const wanted = new Map(organisations.map((organisation) => [organisation.name, digestOf(organisation)]))
  // Each time under a version of its own: parts of two of them never mix, wherever a run breaks off.
  let notes = 0
  const note = () =>
    writeDocument(table, indexKey, { version: version + notes++, value: Object.fromEntries(written) })

  const changed = organisations.filter(({ name }) => written.get(name) !== wanted.get(name))
  for (let from = 0; from < changed.length; from += stretch) {
    await atOnce(mostWritten, changed.slice(from, from + stretch), async (organisation) => {
      await writeOrganisation(table, organisation, version)
      written.set(organisation.name, wanted.get(organisation.name) ?? '')
    })
    await note()
  }
  const gone = [...written.keys()].filter((name) => !wanted.has(name))
  await atOnce(mostWritten, gone, async (name) => {
    await removeOrganisation(table, name)
    written.delete(name)
  })
  if (gone.length > 0 || changed.length === 0) await note()
}
