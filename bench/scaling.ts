import poll from '../docs/cost.json' with { type: 'json' }
import { organisationTtl } from '../lib/state/organisation.ts'
import { dollars } from './prices.ts'

/**
 * What a number of open tabs asks of AWS, and what AWS asks for it: arithmetic over measured and published
 * figures.
 */

/** What AWS grants an account in a region until it is asked for more, and what it grants nobody. */
export const limits = {
  httpApiPerSecond: 10_000,
  lambdaConcurrency: 1000,
  /** What many new accounts have until they ask. */
  newAccountConcurrency: 10,
  /** Synchronous requests a second for each unit of concurrency that is granted. */
  perConcurrency: 10,
  /** New instances of one function every ten seconds. */
  lambdaGrowth: 1000,
  tableReadUnits: 40_000,
  /** Of one partition, and so of one item. Nobody gets more. */
  partitionReadUnits: 3000,
} as const

/** Seconds between two polls of a tab. */
export const pollEvery = 5
const monthSeconds = 730 * 3600
/** Of one poll, as `npm run docs` measured it. */
const logBytes = poll.ownLogBytes + poll.lambdaLogBytes + poll.accessLogBytes
const memoryGigabytes = 0.5
/** Session, subject, organisation: strongly consistent, below 4 kB each, absent ones included. */
export const unitsPerPoll = 3
/** The same without the organisation, which an instance reads once in some seconds. */
export const ownUnitsPerPoll = 2

/** One number of open tabs, all day and all night. `warm`: milliseconds of a request at Lambda. */
export const load = (tabs: number, warm: number) => {
  const perSecond = tabs / pollEvery
  const month = perSecond * monthSeconds
  const busy = perSecond * (warm / 1000)
  // No more instances can be at work than this, each at the rate that Lambda grants it.
  const instances = Math.max(1, perSecond / limits.perConcurrency)
  const organisationReads = Math.min(perSecond, instances / organisationTtl)
  return {
    tabs,
    perSecond,
    /**
     * Instances at work at any moment, and the concurrency that has to be granted for that many requests a
     * second.
     */
    busy,
    granted: Math.max(busy, perSecond / limits.perConcurrency),
    /** At most: every instance meets another organisation with each poll. */
    readUnits: perSecond * unitsPerPoll,
    /** When all tabs are of one organisation, and its own part of that. */
    readUnitsOfOne: perSecond * ownUnitsPerPoll + organisationReads,
    organisationReads,
    stateReads: instances / 60,
    cost: {
      'HTTP API': dollars('httpApi', month),
      'DynamoDB reads': dollars('tableReads', month * unitsPerPoll),
      'Lambda requests': dollars('lambdaRequests', month),
      'Lambda duration': dollars('lambdaSeconds', month * (warm / 1000) * memoryGigabytes),
      'CloudWatch Logs': dollars('logs', month * logBytes),
      'Data out': dollars('sent', month * poll.sentBytes),
    },
  }
}

export type Load = ReturnType<typeof load>
