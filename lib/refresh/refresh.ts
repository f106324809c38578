import { errorName, framesOf } from '../log.ts'
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
 * Refreshes the state from the identity service. After a failure it stores the reason and keeps the state.
 */

/** Dependencies of a refresh. */
export type RefreshDeps = Readonly<{
  table: Table
  states: States
  writer: StateWriter
  upstream: Upstream
  /** Reads the organisations file, if that is the source of organisations. */
  readOrganisations?: (() => unknown) | undefined
  /** Seconds since the epoch. */
  now: () => number
}>

/** How a refresh ended. `busy`: another run is in progress or has just ended. */
export type RefreshResult = Readonly<{
  outcome: 'changed' | 'unchanged' | 'busy' | 'failed'
  /** Why it failed, or why a successful run still shows grace. */
  reason?: string | undefined
  /** Where an unexpected error was thrown. */
  frames?: readonly string[]
  state?: State | undefined
  /** Organisations that keep their last good data. */
  kept?: readonly KeptBack[]
  /** The list of organisations shrank so much that missing ones were kept. */
  shrunk?: boolean
}>

/** The reason for the log and the state. Never contains text that another system sent. */
const reasonOf = (error: unknown): string => {
  if (error instanceof UpstreamError) return error.message
  if (error instanceof KeySetError) return `key set: ${error.message}`
  return `${errorName(error)}`
}

/** The frames of an unexpected error, which neither another system nor an aborted run caused. */
const unexpectedFrames = (error: unknown, signal: AbortSignal): Pick<RefreshResult, 'frames'> => {
  const expected = [UpstreamError, KeySetError, UnusableData, Problem].some((known) => error instanceof known)
  const frames = expected || signal.aborted ? undefined : framesOf(error)
  return frames ? { frames } : {}
}

const stateIn = async ({ table, states, now }: RefreshDeps): Promise<State | undefined> =>
  states.from(await table.read([stateKey]), now())

/** The state for the report, or undefined when the read fails, because the writes have succeeded by then. */
const reported = (deps: RefreshDeps): Promise<State | undefined> => stateIn(deps).catch(() => undefined)

/** A time in milliseconds, but always higher than the previous version, even when the clock is set back. */
const nextVersion = (before: State | undefined): number => Math.max(Date.now(), (before?.version ?? 0) + 1)

const failed = async (deps: RefreshDeps, error: unknown, signal: AbortSignal): Promise<RefreshResult> => {
  const reason = `${signal.aborted ? 'out of time: ' : ''}${reasonOf(error)}`
  await deps.writer.fail(reason)
  return { outcome: 'failed', reason, ...unexpectedFrames(error, signal), state: await reported(deps) }
}

type Organisations = Omit<OrganisationsReport, 'digest'> & Readonly<{ digest: string | undefined }>

/** The source of organisations: the file, the Admin API, or none. */
const sourceOf = async (
  { upstream, readOrganisations }: RefreshDeps,
  signal: AbortSignal,
): Promise<OrganisationSource | undefined> => {
  if (readOrganisations === undefined && !upstream.hasAdmin) return undefined
  // Loaded on demand: the public suffix list is larger than the rest of the function.
  const { isPublicSuffix } = await import('./public-suffix.ts')
  return readOrganisations === undefined
    ? adminApi(upstream, isPublicSuffix, signal)
    : organisationsFile(readOrganisations(), isPublicSuffix)
}

/** Updates the organisations from their source. `keys` is awaited before anything but blocks is written. */
const updateOrganisations = async (
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
    // Only when the stored state names no organisations. Otherwise instances would refuse their tokens.
    if (before?.organisations === undefined) await forgetOrganisations(table, version, now(), signal)
    return { digest: undefined, kept: [], shrunk: undefined }
  }
  return refreshOrganisations({ table, source, version, now: now(), signal, afterBlocks: () => keys })
}

const neverAborted = new AbortController().signal

/**
 * The scheduled refresh: keys and organisations, stored as one state. Of overlapping runs, one takes the
 * lease and the others end at once. After `signal` is aborted, the run starts no further work.
 */
export const refreshAll = async (deps: RefreshDeps, signal = neverAborted): Promise<RefreshResult> => {
  const { writer, upstream, now } = deps
  if (!(await writer.leaseRefresh(now()))) return { outcome: 'busy' }
  try {
    const before = await stateIn(deps)
    const version = nextVersion(before)
    // Taken before the fetch: a key published during it may be missing from the answer.
    const keysAt = now()
    const fetched = upstream.keySet({ signal }).then(publicKeysFrom)
    // It is awaited below. Until then, a rejection must not count as unhandled.
    fetched.catch(() => {})
    const updating = updateOrganisations(deps, before, version, fetched, signal)
    // When both fail, the error of the keys is reported: without keys nobody can sign in.
    const { digest, kept, shrunk } = await updating.catch((error) =>
      fetched.then(() => Promise.reject(error)),
    )
    const keys = await fetched
    const isSame = before !== undefined && before.checksum === stateChecksum(keys, digest)
    const written = isSame
      ? await writer.confirm(before, keysAt, now(), shrunk)
      : await writer.keep(before, { version, keys, keysAt, organisations: digest }, now(), shrunk)
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

/** Maximum number of checks, every 100 ms, whether the fetch of another caller has ended. */
const maxChecks = 20

const settled = (items: Items): boolean => {
  const item = items.get(stateKey)
  return numberIn(item, 'settledAt') >= numberIn(item, 'forcedAt')
}

/** Waits for the fetch of another caller, so that a valid token is not refused before it ends. */
const waitForOther = async ({ table }: RefreshDeps): Promise<RefreshResult> => {
  for (let checks = 0; checks < maxChecks && !settled(await table.read([stateKey])); checks++)
    await new Promise((resolve) => setTimeout(resolve, 100))
  return { outcome: 'busy' }
}

/** The forced refresh for an unknown `kid`: only the keys, at most once per cooldown across all instances. */
export const refreshKeys = async (deps: RefreshDeps, signal = neverAborted): Promise<RefreshResult> => {
  const { writer, upstream, now } = deps
  const before = await stateIn(deps)
  if (before === undefined) return refreshAll(deps, signal)
  if (!(await writer.leaseKeys(now()))) return waitForOther(deps)
  const keysAt = now()
  let confirmed: number | undefined
  try {
    const keys: readonly PublicKey[] = await publicKeysFrom(await upstream.keySet({ once: true, signal }))
    if (before.checksum === stateChecksum(keys, before.organisations)) {
      confirmed = keysAt
      return { outcome: 'unchanged', state: before }
    }
    const { organisations } = before
    const kept = await writer.keepKeys(before, { version: nextVersion(before), keys, keysAt, organisations })
    return { outcome: kept ? 'changed' : 'busy' }
  } catch (error) {
    return { outcome: 'failed', reason: reasonOf(error), ...unexpectedFrames(error, signal) }
  } finally {
    await writer.settle(now(), confirmed)
  }
}
