import { randomUUID } from 'node:crypto'
import type { PublicKey } from '../state/key-set.ts'
import { forcedCooldown, type State } from '../state/state.ts'
import { stateKey } from '../store/keys.ts'
import type { Table } from '../store/table.ts'
import { checksum } from './canonical-json.ts'

/** The checksum of a state's content: its keys and the digest of its organisations. */
export const stateChecksum = (keys: readonly PublicKey[], organisations: string | undefined): string =>
  checksum({ keys, organisations: organisations ?? null })

/** Duration of the lease of a refresh, in seconds: longer than the timeout of the function. */
const refreshLease = 55

/** The content of a state and its version. */
type Content = Readonly<{
  version: number
  keys: readonly PublicKey[]
  /** When these keys were requested, in seconds since the epoch. */
  keysAt: number
  organisations: string | undefined
}>

/** The writes of the state. Each is one conditional write of one item, which only refresh-state may do. */
export type StateWriter = Readonly<{
  /** Takes the lease of the refresh. False when another run holds it. */
  leaseRefresh(now: number): Promise<boolean>
  /** Takes the one forced fetch of this cooldown. False when another caller has taken it. */
  leaseKeys(now: number): Promise<boolean>
  /**
   * Replaces the content of `before` and ends the lease. False when another run was faster. With a `warning`,
   * health shows grace.
   */
  keep(before: State | undefined, next: Content, now: number, warning?: string): Promise<boolean>
  /** Replaces only the keys. Keeps the time of the last success, the last error and the lease. */
  keepKeys(before: State, next: Content): Promise<boolean>
  /** Confirms the content and ends the lease. `keysAt` as in the content, `warning` as in `keep`. */
  confirm(state: State, keysAt: number, now: number, warning?: string): Promise<boolean>
  /** Stores why a refresh failed and ends the lease. Keeps the content. */
  fail(reason: string): Promise<void>
  /** Marks the forced fetch as finished. `keysAt`: when it found the keys that the state already has. */
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

/** The SDK retries a write whose response was lost. `writtenBy` lets the retry recognise the first write. */
const isBefore = '#version = :before OR (#version = :version AND #writtenBy = :writtenBy)'

const contentValues = (before: State | undefined, { version, keys, keysAt, organisations }: Content) => ({
  version: number(version),
  checksum: { S: stateChecksum(keys, organisations) },
  keys: { S: JSON.stringify(keys) },
  keysAt: number(keysAt),
  writtenBy: { S: randomUUID() },
  before: number(before?.version ?? 0),
})

/** Records a success. Clears the last error, or stores the warning in its place. */
const success = (now: number, warning: string | undefined) => ({
  set: ['#lastSuccess = :now', ...(warning === undefined ? [] : ['#lastError = :lastError'])],
  remove: [leaseEnd, ...(warning === undefined ? ['#lastError'] : [])],
  values: { now: number(now), ...(warning === undefined ? {} : { lastError: { S: warning } }) },
})

type Change = Parameters<Table['change']>[1]

const refreshLeased = (now: number): Change => ({
  set: expression({ set: ['#leasedUntil = :leasedUntil', '#leasedBy = :leasedBy'] }),
  values: { leasedUntil: number(now + refreshLease), leasedBy: { S: randomUUID() }, now: number(now) },
  when: 'attribute_not_exists(#leasedUntil) OR #leasedUntil <= :now OR #leasedBy = :leasedBy',
})

const keysLeased = (now: number): Change => ({
  set: expression({ set: ['#forcedAt = :now', '#forcedBy = :forcedBy'] }),
  names: ['forcedAt'],
  values: { now: number(now), forcedBy: { S: randomUUID() }, latest: number(now - forcedCooldown) },
  when: 'attribute_not_exists(#forcedAt) OR #forcedAt <= :latest OR #forcedBy = :forcedBy',
})

const contentReplaced = (
  before: State | undefined,
  next: Content,
  { set, remove, values }: ReturnType<typeof success>,
): Change => {
  const { organisations } = next
  const known = organisations !== undefined
  return {
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
  }
}

const contentConfirmed = (
  { version }: State,
  keysAt: number,
  { set, remove, values }: ReturnType<typeof success>,
): Change => ({
  set: expression({ set: [...set, '#keysAt = :keysAt'], remove }),
  names: ['version', ...contentNames],
  values: { ...values, keysAt: number(keysAt), before: number(version) },
  when: '#version = :before',
})

const fetchSettled = (now: number, keysAt: number | undefined): Change => {
  const isConfirmed = keysAt !== undefined
  return {
    set: expression({ set: ['#settledAt = :settledAt', ...(isConfirmed ? ['#keysAt = :keysAt'] : [])] }),
    values: { settledAt: number(now), ...(isConfirmed ? { keysAt: number(keysAt) } : {}) },
  }
}

/** The writer of the state in this table. */
export const stateWriter = (table: Table): StateWriter => {
  const change = (change: Change): Promise<boolean> => table.change(stateKey, change)
  return {
    leaseRefresh: (now) => change(refreshLeased(now)),
    leaseKeys: (now) => change(keysLeased(now)),
    keep: (before, next, now, warning) => change(contentReplaced(before, next, success(now, warning))),
    keepKeys: (before, next) =>
      change({
        set: expression({ set: contentSet }),
        values: contentValues(before, next),
        when: isBefore,
      }),
    confirm: (state, keysAt, now, warning) => change(contentConfirmed(state, keysAt, success(now, warning))),
    fail: async (reason) => {
      await change({
        set: expression({ set: ['#lastError = :lastError'], remove: [leaseEnd] }),
        names: ['leasedUntil'],
        values: { lastError: { S: reason } },
      })
    },
    settle: async (now, keysAt) => {
      await change(fetchSettled(now, keysAt))
    },
  }
}
