import poll from '../docs/cost.json' with { type: 'json' }
import { dollars } from './prices.ts'

/** The load and cost of a number of open tabs, computed from measured polls and published limits. */

/** Limits of an account in a region. All but `partitionReadUnits` can be raised on request. */
export const limits = {
  httpApiPerSecond: 10_000,
  lambdaConcurrency: 1000,
  /** The Lambda concurrency of many new accounts. */
  newAccountConcurrency: 10,
  /** Synchronous requests a second per unit of concurrency. */
  perConcurrency: 10,
  /** New instances of one function every ten seconds. */
  lambdaGrowth: 1000,
  tableReadUnits: 40_000,
  /** Of one partition, and so of one item. */
  partitionReadUnits: 3000,
} as const

/** Seconds between two polls of a tab. */
export const pollEvery = 5
const monthSeconds = 730 * 3600
const memoryGigabytes = 0.5
/** Read units of a poll: session, subject and organisation, even if absent, below 4 kB each. */
export const unitsPerPoll = 3
/** The same without the organisation, which an instance keeps for some seconds. */
export const ownUnitsPerPoll = 2

/** The load of tabs that are open around the clock. `warm`: milliseconds of a warm request. */
export const load = (tabs: number, warm: number) => {
  const perSecond = tabs / pollEvery
  const month = perSecond * monthSeconds
  const busy = perSecond * (warm / 1000)
  return {
    tabs,
    perSecond,
    /** Instances at work at any moment, and the concurrency that must be granted for these requests. */
    busy,
    granted: Math.max(busy, perSecond / limits.perConcurrency),
    /** Upper limit, when each poll of an instance is of another organisation. */
    readUnits: perSecond * unitsPerPoll,
    /** US dollars a month. */
    cost:
      dollars('httpApi', month) +
      dollars('tableReads', month * unitsPerPoll) +
      dollars('lambdaRequests', month) +
      dollars('lambdaSeconds', month * (warm / 1000) * memoryGigabytes) +
      dollars('logs', month * (poll.ownLogBytes + poll.accessLogBytes)) +
      dollars('sent', month * poll.sentBytes),
  }
}

export type Load = ReturnType<typeof load>
