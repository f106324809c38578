import { randomUUID } from 'node:crypto'
import type { PublicKey } from '../state/key-set.ts'
import { forcedCooldown, type State } from '../state/state.ts'
import { stateKey } from '../store/keys.ts'
import type { Table } from '../store/table.ts'
import { checksum } from './canonical-json.ts'

/** The checksum of a state's content: its keys and the digest of its organisations. */
export const stateChecksum = (keys: readonly PublicKey[], organisations: string | undefined): string =>
  checksum({ keys, organisations: organisations ?? null })

/** How long a refresh may take before another may start, in seconds: longer than its function may run. */
const claim = 55
/** What a state holds, and under which version. */
type Content = Readonly<{
  version: number
  keys: readonly PublicKey[]
  /** When these keys were asked for, seconds since the epoch. */
  keysAt: number
  organisations: string | undefined
}>

/** What only refresh-state does with the state. */
export type StateWriter = Readonly<{
  /** Claims the right to refresh. False: another run is at work. */
  claim(now: number): Promise<boolean>
  /** Takes the one forced fetch of this cooldown. False: somebody else had it. */
  lease(now: number): Promise<boolean>
  /** Writes new content over version `before`, all of it as it is now. False: another run was faster. */
  keep(before: State | undefined, next: Content, now: number): Promise<boolean>
  /** The same when the keys alone were asked for: how old the rest is, and that a refresh failed or is under way, stays as it is. */
  keepKeys(before: State, next: Content): Promise<boolean>
  /** Notes that the content is still right; `keysAt` as in what is kept. */
  confirm(state: State, keysAt: number, now: number): Promise<boolean>
  /** Notes why a refresh failed; the content stays. */
  fail(code: string, now: number): Promise<void>
  /** Notes that the forced fetch is over, however it ended. `keysAt`: it found the keys that the state holds. */
  settle(now: number, keysAt?: number): Promise<void>
}>

/**
 * Every write of the state is one conditional write of one item. What can be had once carries the name of who asked: a write whose
 * answer was lost is sent again by the client, and must not take itself for somebody who was faster.
 */
export const stateWriter = (table: Table): StateWriter => {
  const at = (now: number) => ({ N: String(now) })
  const done = 'lastSuccess = :now, lastAttempt = :now REMOVE lastError, claimedUntil'
  const content = 'SET #version = :version, #checksum = :checksum, #keys = :keys, #keysAt = :keysAt'
  const contentOf = ({ version, keys, keysAt, organisations }: Content) => ({
    version: at(version),
    checksum: { S: stateChecksum(keys, organisations) },
    keys: { S: JSON.stringify(keys) },
    keysAt: at(keysAt),
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
    confirm: (state, keysAt, now) =>
      table.change(stateKey, {
        set: `SET #keysAt = :keysAt, ${done}`,
        names: ['version'],
        values: { keysAt: at(keysAt), now: at(now), before: at(state.version) },
        when: '#version = :before',
      }),
    fail: async (code, now) => {
      await table.change(stateKey, {
        set: 'SET lastAttempt = :now, lastError = :code REMOVE claimedUntil',
        values: { now: at(now), code: { S: code } },
      })
    },
    settle: async (now, keysAt) => {
      await table.change(
        stateKey,
        keysAt === undefined
          ? { set: 'SET #settledAt = :settledAt', values: { settledAt: at(now) } }
          : {
              set: 'SET #settledAt = :settledAt, #keysAt = :keysAt',
              values: { settledAt: at(now), keysAt: at(keysAt) },
            },
      )
    },
  }
}
