import type { Config } from '../config.ts'
import { Problem } from '../problem.ts'
import { stateKey } from '../store/keys.ts'
import { type Items, numberIn, textIn } from '../store/table.ts'
import { type KeySet, keySet, type PublicKey } from './key-set.ts'

/** The state that all functions share: the keys, and when they were last confirmed. */
export type State = Readonly<{
  version: number
  /** Hexadecimal SHA-256; unchanged content keeps it. */
  checksum: string
  keys: KeySet
  /** Digest of all organisations, or nothing where the Admin API is not configured. */
  organisations: string | undefined
  /** Seconds since the epoch. */
  lastSuccess: number
  lastError: string | undefined
  /** When the keys were last accepted. A token whose key is not among them may be newer than they are. */
  keysAt: number
  /**
   * When the keys were last fetched for an unknown key, and when that fetch was over: seconds since the
   * epoch, 0 for never.
   */
  forcedAt: number
  settledAt: number
}>

/** Cache TTL, seconds. The next read of the table fetches the state again at no extra round trip. */
const cacheTtl = 60
/**
 * A refresh is due each minute; after three have been missed the state is in grace whatever the last one
 * said.
 */
const missedRefreshes = 180

const parseKeys = (text: string): readonly PublicKey[] => JSON.parse(text)

/** How many seconds ago the state was last confirmed by the identity service. */
export const stateAge = (state: State, now: number): number => now - state.lastSuccess

/** Whether the gateway runs on grace state: the last refresh failed, or none ran for some time. */
export const inGrace = (state: State, now: number): boolean =>
  state.lastError !== undefined || stateAge(state, now) > missedRefreshes

/** At most one forced fetch of the keys in this many seconds, across all instances. */
export const forcedCooldown = 60

/**
 * Whether asking refresh-state for newer keys can bring some: the cooldown is over, or a fetch is under way
 * to be waited for.
 */
export const maySeekKeys = ({ forcedAt, settledAt }: State, now: number): boolean =>
  now - forcedAt >= forcedCooldown || settledAt < forcedAt

export type States = Readonly<{
  /** The copy in memory, if it is young and not too old to serve. */
  remembered(now: number): State | undefined
  /** The copy in memory at any age, or undefined: a hint what to read, never a decision. */
  last(): State | undefined
  /** The copy in memory if it was read in this very second, and is not too old to serve. */
  fresh(now: number): State | undefined
  /** The state among items just read, or nothing when none was ever loaded. */
  from(items: Items, now: number): State | undefined
  /** The same, fit to serve: throws `state_missing` or `state_too_old`. */
  serving(items: Items, now: number): State
}>

/** The state as seen by one function instance. */
export const statesOf = ({ gracePeriod }: Pick<Config, 'gracePeriod'>): States => {
  let copy: { state: State; keys: string; read: number } | undefined

  const from = (items: Items, now: number): State | undefined => {
    const item = items.get(stateKey)
    const keys = textIn(item, 'keys')
    if (keys === undefined) return undefined
    const state: State = {
      version: numberIn(item, 'version'),
      checksum: String(textIn(item, 'checksum')),
      // Equal keys keep their key set, which caches imported keys and verified tokens.
      keys: copy?.keys === keys ? copy.state.keys : keySet(parseKeys(keys)),
      organisations: textIn(item, 'organisations'),
      lastSuccess: numberIn(item, 'lastSuccess'),
      lastError: textIn(item, 'lastError'),
      keysAt: numberIn(item, 'keysAt'),
      forcedAt: numberIn(item, 'forcedAt'),
      settledAt: numberIn(item, 'settledAt'),
    }
    copy = { state, keys, read: now }
    return state
  }

  const tooOld = (state: State, now: number): boolean => stateAge(state, now) > gracePeriod

  return {
    from,
    remembered: (now) =>
      copy === undefined || now - copy.read >= cacheTtl || tooOld(copy.state, now) ? undefined : copy.state,
    last: () => copy?.state,
    fresh: (now) => (copy?.read === now && !tooOld(copy.state, now) ? copy.state : undefined),
    serving: (items, now) => {
      const state = from(items, now)
      if (state === undefined) throw new Problem('state_missing')
      if (tooOld(state, now)) throw new Problem('state_too_old')
      return state
    },
  }
}
