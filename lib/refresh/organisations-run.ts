import type { Table } from '../store/table.ts'
import type { OrganisationIndex } from './organisation-index.ts'
import { type ListedOrganisation, type OrganisationSource, UnusableData } from './organisation-source.ts'
import { UpstreamError } from './upstream.ts'

/** What one run over the organisations knows, and how it asks for one after the other. */

/** The index is stored before each so many are written. */
const stretch = 500

/** An organisation that keeps its last good data, and why. */
export type KeptBack = Readonly<{ name: string; reason: string }>

export type OrganisationsDeps = Readonly<{
  table: Table
  source: OrganisationSource
  version: number
  /** Seconds since the epoch. */
  now: number
  /** Aborted when the run has to end. */
  signal: AbortSignal
  /**
   * Awaited between the blocks and all else. When it rejects, nothing but blocks and sign-outs has been
   * written.
   */
  afterBlocks?: () => Promise<unknown>
}>

type Failure = Readonly<{ reason: string; isUnread: boolean; isOwnFault: boolean }>
export type Run = OrganisationsDeps & Readonly<{ index: OrganisationIndex; failures: Map<string, Failure> }>
export type Listed = readonly ListedOrganisation[]

/** More than a third, and more than two: that is no single organisation's doing. */
export const isTooMany = (count: number, all: number): boolean => count > 2 && count > all / 3

export const stretches = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / stretch) }, (_, index) =>
    items.slice(index * stretch, (index + 1) * stretch),
  )

/** Reads something of one organisation. A failure is noted, and it is asked for nothing more in this run. */
export const readOne = async <T>(run: Run, name: string, read: () => Promise<T>): Promise<T | undefined> => {
  if (run.failures.get(name)?.isUnread) return undefined
  const fail = (reason: string, isUnread: boolean): undefined => {
    run.failures.set(name, { reason, isUnread, isOwnFault: !run.signal.aborted })
  }
  if (run.signal.aborted) return fail('not reached in time', true)
  try {
    return await read()
  } catch (error) {
    if (error instanceof UnusableData) return fail(error.message, false)
    if (error instanceof UpstreamError)
      return fail(run.signal.aborted ? 'not reached in time' : error.message, true)
    throw error
  }
}

/**
 * Those that failed the last time come last, and the others begin elsewhere each minute: whoever is slow
 * delays nobody else.
 */
export const inOrder = ({ index, now }: Run, listed: Listed): Listed => {
  const start = (Math.floor(now / 60) * stretch) % listed.length
  const turned = [...listed.slice(start), ...listed.slice(0, start)]
  const isFailing = ({ name }: ListedOrganisation) => index.entries.get(name)?.failing === true
  return [...turned.filter((one) => !isFailing(one)), ...turned.filter(isFailing)]
}
