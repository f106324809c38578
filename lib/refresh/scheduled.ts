import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import type { Dependencies } from '../lambda/dependencies.ts'
import { framesOf, named } from '../log.ts'
import { count, embedded } from '../metrics.ts'
import { codeOf } from '../problem.ts'
import { inGrace, stateAge } from '../state/state.ts'
import type { RefreshResult } from './refresh.ts'

/** The small sister of the endpoint's chain: no request, no answer, the same log and the same `Problem`. */

type Run<E> = (event: E, signal: AbortSignal) => Promise<RefreshResult>

/** What the caller of a run is told. */
export type Report = Readonly<{ outcome: RefreshResult['outcome'] }>

/** Milliseconds that a run leaves unused: enough for writes under way, and for the note why it ended. */
const reserve = 8000

/** Milliseconds until a run ends itself, of those until Lambda would end it. */
const timeFor = (remaining: number): number => Math.max(remaining - reserve, remaining / 2)

/** How many organisations that were kept back are named in the log line. */
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

/**
 * Runs it, and leaves one log line with how it ended, how old the state is and what it cost. `checkHealth`
 * runs beside it and never rejects.
 */
export const scheduled = <E>(
  name: 'refresh-state',
  run: Run<E>,
  on: Dependencies,
  checkHealth: (event: E) => Promise<boolean | undefined> = async () => undefined,
): ((event: E, context: Context) => Promise<Report>) => {
  const report = (result: RefreshResult, began: number, healthy: boolean | undefined): Report => {
    const { outcome, reason, state, kept = [] } = result
    const at = Date.now()
    const isWell = outcome !== 'failed' && reason === undefined && kept.length === 0
    on.log(isWell ? 'info' : 'warn', {
      time: new Date(at).toISOString(),
      route: name,
      code: outcome,
      reason,
      frames: result.frames,
      ms: Math.round(performance.now() - began),
      version: state?.version,
      checksum: state?.checksum,
      ...(kept.length > 0
        ? { kept: kept.slice(0, maxNamed).map(({ name: org, reason: why }) => `${org}: ${why}`) }
        : {}),
      ...embedded(on.metricsNamespace, metricsOf(result, on, healthy), at),
    })
    return { outcome }
  }

  return middy<E, Report, Error, Context>({ timeoutEarlyInMillis: 0 }).handler(
    async (event: E, context: Context) => {
      const began = performance.now()
      const signal = AbortSignal.timeout(timeFor(context.getRemainingTimeInMillis()))
      const healthy = checkHealth(event)
      const result = await run(event, signal).catch((error: unknown): RefreshResult => {
        const code = codeOf(error)
        const frames = code === 'internal' ? framesOf(error) : undefined
        return { outcome: 'failed', reason: `${code}: ${named(error)}`, ...(frames && { frames }) }
      })
      return report(result, began, await healthy)
    },
  )
}
