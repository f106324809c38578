import { checksum, checksumOf } from './canonical-json.ts'
import { withinLimit, writeEnded } from './ended-subjects.ts'
import { limitedContent } from './limits.ts'
import { mapConcurrently } from './map-concurrently.ts'
import { nobodyEnded, openIndex, revocationOf, uncertain } from './organisation-index.ts'
import type { EndedSubject, ListedOrganisation, OrganisationContent } from './organisation-source.ts'
import {
  batchesOf,
  inOrder,
  isTooMany,
  type KeptBack,
  type Listed,
  type OrganisationsDeps,
  type Run,
  readOne,
} from './organisations-run.ts'
import { removeOrganisation, writeOrganisation, writeRevocation } from './store-organisations.ts'
import { UpstreamError } from './upstream.ts'

/**
 * Updates the table from the source of organisations: first all blocks and sign-outs, then the content. An
 * organisation that cannot be read or used keeps its last good data.
 */

/** Organisations read at the same time. */
const maxReads = 8
/** Organisations written at the same time. */
const maxWrites = 16
/** Seconds after which organisations missing from a list that shrank too much are removed. */
const removedAfter = 15 * 60

/** The result of a run. */
export type OrganisationsReport = Readonly<{
  /** Digest of all organisations as they are now stored. */
  digest: string
  kept: readonly KeptBack[]
  /** The reason, when the list shrank so much that missing organisations were kept. */
  shrunk: string | undefined
}>

const writeRevocations = async ({ table, index, version }: Run, listed: Listed): Promise<void> => {
  const due = listed.filter((one) => {
    const entry = index.entries.get(one.name)
    return entry !== undefined && entry.revocation !== revocationOf(one)
  })
  for (const { name } of due) index.note(name, { revocation: uncertain })
  await index.save()
  await mapConcurrently(maxWrites, due, async (one) => {
    if (await writeRevocation(table, one, version)) index.note(one.name, { revocation: revocationOf(one) })
  })
}

type Ended = Readonly<{ name: string; subjects: readonly EndedSubject[]; digest: string }>

const readEnded = (run: Run, { name }: ListedOrganisation): Promise<Ended | undefined> =>
  readOne(run, name, async () => {
    const all = await run.source.ended(name)
    const subjects = withinLimit(all)
    if (subjects.length < all.length)
      run.failures.set(name, { reason: 'too many ended subjects', isUnread: false, isOwnFault: true })
    return { name, subjects, digest: subjects.length === 0 ? nobodyEnded : checksum(subjects) }
  })

const writeAllEnded = async (run: Run, listed: Listed): Promise<void> => {
  const { table, index, version, signal } = run
  for (const part of batchesOf(inOrder(run, listed))) {
    const read = await mapConcurrently(2 * maxReads, part, (one) => readEnded(run, one))
    const due = read
      .filter((one) => one !== undefined)
      .filter(({ name, digest }) => (index.entries.get(name)?.ended ?? nobodyEnded) !== digest)
    for (const { name } of due) index.note(name, { ended: uncertain })
    await index.save()
    await mapConcurrently(2, due, async ({ name, subjects, digest }) => {
      if (await writeEnded(table, name, subjects, version, signal)) index.note(name, { ended: digest })
      else if (!run.failures.has(name))
        run.failures.set(name, {
          reason: 'more ended subjects than one run writes',
          isUnread: false,
          isOwnFault: true,
        })
    })
  }
}

/** Removes organisations that are no longer listed. Returns a reason when too many are missing at once. */
const removeMissing = async (run: Run, listed: Listed): Promise<string | undefined> => {
  const { table, index, now, version, signal } = run
  const names = new Set(listed.map(({ name }) => name))
  for (const { name } of listed)
    if (index.entries.get(name)?.missingSince !== undefined) index.note(name, { missingSince: undefined })
  const missing = [...index.entries].filter(([name]) => !names.has(name))
  const isGone = (since = now) => now - since >= removedAfter
  const recent = missing.filter(([, { missingSince }]) => !isGone(missingSince))
  const shrunk = isTooMany(recent.length, index.entries.size)
    ? `organizations.list: ${missing.length} of ${index.entries.size} organisations are missing`
    : undefined
  if (shrunk !== undefined)
    for (const [name, { missingSince = now }] of recent) index.note(name, { missingSince })
  const gone = missing.filter(([, { missingSince }]) => shrunk === undefined || isGone(missingSince))
  for (const [name] of gone) index.note(name, { revocation: uncertain, ended: uncertain, content: uncertain })
  await index.save()
  await mapConcurrently(maxWrites, gone, async ([name]) => {
    if (!signal.aborted && (await removeOrganisation(table, name, version, signal))) index.remove(name)
  })
  return shrunk
}

type Read = Readonly<{ organisation: ListedOrganisation; content: OrganisationContent; digest: string }>

const readContent = (run: Run, organisation: ListedOrganisation): Promise<Read | undefined> =>
  readOne(run, organisation.name, async () => {
    const content = await run.source.content(organisation.name)
    return { organisation, content, digest: checksumOf(limitedContent(content)) }
  })

const writeContents = async (run: Run, listed: Listed): Promise<void> => {
  const { table, index, version } = run
  const isDue = ({ organisation, digest }: Read) => {
    const entry = index.entries.get(organisation.name)
    if (entry === undefined) return true
    // A new organisation is written only after its blocked subjects.
    if (entry.revocation === uncertain) return entry.ended !== uncertain
    return entry.content !== digest
  }
  for (const part of batchesOf(inOrder(run, listed))) {
    const read = await mapConcurrently(maxReads, part, (one) => readContent(run, one))
    const due = read.filter((one) => one !== undefined).filter(isDue)
    for (const { organisation } of due) index.note(organisation.name, { content: uncertain })
    await index.save()
    await mapConcurrently(maxWrites, due, async ({ organisation, content, digest }) => {
      await writeOrganisation(table, organisation, content, version)
      index.note(organisation.name, { revocation: revocationOf(organisation), content: digest })
    })
  }
}

/** Marks the organisations that the next run reads last. */
const noteFailing = ({ index, failures }: Run): void => {
  for (const [name, entry] of index.entries) {
    const failure = failures.get(name)
    const failing = failure?.isUnread && failure.isOwnFault ? true : undefined
    if (entry.failing !== failing) index.note(name, { failing })
  }
}

/** Throws when so many organisations are unread that the source must be at fault. */
const checkUnread = ({ failures }: Run, listed: Listed): void => {
  const unread = [...failures.values()].filter(({ isUnread }) => isUnread)
  if (!isTooMany(unread.length, listed.length) && unread.length < listed.length) return
  const reason = unread.find(({ isOwnFault }) => isOwnFault)?.reason ?? 'not reached in time'
  throw new UpstreamError(`${reason} (${unread.length} of ${listed.length} organisations)`, false)
}

/** Runs one update. Throws `UpstreamError` when the list or too many organisations cannot be read. */
export const refreshOrganisations = async (deps: OrganisationsDeps): Promise<OrganisationsReport> => {
  const [listed, index] = await Promise.all([deps.source.list(), openIndex(deps.table, deps.version)])
  const run: Run = { ...deps, index, failures: new Map() }
  index.setForgottenAt(undefined)
  await writeRevocations(run, listed)
  await writeAllEnded(run, listed)
  await deps.afterBlocks?.()
  const shrunk = await removeMissing(run, listed)
  await writeContents(run, listed)
  noteFailing(run)
  await index.save()
  checkUnread(run, listed)
  const kept = [...run.failures].map(([name, { reason }]) => ({ name, reason }))
  return { digest: index.digest(), kept, shrunk }
}
