import type { Context } from 'aws-lambda'
import type { Dependencies } from '../lambda/dependencies.ts'
import { errorName, framesOf } from '../log.ts'
import { count, embedded } from '../metrics.ts'
import { codeOf } from '../problem.ts'
import { inGrace, stateAge } from '../state/state.ts'
import type { RefreshResult } from './refresh.ts'

/** The handler of a scheduled function: it runs the refresh and writes one log line. */

type Run<E> = (event: E, signal: AbortSignal) => Promise<RefreshResult>

/** The result that the caller gets. */
export type Report = Readonly<{ outcome: RefreshResult['outcome'] }>

/** Milliseconds reserved for writes in progress and for storing why the run ended. */
const reserve = 8000

/** Whole milliseconds after which a run stops itself, given the milliseconds until Lambda stops it. */
export const timeFor = (remaining: number): number => Math.max(remaining - reserve, Math.floor(remaining / 2))

/** Maximum number of organisations that the log line names. */
const maxNamed = 10

const metricsOf = (
  { outcome, state, kept, shrunk }: RefreshResult,
  { now, config }: Dependencies,
  healthy: boolean | undefined,
) => [
  ...(outcome === 'busy'
    ? []
    : [count('RefreshSucceeded', outcome !== 'failed'), count('RefreshFailed', outcome === 'failed')]),
  ...(kept === undefined ? [] : [count('OrganisationsKeptBack', kept.length)]),
  ...(shrunk === undefined ? [] : [count('ListShrunk', shrunk)]),
  ...(state === undefined
    ? []
    : [
        count('InGrace', inGrace(state, now())),
        { name: 'StateAge', unit: 'Seconds' as const, value: stateAge(state, now()) },
      ]),
  ...(healthy === undefined ? [] : [count('PublicHealth', healthy)]),
  ...(config.loginBinding ? [] : [count('LoginUnbound', true)]),
]

/** Writes the log line of a run. `began` is a `performance.now()` time. */
const report = (
  on: Dependencies,
  result: RefreshResult,
  began: number,
  healthy: boolean | undefined,
): Report => {
  const { outcome, reason, frames, state, kept = [] } = result
  const at = Date.now()
  // A failed run has a reason.
  const isWell = reason === undefined && kept.length === 0
  on.log(isWell ? 'info' : 'warn', {
    time: new Date(at).toISOString(),
    route: 'refresh-state',
    code: outcome,
    reason,
    frames,
    ms: Math.round(performance.now() - began),
    version: state?.version,
    checksum: state?.checksum,
    ...(kept.length > 0
      ? { kept: kept.slice(0, maxNamed).map(({ name, reason: why }) => `${name}: ${why}`) }
      : {}),
    ...embedded(on.metricsNamespace, metricsOf(result, on, healthy), at),
  })
  return { outcome }
}

const failure = (error: unknown): RefreshResult => {
  const code = codeOf(error)
  const frames = code === 'internal' ? framesOf(error) : undefined
  return { outcome: 'failed', reason: `${code}: ${errorName(error)}`, ...(frames && { frames }) }
}

/** Runs `run` and logs how it ended. `checkHealth` runs at the same time and must not reject. */
export const scheduled =
  <E>(
    run: Run<E>,
    on: Dependencies,
    checkHealth: (event: E) => Promise<boolean | undefined> = async () => undefined,
  ) =>
  async (event: E, context: Context): Promise<Report> => {
    const began = performance.now()
    const signal = AbortSignal.timeout(timeFor(context.getRemainingTimeInMillis()))
    const healthy = checkHealth(event)
    const result = await run(event, signal).catch(failure)
    return report(on, result, began, await healthy)
  }
