import { codeOf, Problem } from '../problem.ts'
import { maySeekKeys, type State, type States } from '../state/state.ts'
import { stateKey } from '../store/keys.ts'
import type { Table } from '../store/table.ts'
import { mayHaveNewKey, type UnverifiedToken } from './token.ts'

/**
 * Keys that are newer than those in memory: contract, section 6. Only a token whose key is unknown pays for
 * them.
 */

export type KeyDeps = Readonly<{
  table: Pick<Table, 'read'>
  states: States
  /** Seconds since the epoch. */
  now: () => number
  /** Asks refresh-state for keys that are newer than the state; ends when it has tried. */
  askForKeys: () => Promise<void>
}>

/**
 * Tries with this state, then with newer ones while they do not hold the token's key. Throws
 * `token_key_unknown`, or
 * `token_key_pending` when no keys can be fetched and the token may be newer than those that are known:
 * nobody can tell.
 */
export type WithNewerKeys = <T>(
  token: UnverifiedToken,
  state: State,
  attempt: (state: State) => Promise<T>,
) => Promise<T>

export const isUnknownKey = (error: unknown): boolean => codeOf(error) === 'token_key_unknown'

/** The state as the table has it, or nothing when none was ever loaded. */
export const readState = async ({ table, states, now }: KeyDeps): Promise<State | undefined> => {
  // Taken before the read, so a slow response does not look fresh.
  const asked = now()
  return states.from(await table.read([stateKey]), asked)
}

const once = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  let result: Promise<T> | undefined
  return () => {
    result ??= work()
    return result
  }
}

/**
 * A search for the tokens of one request: the state is read once and keys are asked for once, however many of
 * them want it. `read`: the state, when the request has read it already.
 */
export const keySearch = (deps: KeyDeps, read?: State): WithNewerKeys => {
  const { states, now, askForKeys } = deps
  const since = now()
  const current = once(async () => read ?? states.fresh(now()) ?? (await readState(deps)))
  const fetched = once(async () => {
    const state = await current()
    // The one fetch of this cooldown was had, so asking is pointless.
    if (state !== undefined && !maySeekKeys(state, now())) return state
    await askForKeys()
    return readState(deps)
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
    // Keys that were accepted since the search began would hold it if it were good.
    const isOpen = newest.keysAt < since && mayHaveNewKey(token, newest.keysAt, now())
    throw new Problem(isOpen ? 'token_key_pending' : 'token_key_unknown')
  }
}
