import { codeOf, Problem } from '../problem.ts'
import { maySeekKeys, type State, type States } from '../state/state.ts'
import { stateKey } from '../store/keys.ts'
import type { Table } from '../store/table.ts'
import { mayHaveNewKey, type UnverifiedToken } from './token.ts'

/** Finds keys that are newer than those in memory, for a token with an unknown key. */

/** Dependencies of a search for newer keys. */
export type KeyDeps = Readonly<{
  table: Pick<Table, 'read'>
  states: States
  /** Asks refresh-state for keys that are newer than the state. Resolves once it has tried. */
  askForKeys: () => Promise<void>
}>

/**
 * Tries with this state, then with newer ones until one has the token's key. Throws `token_key_unknown`, or
 * `token_key_pending` when no keys can be fetched now and the token may be newer than the known keys.
 */
export type WithNewerKeys = <T>(
  token: UnverifiedToken,
  state: State,
  attempt: (state: State) => Promise<T>,
) => Promise<T>

/** Whether verification failed because the key set has no key with the token's `kid`. */
export const isUnknownKey = (error: unknown): boolean => codeOf(error) === 'token_key_unknown'

/** Reads the state, or undefined when none was ever stored. `now` is taken before the read. */
export const readState = async ({ table, states }: KeyDeps, now: number): Promise<State | undefined> =>
  states.from(await table.read([stateKey]), now)

const once = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  let result: Promise<T> | undefined
  return () => {
    result ??= work()
    return result
  }
}

/**
 * A search for the tokens of one request: reads the state at most once and asks for keys at most once.
 * `now`: when the request arrived. `read`: the state, when the request has already read it.
 */
export const keySearch = (deps: KeyDeps, now: number, read?: State): WithNewerKeys => {
  const { states, askForKeys } = deps
  const current = once(async () => read ?? states.fresh(now) ?? (await readState(deps, now)))
  const fetched = once(async () => {
    const state = await current()
    // The cooldown allows no fetch yet.
    if (state !== undefined && !maySeekKeys(state, now)) return state
    await askForKeys()
    return readState(deps, now)
  })
  return async (token, state, attempt) => {
    let newest = state
    for (const next of [current, fetched, undefined]) {
      try {
        return await attempt(newest)
      } catch (error) {
        if (!isUnknownKey(error)) throw error
      }
      newest = (await next?.()) ?? newest
    }
    // Keys accepted since the request arrived would include the key of a valid token.
    const isOpen = newest.keysAt < now && mayHaveNewKey(token, newest.keysAt, now)
    throw new Problem(isOpen ? 'token_key_pending' : 'token_key_unknown')
  }
}
