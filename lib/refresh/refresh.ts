import { named } from '../log.ts'
import { KeySetError, type PublicKey, publicKeysFrom } from '../state/key-set.ts'
import type { State, States } from '../state/state.ts'
import { stateKey } from '../store/keys.ts'
import { type Items, numberIn, type Table } from '../store/table.ts'
import { fetchOrganisations, type Organisation } from './fetch-organisations.ts'
import { type StateWriter, stateChecksum } from './state-writer.ts'
import { organisationsDigest, writeOrganisations } from './store-organisations.ts'
import { type Upstream, UpstreamError } from './upstream.ts'

/** Brings the state up to what the identity service says, or notes that it could not and leaves it as it is. */

export type RefreshDeps = Readonly<{
  table: Table
  states: States
  keeper: StateWriter
  upstream: Upstream
  /** Seconds since the epoch. */
  now: () => number
}>

/** How a refresh ended. `busy`: another run is at work, or has just been. */
export type RefreshResult = Readonly<{
  outcome: 'changed' | 'unchanged' | 'busy' | 'failed'
  reason?: string
  state?: State | undefined
}>

/** The words for the log and for the state: ours, never those of whoever failed. */
const reasonOf = (error: unknown): string => {
  if (error instanceof UpstreamError) return error.message
  if (error instanceof KeySetError) return `key set: ${error.message}`
  return `${named(error)}`
}

const stateIn = async ({ table, states, now }: RefreshDeps): Promise<State | undefined> =>
  states.from(await table.read([stateKey]), now())

/** A version is a time in milliseconds, and always above the one before: clocks may stand still. */
const nextVersion = (before: State | undefined): number => Math.max(Date.now(), (before?.version ?? 0) + 1)

const failed = async (deps: RefreshDeps, error: unknown): Promise<RefreshResult> => {
  const reason = reasonOf(error)
  await deps.keeper.fail(reason, deps.now())
  return { outcome: 'failed', reason, state: await stateIn(deps) }
}

/** None without an Admin API. The public suffix list is larger than all the rest of the function, and only return domains are held against it. */
const organisationsFrom = async (upstream: Upstream): Promise<readonly Organisation[]> => {
  if (!upstream.hasAdmin) return []
  const { isPublicSuffix } = await import('./public-suffix.ts')
  return fetchOrganisations(upstream, isPublicSuffix)
}

/** The scheduled refresh: keys and organisations, as one state. Overlapping runs are harmless: one claims the work, the others leave. */
export const refreshAll = async (deps: RefreshDeps): Promise<RefreshResult> => {
  const { table, keeper, upstream, now } = deps
  if (!(await keeper.claim(now()))) return { outcome: 'busy' }
  const before = await stateIn(deps)
  try {
    // Taken before the fetch: a key published meanwhile may be missing from its answer.
    const keysAt = now()
    const keys = await publicKeysFrom(await upstream.keySet())
    const organisations = await organisationsFrom(upstream)
    const digest = upstream.hasAdmin ? organisationsDigest(organisations) : undefined
    const version = nextVersion(before)
    // Asked each time, whatever the state says: a run before this one may have broken off half-way.
    await writeOrganisations(table, organisations, version)
    if (before !== undefined && before.checksum === stateChecksum(keys, digest)) {
      const confirmed = await keeper.confirm(before, keysAt, now())
      return { outcome: confirmed ? 'unchanged' : 'busy', state: await stateIn(deps) }
    }
    const kept = await keeper.keep(before, { version, keys, keysAt, organisations: digest }, now())
    return { outcome: kept ? 'changed' : 'busy', state: await stateIn(deps) }
  } catch (error) {
    return failed(deps, error)
  }
}

/** How long one that came second waits for the one that fetches, in tries of 100 ms. */
const mostLooks = 20

const settled = (items: Items): boolean => {
  const item = items.get(stateKey)
  return numberIn(item, 'settledAt') >= numberIn(item, 'forcedAt')
}

/** Somebody else has the fetch of this cooldown: wait until it is over, so that a good token is not refused meanwhile. */
const others = async ({ table }: RefreshDeps): Promise<RefreshResult> => {
  for (let look = 0; look < mostLooks && !settled(await table.read([stateKey])); look++)
    await new Promise((resolve) => setTimeout(resolve, 100))
  return { outcome: 'busy' }
}

/** The forced refresh, for a `kid` that nobody knows: the keys alone, at most once per cooldown across all instances. */
export const refreshKeys = async (deps: RefreshDeps): Promise<RefreshResult> => {
  const { keeper, upstream, now } = deps
  const before = await stateIn(deps)
  if (before === undefined) return refreshAll(deps)
  if (!(await keeper.lease(now()))) return others(deps)
  const keysAt = now()
  let confirmed: number | undefined
  try {
    const keys: readonly PublicKey[] = await publicKeysFrom(await upstream.keySet('once'))
    if (before.checksum === stateChecksum(keys, before.organisations)) {
      confirmed = keysAt
      return { outcome: 'unchanged', state: before }
    }
    const { organisations } = before
    const kept = await keeper.keepKeys(before, { version: nextVersion(before), keys, keysAt, organisations })
    return { outcome: kept ? 'changed' : 'busy' }
  } catch (error) {
    return { outcome: 'failed', reason: reasonOf(error) }
  } finally {
    await keeper.settle(now(), confirmed)
  }
}
