import { type RefreshDeps, type RefreshResult, refreshAll, refreshKeys } from '../../lib/refresh/refresh.ts'

/** Who calls refresh-state: the schedule, or a function that saw an unknown key. */
export type RefreshEvent = Readonly<{ forced?: boolean }>

/** `refresh-state`: bring the state up to what the identity service says. */
export const refreshState =
  (deps: RefreshDeps) =>
  (event: RefreshEvent, signal: AbortSignal): Promise<RefreshResult> =>
    event.forced === true ? refreshKeys(deps, signal) : refreshAll(deps, signal)
