import { checksum, checksumOf } from './canonical-json.ts'
import { withinLimit, writeEnded } from './ended-subjects.ts'
import { limitedContent } from './limits.ts'
import { mapConcurrently } from './map-concurrently.ts'
import { nobodyEnded, openIndex, standingOf, uncertain } from './organisation-index.ts'
import type { EndedSubject, ListedOrganisation, OrganisationContent } from './organisation-source.ts'
import {
  inOrder,
  isTooMany,
  type KeptBack,
  type Listed,
  type OrganisationsDeps,
  type Run,
  readOne,
  stretches,
} from './organisations-run.ts'
import { removeOrganisation, writeOrganisation, writeStanding } from './store-organisations.ts'
import { UpstreamError } from './upstream.ts'

/**
 * Brings the table up to what the source of organisations says: blocks and sign-outs of all of them first,
 * then what they grant. An organisation whose data cannot be had or used keeps what it has, and the others
 * go on.
 */

/** How many organisations are asked for at a time. */
const maxAsked = 8
/** How many are written at a time. */
const maxWritten = 16
/**
 * How long the same names have to be missing in a list that shrank too much until that is believed, in
 * seconds.
 */
const believedAfter = 15 * 60

export type OrganisationsReport = Readonly<{
  /** Digest of all organisations as they are in the table now. */
  digest: string
  kept: readonly KeptBack[]
  /** Why the list was not believed, where it was not. */
  shrunk: string | undefined
}>

const writeStandings = async ({ table, index, version }: Run, listed: Listed): Promise<void> => {
  const due = listed.filter((one) => {
    const entry = index.entries.get(one.name)
    return entry !== undefined && entry.standing !== standingOf(one)
  })
  for (const { name } of due) index.note(name, { standing: uncertain })
  await index.save()
  await mapConcurrently(maxWritten, due, async (one) => {
    if (await writeStanding(table, one, version)) index.note(one.name, { standing: standingOf(one) })
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
  for (const part of stretches(inOrder(run, listed))) {
    const read = await mapConcurrently(2 * maxAsked, part, (one) => readEnded(run, one))
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

/**
 * Removes the organisations that are not listed any more, unless too many are missing at once. Says so when
 * they are.
 */
const removeMissing = async (run: Run, listed: Listed): Promise<string | undefined> => {
  const { table, index, now, version, signal } = run
  const names = new Set(listed.map(({ name }) => name))
  for (const [name, { missingSince }] of index.entries)
    if (missingSince !== undefined && names.has(name)) index.note(name, { missingSince: undefined })
  const missing = [...index.entries].filter(([name]) => !names.has(name))
  const isBelieved = (since = now) => now - since >= believedAfter
  const doubted = missing.filter(([, { missingSince }]) => !isBelieved(missingSince))
  const shrunk = isTooMany(doubted.length, index.entries.size)
    ? `organizations.list: ${missing.length} of ${index.entries.size} organisations are missing`
    : undefined
  if (shrunk !== undefined)
    for (const [name, { missingSince = now }] of doubted) index.note(name, { missingSince })
  const gone = missing.filter(([, { missingSince }]) => shrunk === undefined || isBelieved(missingSince))
  for (const [name] of gone) index.note(name, { standing: uncertain, ended: uncertain, content: uncertain })
  await index.save()
  await mapConcurrently(maxWritten, gone, async ([name]) => {
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
    // Nobody can sign in yet at a new one. That begins when all who are blocked there are known.
    if (entry.standing === uncertain) return entry.ended !== uncertain
    return entry.content !== digest
  }
  for (const part of stretches(inOrder(run, listed))) {
    const read = await mapConcurrently(maxAsked, part, (one) => readContent(run, one))
    const due = read.filter((one) => one !== undefined).filter(isDue)
    for (const { organisation } of due) index.note(organisation.name, { content: uncertain })
    await index.save()
    await mapConcurrently(maxWritten, due, async ({ organisation, content, digest }) => {
      await writeOrganisation(table, organisation, content, version)
      index.note(organisation.name, { standing: standingOf(organisation), content: digest })
    })
  }
}

/** Notes who is to be asked last the next time. */
const noteFailing = ({ index, failures }: Run): void => {
  for (const [name, entry] of index.entries) {
    const failure = failures.get(name)
    const failing = failure?.isUnread && failure.isOwnFault ? true : undefined
    if (entry.failing !== failing) index.note(name, { failing })
  }
}

/** Throws when so many could not be read that the fault is the source's. */
const checkUnread = ({ failures }: Run, listed: Listed): void => {
  const unread = [...failures.values()].filter(({ isUnread }) => isUnread)
  if (!isTooMany(unread.length, listed.length) && unread.length < listed.length) return
  const reason = unread.find(({ isOwnFault }) => isOwnFault)?.reason ?? 'not reached in time'
  throw new UpstreamError(`${reason} (${unread.length} of ${listed.length} organisations)`, false)
}

/**
 * Brings the table up to the source. Throws `UpstreamError` when the list, or too many organisations,
 * cannot be read.
 */
export const refreshOrganisations = async (deps: OrganisationsDeps): Promise<OrganisationsReport> => {
  const [listed, index] = await Promise.all([deps.source.list(), openIndex(deps.table, deps.version)])
  const run: Run = { ...deps, index, failures: new Map() }
  index.setForgottenAt(undefined)
  await writeStandings(run, listed)
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
