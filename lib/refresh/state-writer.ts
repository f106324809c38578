import { randomUUID } from 'node:crypto'
import type { PublicKey } from '../state/key-set.ts'
import { forcedCooldown, type State } from '../state/state.ts'
import { stateKey } from '../store/keys.ts'
import type { Table } from '../store/table.ts'
import { checksum } from './canonical-json.ts'

/** The checksum of a state's content: its keys and the digest of its organisations. */
export const stateChecksum = (keys: readonly PublicKey[], organisations: string | undefined): string =>
  checksum({ keys, organisations: organisations ?? null })

/** The lease of a refresh, in seconds: longer than its function may run. */
const refreshLease = 55

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
  /** Takes the lease of the refresh. False: another run has it. */
  leaseRefresh(now: number): Promise<boolean>
  /** Takes the one forced fetch of this cooldown. False: somebody else had it. */
  leaseKeys(now: number): Promise<boolean>
  /**
   * Writes new content over that of `before` and ends the lease. False: another run was faster. `warning`:
   * shows grace.
   */
  keep(before: State | undefined, next: Content, now: number, warning?: string): Promise<boolean>
  /** The same for the keys alone: the age of the rest, an error and a lease stay as they are. */
  keepKeys(before: State, next: Content): Promise<boolean>
  /**
   * Notes that the content is still right and ends the lease. `keysAt` as in the content, `warning` as in
   * `keep`.
   */
  confirm(state: State, keysAt: number, now: number, warning?: string): Promise<boolean>
  /** Notes why a refresh failed and ends the lease; the content stays. */
  fail(reason: string): Promise<void>
  /**
   * Notes that the forced fetch is over, however it ended. `keysAt`: it found the keys that the state
   * holds.
   */
  settle(now: number, keysAt?: number): Promise<void>
}>

/** The clauses of a write expression. */
type Clauses = Readonly<{ set: readonly string[]; remove?: readonly string[] }>

const expression = ({ set, remove = [] }: Clauses): string =>
  [`SET ${set.join(', ')}`, ...(remove.length > 0 ? [`REMOVE ${remove.join(', ')}`] : [])].join(' ')

const number = (value: number) => ({ N: String(value) })

const leaseEnd = '#leasedUntil'
const contentSet = ['version', 'checksum', 'keys', 'keysAt', 'writtenBy'].map((name) => `#${name} = :${name}`)
const contentNames = ['organisations', 'lastError', 'leasedUntil', 'lastSuccess']

/**
 * A write whose answer was lost is sent again by the SDK: by `writtenBy` it recognises what it has written
 * itself.
 */
const isBefore = '#version = :before OR (#version = :version AND #writtenBy = :writtenBy)'

const contentValues = (before: State | undefined, { version, keys, keysAt, organisations }: Content) => ({
  version: number(version),
  checksum: { S: stateChecksum(keys, organisations) },
  keys: { S: JSON.stringify(keys) },
  keysAt: number(keysAt),
  writtenBy: { S: randomUUID() },
  before: number(before?.version ?? 0),
})

/** Success at this second; a warning stays to be seen as grace, and otherwise the last error goes. */
const success = (now: number, warning: string | undefined) => ({
  set: ['#lastSuccess = :now', ...(warning === undefined ? [] : ['#lastError = :lastError'])],
  remove: [leaseEnd, ...(warning === undefined ? ['#lastError'] : [])],
  values: { now: number(now), ...(warning === undefined ? {} : { lastError: { S: warning } }) },
})

/** Every write of the state is one conditional write of one item. */
export const stateWriter = (table: Table): StateWriter => ({
  leaseRefresh: (now) =>
    table.change(stateKey, {
      set: expression({ set: ['#leasedUntil = :leasedUntil', '#leasedBy = :leasedBy'] }),
      values: { leasedUntil: number(now + refreshLease), leasedBy: { S: randomUUID() }, now: number(now) },
      when: 'attribute_not_exists(#leasedUntil) OR #leasedUntil <= :now OR #leasedBy = :leasedBy',
    }),
  leaseKeys: (now) =>
    table.change(stateKey, {
      set: expression({ set: ['#forcedAt = :now', '#forcedBy = :forcedBy'] }),
      names: ['forcedAt'],
      values: { now: number(now), forcedBy: { S: randomUUID() }, latest: number(now - forcedCooldown) },
      when: 'attribute_not_exists(#forcedAt) OR #forcedAt <= :latest OR #forcedBy = :forcedBy',
    }),
  keep: (before, next, now, warning) => {
    const { set, remove, values } = success(now, warning)
    const { organisations } = next
    const known = organisations !== undefined
    return table.change(stateKey, {
      set: expression({
        set: [...contentSet, ...set, ...(known ? ['#organisations = :organisations'] : [])],
        remove: [...remove, ...(known ? [] : ['#organisations'])],
      }),
      names: contentNames,
      values: {
        ...contentValues(before, next),
        ...values,
        ...(known ? { organisations: { S: organisations } } : {}),
      },
      when: `attribute_not_exists(#version) OR ${isBefore}`,
    })
  },
  keepKeys: (before, next) =>
    table.change(stateKey, {
      set: expression({ set: contentSet }),
      values: contentValues(before, next),
      when: isBefore,
    }),
  confirm: (state, keysAt, now, warning) => {
    const { set, remove, values } = success(now, warning)
    return table.change(stateKey, {
      set: expression({ set: [...set, '#keysAt = :keysAt'], remove }),
      names: ['version', ...contentNames],
      values: { ...values, keysAt: number(keysAt), before: number(state.version) },
      when: '#version = :before',
    })
  },
  fail: async (reason) => {
    await table.change(stateKey, {
      set: expression({ set: ['#lastError = :lastError'], remove: [leaseEnd] }),
      names: ['leasedUntil'],
      values: { lastError: { S: reason } },
    })
  },
  settle: async (now, keysAt) => {
    const isConfirmed = keysAt !== undefined
    await table.change(stateKey, {
      set: expression({ set: ['#settledAt = :settledAt', ...(isConfirmed ? ['#keysAt = :keysAt'] : [])] }),
      values: { settledAt: number(now), ...(isConfirmed ? { keysAt: number(keysAt) } : {}) },
    })
  },
})
