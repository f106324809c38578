import { framesOf, named } from '../log.ts'
import { Problem } from '../problem.ts'
import { KeySetError, type PublicKey, publicKeysFrom } from '../state/key-set.ts'
import type { State, States } from '../state/state.ts'
import { stateKey } from '../store/keys.ts'
import { type Items, numberIn, type Table } from '../store/table.ts'
import { adminApi } from './fetch-organisations.ts'
import { forgetOrganisations } from './forget-organisations.ts'
import { type OrganisationSource, UnusableData } from './organisation-source.ts'
import { organisationsFile } from './organisations-file.ts'
import type { KeptBack } from './organisations-run.ts'
import { type OrganisationsReport, refreshOrganisations } from './refresh-organisations.ts'
import { type StateWriter, stateChecksum } from './state-writer.ts'
import { type Upstream, UpstreamError } from './upstream.ts'

/**
 * Brings the state up to what the identity service says, or notes that it could not and leaves it as it is.
 */

export type RefreshDeps = Readonly<{
  table: Table
  states: States
  keeper: StateWriter
  upstream: Upstream
  /** Reads the organisations file, where organisations come from one. */
  readOrganisations?: (() => unknown) | undefined
  /** Seconds since the epoch. */
  now: () => number
}>

/** How a refresh ended. `busy`: another run is at work, or has just been. */
export type RefreshResult = Readonly<{
  outcome: 'changed' | 'unchanged' | 'busy' | 'failed'
  /** Why it failed, or why it shows grace all the same. */
  reason?: string | undefined
  /** Where an error was thrown that is nobody else's fault. */
  frames?: readonly string[]
  state?: State | undefined
  /** Organisations that keep their last good data. */
  kept?: readonly KeptBack[]
  /** The list of organisations shrank so much that it was not believed. */
  shrunk?: boolean
}>

/** The words for the log and for the state: ours, never those of whoever failed. */
const reasonOf = (error: unknown): string => {
  if (error instanceof UpstreamError) return error.message
  if (error instanceof KeySetError) return `key set: ${error.message}`
  return `${named(error)}`
}

/**
 * The frames of an error that is a defect of ours: not the identity service's, not the table's, and no run
 * that ends itself.
 */
const defectIn = (error: unknown, signal: AbortSignal): Pick<RefreshResult, 'frames'> => {
  const expected = [UpstreamError, KeySetError, UnusableData, Problem].some((known) => error instanceof known)
  const frames = expected || signal.aborted ? undefined : framesOf(error)
  return frames ? { frames } : {}
}

const stateIn = async ({ table, states, now }: RefreshDeps): Promise<State | undefined> =>
  states.from(await table.read([stateKey]), now())

/** For the report alone, which can do without: what was written is not undone by a failed read. */
const reported = (deps: RefreshDeps): Promise<State | undefined> => stateIn(deps).catch(() => undefined)

/** A version is a time in milliseconds, and always above the one before: clocks may stand still. */
const nextVersion = (before: State | undefined): number => Math.max(Date.now(), (before?.version ?? 0) + 1)

const failed = async (deps: RefreshDeps, error: unknown, signal: AbortSignal): Promise<RefreshResult> => {
  const reason = `${signal.aborted ? 'out of time: ' : ''}${reasonOf(error)}`
  await deps.keeper.fail(reason)
  return { outcome: 'failed', reason, ...defectIn(error, signal), state: await reported(deps) }
}

type Organisations = Omit<OrganisationsReport, 'digest'> & Readonly<{ digest: string | undefined }>

/** Where organisations come from: the file, or the Admin API, or nowhere. */
const sourceOf = async (
  { upstream, readOrganisations }: RefreshDeps,
  signal: AbortSignal,
): Promise<OrganisationSource | undefined> => {
  if (readOrganisations === undefined && !upstream.hasAdmin) return undefined
  // Loaded here alone: the public suffix list is larger than all the rest of the function.
  const { isPublicSuffix } = await import('./public-suffix.ts')
  return readOrganisations === undefined
    ? adminApi(upstream, isPublicSuffix, signal)
    : organisationsFile(readOrganisations(), isPublicSuffix)
}

/**
 * Brings the organisations up to their source, where there is one. `keys`: awaited before anything but blocks
 * is written.
 */
const bringOrganisations = async (
  deps: RefreshDeps,
  before: State | undefined,
  version: number,
  keys: Promise<unknown>,
  signal: AbortSignal,
): Promise<Organisations> => {
  const { table, now } = deps
  const source = await sourceOf(deps, signal)
  if (source === undefined) {
    await keys
    // While the state still names organisations, instances refuse whoever belongs to none.
    if (before?.organisations === undefined) await forgetOrganisations(table, version, now(), signal)
    return { digest: undefined, kept: [], shrunk: undefined }
  }
  return refreshOrganisations({ table, source, version, now: now(), signal, afterBlocks: () => keys })
}

const neverAborted = new AbortController().signal

/**
 * The scheduled refresh: keys and organisations, as one state. Overlapping runs are harmless: one takes the
 * lease, the others leave. When `signal` is aborted the run begins nothing more, and ends with what it has
 * or as failed.
 */
export const refreshAll = async (deps: RefreshDeps, signal = neverAborted): Promise<RefreshResult> => {
  const { keeper, upstream, now } = deps
  if (!(await keeper.leaseRefresh(now()))) return { outcome: 'busy' }
  try {
    const before = await stateIn(deps)
    const version = nextVersion(before)
    // Taken before the fetch: a key published meanwhile may be missing from its answer.
    const keysAt = now()
    const fetched = upstream.keySet({ signal }).then(publicKeysFrom)
    // It is awaited below; until then a failure has nobody to tell.
    fetched.catch(() => {})
    const bringing = bringOrganisations(deps, before, version, fetched, signal)
    // When both fail it is the keys that are named: without them nobody can sign in.
    const { digest, kept, shrunk } = await bringing.catch((error) =>
      fetched.then(() => Promise.reject(error)),
    )
    const keys = await fetched
    const isSame = before !== undefined && before.checksum === stateChecksum(keys, digest)
    const written = isSame
      ? await keeper.confirm(before, keysAt, now(), shrunk)
      : await keeper.keep(before, { version, keys, keysAt, organisations: digest }, now(), shrunk)
    const outcome = isSame ? 'unchanged' : 'changed'
    return {
      outcome: written ? outcome : 'busy',
      reason: shrunk,
      state: await reported(deps),
      kept,
      shrunk: shrunk !== undefined,
    }
  } catch (error) {
    return failed(deps, error, signal)
  }
}

/** How long one that came second waits for the one that fetches, in tries of 100 ms. */
const mostLooks = 20

const settled = (items: Items): boolean => {
  const item = items.get(stateKey)
  return numberIn(item, 'settledAt') >= numberIn(item, 'forcedAt')
}

/**
 * Somebody else has the fetch of this cooldown: wait until it is over, so that a good token is not refused
 * meanwhile.
 */
const others = async ({ table }: RefreshDeps): Promise<RefreshResult> => {
  for (let look = 0; look < mostLooks && !settled(await table.read([stateKey])); look++)
    await new Promise((resolve) => setTimeout(resolve, 100))
  return { outcome: 'busy' }
}

/**
 * The forced refresh, for a `kid` that nobody knows: the keys alone, at most once per cooldown across all
 * instances.
 */
export const refreshKeys = async (deps: RefreshDeps, signal = neverAborted): Promise<RefreshResult> => {
  const { keeper, upstream, now } = deps
  const before = await stateIn(deps)
  if (before === undefined) return refreshAll(deps, signal)
  if (!(await keeper.leaseKeys(now()))) return others(deps)
  const keysAt = now()
  let confirmed: number | undefined
  try {
    const keys: readonly PublicKey[] = await publicKeysFrom(await upstream.keySet({ once: true, signal }))
    if (before.checksum === stateChecksum(keys, before.organisations)) {
      confirmed = keysAt
      return { outcome: 'unchanged', state: before }
    }
    const { organisations } = before
    const kept = await keeper.keepKeys(before, { version: nextVersion(before), keys, keysAt, organisations })
    return { outcome: kept ? 'changed' : 'busy' }
  } catch (error) {
    return { outcome: 'failed', reason: reasonOf(error), ...defectIn(error, signal) }
  } finally {
    await keeper.settle(now(), confirmed)
  }
}
