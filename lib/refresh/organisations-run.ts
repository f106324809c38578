import type { Table } from '../store/table.ts'
import type { OrganisationIndex } from './organisation-index.ts'
import { type ListedOrganisation, type OrganisationSource, UnusableData } from './organisation-source.ts'
import { UpstreamError } from './upstream.ts'

/** The progress of a run over all organisations. */

/** Organisations per batch. The index is stored before each batch is written. */
const batchSize = 500

/** An organisation that keeps its last good data, and why. */
export type KeptBack = Readonly<{ name: string; reason: string }>

/** Dependencies and parameters of a run. */
export type OrganisationsDeps = Readonly<{
  table: Table
  source: OrganisationSource
  version: number
  /** Seconds since the epoch. */
  now: number
  /** Aborted when the run has to stop. */
  signal: AbortSignal
  /** Awaited after blocks and sign-outs are written. When it rejects, nothing else is written. */
  afterBlocks?: () => Promise<unknown>
}>

type Failure = Readonly<{ reason: string; isUnread: boolean; isOwnFault: boolean }>
/** A run in progress. */
export type Run = OrganisationsDeps & Readonly<{ index: OrganisationIndex; failures: Map<string, Failure> }>
/** The organisations that the source lists. */
export type Listed = readonly ListedOrganisation[]

/** Whether more than a third, and more than two, are affected: the source must be at fault. */
export const isTooMany = (count: number, all: number): boolean => count > 2 && count > all / 3

/** Splits a list into batches of 500. */
export const batchesOf = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / batchSize) }, (_, index) =>
    items.slice(index * batchSize, (index + 1) * batchSize),
  )

/**
 * Reads a part of an organisation and records a failure. When a part could not be read, the other parts are
 * not read in this run either.
 */
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
 * The order of reading: organisations that failed in the last run come last. The others start at a different
 * place each minute, so that a slow one does not always delay the same others.
 */
export const inOrder = ({ index, now }: Run, listed: Listed): Listed => {
  const start = (Math.floor(now / 60) * batchSize) % listed.length
  const rotated = [...listed.slice(start), ...listed.slice(0, start)]
  const isFailing = ({ name }: ListedOrganisation) => index.entries.get(name)?.failing === true
  return [...rotated.filter((one) => !isFailing(one)), ...rotated.filter(isFailing)]
}
