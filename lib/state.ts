import { randomUUID } from 'node:crypto'
import { checksum } from './canonical.ts'
import type { Config } from './config.ts'
import { type KeySet, keySet, type PublicKey } from './jwks.ts'
import { Problem } from './problem.ts'
import { type Items, numberIn, type Table, textIn } from './table.ts'

/** The one state that all functions share: the keys, and when they were last known to be right. */
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
}>

/** The key of the state's item. */
export const stateKey = 'STATE'

/** For how long a function believes its copy, in seconds. The next read of the table brings a new one along at no extra trip. */
const believed = 60
/** A refresh is due each minute; after three have been missed the state is in grace whatever the last one said. */
const missedRefreshes = 180

const parseKeys = (text: string): readonly PublicKey[] => JSON.parse(text)

/** The checksum of a state's content: its keys and the digest of its organisations. */
export const stateChecksum = (keys: readonly PublicKey[], organisations: string | undefined): string =>
  checksum({ keys, organisations: organisations ?? null })

/** How many seconds ago the state was last confirmed by the identity service. */
export const stateAge = (state: State, now: number): number => now - state.lastSuccess

/** Whether the gateway lives on what it knew before: the last refresh failed, or there was none for some time. */
export const inGrace = (state: State, now: number): boolean =>
  state.lastError !== undefined || stateAge(state, now) > missedRefreshes

export type States = Readonly<{
  /** The copy in memory, if it is young, not too old to serve and holds this key (any key, when none is named). */
  remembered(now: number, kid?: string): State | undefined
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
      // The same keys stay the same set: it holds what was imported and verified.
      keys: copy?.keys === keys ? copy.state.keys : keySet(parseKeys(keys)),
      organisations: textIn(item, 'organisations'),
      lastSuccess: numberIn(item, 'lastSuccess'),
      lastError: textIn(item, 'lastError'),
    }
    copy = { state, keys, read: now }
    return state
  }

  const tooOld = (state: State, now: number): boolean => stateAge(state, now) > gracePeriod

  return {
    from,
    remembered: (now, kid) => {
      if (copy === undefined || now - copy.read >= believed || tooOld(copy.state, now)) return undefined
      return kid === undefined || copy.state.keys.algorithm(kid) !== undefined ? copy.state : undefined
    },
    serving: (items, now) => {
      const state = from(items, now)
      if (state === undefined) throw new Problem('state_missing')
      if (tooOld(state, now)) throw new Problem('state_too_old')
      return state
    },
  }
}

/** How long a refresh may take before another may start, in seconds: longer than its function may run. */
const claim = 55
/** At most one forced fetch of the keys in this many seconds, across all instances. */
export const forcedCooldown = 60

/** What a state holds, and under which version. */
type Content = Readonly<{ version: number; keys: readonly PublicKey[]; organisations: string | undefined }>

/** What only refresh-state does with the state. */
export type StateKeeper = Readonly<{
  /** Claims the right to refresh. False: another run is at work. */
  claim(now: number): Promise<boolean>
  /** Takes the one forced fetch of this cooldown. False: somebody else had it. */
  lease(now: number): Promise<boolean>
  /** Writes new content over version `before`, all of it as it is now. False: another run was faster. */
  keep(before: State | undefined, next: Content, now: number): Promise<boolean>
  /** The same when the keys alone were asked for: how old the rest is, and that a refresh failed or is under way, stays as it is. */
  keepKeys(before: State, next: Content): Promise<boolean>
  /** Notes that the content is still right. */
  confirm(state: State, now: number): Promise<boolean>
  /** Notes why a refresh failed; the content stays. */
  fail(code: string, now: number): Promise<void>
  /** Notes that the forced fetch is over, however it ended. */
  settle(now: number): Promise<void>
}>

/**
 * Every write of the state is one conditional write of one item. What can be had once carries the name of who asked: a write whose
 * answer was lost is sent again by the client, and must not take itself for somebody who was faster.
 */
export const stateKeeper = (table: Table): StateKeeper => {
  const at = (now: number) => ({ N: String(now) })
  const done = 'lastSuccess = :now, lastAttempt = :now REMOVE lastError, claimedUntil'
  const content = 'SET #version = :version, #checksum = :checksum, #keys = :keys'
  const contentOf = ({ version, keys, organisations }: Content) => ({
    version: at(version),
    checksum: { S: stateChecksum(keys, organisations) },
    keys: { S: JSON.stringify(keys) },
  })
  return {
    claim: (now) =>
      table.change(stateKey, {
        set: 'SET #claimedUntil = :claimedUntil, #claimedBy = :claimedBy',
        values: { claimedUntil: at(now + claim), claimedBy: { S: randomUUID() }, now: at(now) },
        when: 'attribute_not_exists(#claimedUntil) OR #claimedUntil <= :now OR #claimedBy = :claimedBy',
      }),
    lease: (now) =>
      table.change(stateKey, {
        set: 'SET #forcedAt = :now, #forcedBy = :forcedBy',
        names: ['forcedAt'],
        values: { now: at(now), forcedBy: { S: randomUUID() }, latest: at(now - forcedCooldown) },
        when: 'attribute_not_exists(#forcedAt) OR #forcedAt <= :latest OR #forcedBy = :forcedBy',
      }),
    keep: (before, next, now) =>
      table.change(stateKey, {
        set:
          next.organisations === undefined
            ? `${content}, ${done}, #organisations`
            : `${content}, #organisations = :organisations, ${done}`,
        names: ['organisations'],
        values: {
          ...contentOf(next),
          ...(next.organisations === undefined ? {} : { organisations: { S: next.organisations } }),
          now: at(now),
          before: at(before?.version ?? 0),
        },
        when: 'attribute_not_exists(#version) OR #version = :before',
      }),
    keepKeys: (before, next) =>
      table.change(stateKey, {
        set: content,
        values: { ...contentOf(next), before: at(before.version) },
        when: '#version = :before',
      }),
    confirm: (state, now) =>
      table.change(stateKey, {
        set: `SET ${done}`,
        names: ['version'],
        values: { now: at(now), before: at(state.version) },
        when: '#version = :before',
      }),
    fail: async (code, now) => {
      await table.change(stateKey, {
        set: 'SET lastAttempt = :now, lastError = :code REMOVE claimedUntil',
        values: { now: at(now), code: { S: code } },
      })
    },
    settle: async (now) => {
      await table.change(stateKey, { set: 'SET settledAt = :now', values: { now: at(now) } })
    },
  }
}
