import type { Config } from '../config.ts'
import { Problem } from '../problem.ts'
import { stateKey } from '../store/keys.ts'
import { type Items, numberIn, textIn } from '../store/table.ts'
import { type KeySet, keySet, type PublicKey } from './key-set.ts'

/** The state that all functions share: the keys, and when the identity service last confirmed them. */
export type State = Readonly<{
  version: number
  /** Hexadecimal SHA-256 of the content. */
  checksum: string
  keys: KeySet
  /** Digest of all organisations, or undefined without a source of organisations. */
  organisations: string | undefined
  /** Seconds since the epoch. */
  lastSuccess: number
  lastError: string | undefined
  /** When the keys were last accepted. A token with an unknown key may have been issued after that. */
  keysAt: number
  /**
   * When keys were last fetched for an unknown key, and when that fetch ended. Seconds since the epoch, or 0.
   */
  forcedAt: number
  settledAt: number
}>

/**
 * Cache TTL, seconds. After it, the next read of the table includes the state, without another round trip.
 */
const cacheTtl = 60
/** Seconds without a refresh, which is due each minute, after which the state is in grace. */
const missedRefreshes = 180

const parseKeys = (text: string): readonly PublicKey[] => JSON.parse(text)

/** Seconds since the identity service last confirmed the state. */
export const stateAge = (state: State, now: number): number => now - state.lastSuccess

/** Whether the state is in grace: the last refresh failed, or three were missed. */
export const inGrace = (state: State, now: number): boolean =>
  state.lastError !== undefined || stateAge(state, now) > missedRefreshes

/** Seconds between two forced fetches of the keys, across all instances. */
export const forcedCooldown = 60

/** Whether asking refresh-state may find newer keys: the cooldown is over, or a fetch is in progress. */
export const maySeekKeys = ({ forcedAt, settledAt }: State, now: number): boolean =>
  now - forcedAt >= forcedCooldown || settledAt < forcedAt

/** The state as one function instance sees it. `now` in seconds since the epoch, taken before the read. */
export type States = Readonly<{
  /** The copy in memory, if it was read within a minute and is not too old to serve. */
  remembered(now: number): State | undefined
  /** The copy in memory at any age. Only a hint of what to read, never a basis for a decision. */
  last(): State | undefined
  /** The copy in memory, if it was read in this second and is not too old to serve. */
  fresh(now: number): State | undefined
  /** The state among items just read, or undefined when none was ever stored. */
  from(items: Items, now: number): State | undefined
  /** Like `from`, but throws `state_missing` or `state_too_old`. */
  serving(items: Items, now: number): State
}>

/** Parses the state and keeps a copy in memory. */
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
