import { type RefreshDeps, type RefreshResult, refreshAll, refreshKeys } from '../../lib/refresh/refresh.ts'

/** What calls refresh-state: the schedule, or a function that met a key it does not know. */
export type RefreshEvent = Readonly<{ forced?: boolean }>

/** `refresh-state`: bring the state up to what the identity service says. */
export const refreshState =
  (deps: RefreshDeps) =>
  (event: RefreshEvent, signal: AbortSignal): Promise<RefreshResult> =>
    event.forced === true ? refreshKeys(deps, signal) : refreshAll(deps, signal)
