import { type RefreshDeps, type RefreshResult, refreshAll, refreshKeys } from '../../lib/refresh/refresh.ts'

/** The event of the schedule, or `forced` from a function that found an unknown key. */
export type RefreshEvent = Readonly<{ forced?: boolean }>

/** `refresh-state`: refresh the keys and organisations, or only the keys when forced. */
export const refreshState =
  (deps: RefreshDeps) =>
  (event: RefreshEvent, signal: AbortSignal): Promise<RefreshResult> =>
    event.forced === true ? refreshKeys(deps, signal) : refreshAll(deps, signal)
