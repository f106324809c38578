import { type KeyRing, newKeyRing, resetKeys } from './keys.ts'
import type { Malformation } from './malformed.ts'
import { type Directory, freshDirectory } from './seed.ts'

/** What is wrong with the service on purpose. */
export type Switches = {
  down: boolean
  slow: number
  fail: boolean
  malformed: Malformation | null
  organisations: 'normal' | 'empty'
}

/** Everything one running stand-in consists of. */
export type StandIn = {
  readonly credentials: { readonly clientId: string; readonly clientSecret: string }
  readonly ring: KeyRing
  directory: Directory
  switches: Switches
  requests: Map<string, number>
  /**
   * Lists of the Admin API that answer otherwise: under `list`, or `list organisation` for one organisation
   * alone.
   */
  answers: Map<string, { status: number; rows: unknown }>
}

/** Nothing is wrong. */
export const allWell = (): Switches => ({
  down: false,
  slow: 0,
  fail: false,
  malformed: null,
  organisations: 'normal',
})

/** A stand-in with keys of its own. */
export const newStandIn = async (credentials: StandIn['credentials']): Promise<StandIn> => ({
  credentials,
  ring: await newKeyRing(),
  directory: freshDirectory(),
  switches: allWell(),
  requests: new Map(),
  answers: new Map(),
})

/** As at the start, with the keys of the start. */
export const reset = (standIn: StandIn): void => {
  standIn.directory = freshDirectory()
  standIn.switches = allWell()
  standIn.requests = new Map()
  standIn.answers = new Map()
  resetKeys(standIn.ring)
}

/** The present second. */
export const now = (): number => Math.floor(Date.now() / 1000)
