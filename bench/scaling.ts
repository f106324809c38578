import { organisationTtl } from '../lib/state/organisation.ts'

/** What a number of open tabs asks of AWS, and what AWS asks for it: arithmetic over measured and published figures. */

/**
 * List prices of us-east-1 in US dollars, on demand, no free tier and no discounts, as AWS published them in June 2025 (DynamoDB:
 * since its reduction of November 2024). They are the one thing here that nobody can measure: check them before they enter a budget.
 */
export const prices = {
  date: '2025-06',
  region: 'us-east-1',
  /** Each million requests: the first 300 million of a month, and those above. */
  httpApi: { first: 1.0, above: 0.9, tier: 300e6 },
  lambdaRequests: 0.2 / 1e6,
  /** arm64, each gigabyte-second, in three tiers of gigabyte-seconds a month. */
  lambdaSeconds: [
    [7.5e9, 0.0000133334],
    [11.25e9, 0.0000120001],
    [Number.POSITIVE_INFINITY, 0.0000106667],
  ],
  readUnits: 0.125 / 1e6,
  /** Out to the internet, each gigabyte, in tiers of gigabytes a month. */
  sent: [
    [10_240, 0.09],
    [40_960, 0.085],
    [102_400, 0.07],
    [Number.POSITIVE_INFINITY, 0.05],
  ],
  /** Lambda logs to CloudWatch, each gigabyte, in tiers of gigabytes a month. */
  logs: [
    [10_240, 0.5],
    [20_480, 0.25],
    [20_480, 0.1],
    [Number.POSITIVE_INFINITY, 0.05],
  ],
} as const

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
/** Of one poll: our line, what Lambda adds to it, and the access log (docs/deploy.md); and what is sent to the browser, headers above all. */
const logBytes = 1071
const sentBytes = 1000
const memoryGigabytes = 0.5
/** Session, subject, organisation: strongly consistent, below 4 kB each, absent ones included. */
export const unitsPerPoll = 3
/** The same without the organisation, which an instance reads once in some seconds. */
export const ownUnitsPerPoll = 2

const tiered = (amount: number, tiers: readonly (readonly [number, number])[]): number => {
  let [left, sum] = [amount, 0]
  for (const [size, price] of tiers) {
    const part = Math.min(left, size)
    sum += part * price
    left -= part
  }
  return sum
}

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
    /** Instances at work at any moment, and the concurrency that has to be granted for that many requests a second. */
    busy,
    granted: Math.max(busy, perSecond / limits.perConcurrency),
    /** At most: every instance meets another organisation with each poll. */
    readUnits: perSecond * unitsPerPoll,
    /** When all tabs are of one organisation, and its own part of that. */
    readUnitsOfOne: perSecond * ownUnitsPerPoll + organisationReads,
    organisationReads,
    stateReads: instances / 60,
    cost: {
      'HTTP API':
        (Math.min(month, prices.httpApi.tier) * prices.httpApi.first +
          Math.max(0, month - prices.httpApi.tier) * prices.httpApi.above) /
        1e6,
      'DynamoDB reads': month * unitsPerPoll * prices.readUnits,
      'Lambda requests': month * prices.lambdaRequests,
      'Lambda duration': tiered(month * (warm / 1000) * memoryGigabytes, prices.lambdaSeconds),
      'CloudWatch Logs': tiered((month * logBytes) / 1e9, prices.logs),
      'Data out': tiered((month * sentBytes) / 1e9, prices.sent),
    },
  }
}

export type Load = ReturnType<typeof load>
