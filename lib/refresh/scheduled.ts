import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import type { Dependencies } from '../lambda/dependencies.ts'
import { named } from '../log.ts'
import { embedded } from '../metrics.ts'
import { codeOf } from '../problem.ts'
import { inGrace, stateAge } from '../state/state.ts'
import type { RefreshResult } from './refresh.ts'

/** The small sister of the endpoint's chain: no request, no answer, the same log and the same `Problem`. */

type Run<E> = (event: E) => Promise<RefreshResult>

/** What the caller of a run is told. */
export type Report = Readonly<{ outcome: RefreshResult['outcome'] }>

const metricsOf = ({ outcome, state }: RefreshResult, now: number) => [
  ...(outcome === 'busy'
    ? []
    : [
        { name: 'RefreshSucceeded', unit: 'Count' as const, value: outcome === 'failed' ? 0 : 1 },
        { name: 'RefreshFailed', unit: 'Count' as const, value: outcome === 'failed' ? 1 : 0 },
      ]),
  ...(state === undefined
    ? []
    : [
        { name: 'InGrace', unit: 'Count' as const, value: inGrace(state, now) ? 1 : 0 },
        { name: 'StateAge', unit: 'Seconds' as const, value: stateAge(state, now) },
      ]),
]

/** Runs it, and leaves one log line with how it ended, how old the state is and what it cost. */
export const scheduled = <E>(
  name: 'refresh-state',
  run: Run<E>,
  on: Dependencies,
): ((event: E, context: Context) => Promise<Report>) => {
  const report = (outcome: RefreshResult, began: number): Report => {
    const at = Date.now()
    on.log(outcome.outcome === 'failed' ? 'warn' : 'info', {
      time: new Date(at).toISOString(),
      route: name,
      code: outcome.outcome,
      reason: outcome.reason,
      ms: Math.round(performance.now() - began),
      version: outcome.state?.version,
      checksum: outcome.state?.checksum,
      ...embedded(on.metricsNamespace, metricsOf(outcome, on.now()), at, {}),
    })
    return { outcome: outcome.outcome }
  }

  // Stryker disable next-line ObjectLiteral: five milliseconds of a minute.
  return middy<E, Report, Error, Context>({ timeoutEarlyInMillis: 0 }).handler(async (event: E) => {
    const began = performance.now()
    try {
      return report(await run(event), began)
    } catch (error) {
      const code = codeOf(error)
      return report({ outcome: 'failed', reason: `${code}: ${named(error)}` }, began)
    }
  })
}
