import type { Context } from 'aws-lambda'
import { refreshState } from '../../functions/refresh-state/handler.ts'
import { scheduled } from '../../lib/refresh/scheduled.ts'
import { stateWriter } from '../../lib/refresh/state-writer.ts'
import { upstreamOf } from '../../lib/refresh/upstream.ts'
import { context, type Gateway } from './gateway.ts'

type Options = Readonly<{ milliseconds?: number; forced?: boolean; secret?: string }>

/** A run of refresh-state with this many milliseconds until its timeout, and its log line. */
export const refreshRun = async (
  gateway: Pick<Gateway, 'instance' | 'table' | 'logs'>,
  { milliseconds = 60_000, forced = false, secret = 'canary-client-secret' }: Options = {},
) => {
  const on = { ...gateway.instance(), table: gateway.table }
  const credentials = async () => ({ id: 'gateway', secret })
  const deps = { ...on, writer: stateWriter(on.table), upstream: upstreamOf(on.config, credentials, on.now) }
  const deadline = Date.now() + milliseconds
  const until = { ...context, getRemainingTimeInMillis: () => deadline - Date.now() } as Context
  const { outcome } = await scheduled(refreshState(deps), on)({ forced }, until)
  return { outcome, line: gateway.logs.at(-1) ?? {} }
}
