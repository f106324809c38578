import { type KeyRing, newKeyRing, resetKeys } from './keys.ts'
import type { Malformation } from './malformed.ts'
import { type Directory, freshDirectory } from './seed.ts'

/** The failures that are switched on. */
export type Switches = {
  down: boolean
  slow: number
  fail: boolean
  malformed: Malformation | null
}

/** The state of a running stand-in. */
export type StandIn = {
  readonly credentials: { readonly clientId: string; readonly clientSecret: string }
  readonly ring: KeyRing
  /** The access tokens that the Admin API accepts. */
  readonly accessTokens: Set<string>
  directory: Directory
  switches: Switches
  requests: Map<string, number>
  /** Replaced lists of the Admin API, by `list`, or by `list organisation` for one organisation. */
  answers: Map<string, { status: number; rows: unknown }>
}

/** No failures. */
export const noFailures = (): Switches => ({ down: false, slow: 0, fail: false, malformed: null })

/** The state at the start, except the keys. */
const initial = () => ({
  directory: freshDirectory(),
  switches: noFailures(),
  requests: new Map<string, number>(),
  answers: new Map<string, { status: number; rows: unknown }>(),
})

/** Creates a stand-in with new keys. */
export const newStandIn = async (credentials: StandIn['credentials']): Promise<StandIn> => ({
  credentials,
  ring: await newKeyRing(),
  accessTokens: new Set(),
  ...initial(),
})

/** Resets everything to its state at the start, with the same keys. */
export const reset = (standIn: StandIn): void => {
  Object.assign(standIn, initial())
  resetKeys(standIn.ring)
}

/** Seconds since the epoch. */
export const now = (): number => Math.floor(Date.now() / 1000)
