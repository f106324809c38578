import poll from '../docs/cost.json' with { type: 'json' }
import { organisationTtl } from '../lib/state/organisation.ts'
import { dollars } from './prices.ts'
import { table, whole } from './report.ts'

/** docs/scaling.md: load and cost of open tabs, computed from measured polls and published limits. */

/** Limits of an account in a region. All but `partitionReadUnits` can be raised on request. */
const limits = {
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
const pollEvery = 5
const monthSeconds = 730 * 3600
const memoryGigabytes = 0.5
/** Read units of a poll: session, subject and organisation, even if absent, below 4 kB each. */
const unitsPerPoll = 3
/** The same without the organisation, which an instance keeps for some seconds. */
const ownUnitsPerPoll = 2

/** The load of tabs that are open around the clock. `warm`: milliseconds of a warm request. */
const load = (tabs: number, warm: number) => {
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

type Load = ReturnType<typeof load>

const loads = [1e3, 1e6, 50e6].map((tabs) => load(tabs, 8))
const money = (value: number): string => (value < 1000 ? value.toFixed(0) : `${whole(value / 1000)} k`)

const perTabs = (head: string, rows: readonly (readonly [string, (one: Load) => string])[]): string =>
  table(
    [head, ...loads.map(({ tabs }) => whole(tabs))],
    rows.map(([name, cell]) => [name, ...loads.map(cell)]),
  )

/** Instances, and tabs of one organisation, at which reads of its item reach the limit. */
const hotInstances = limits.partitionReadUnits * organisationTtl
const hotTabs = hotInstances * limits.perConcurrency * pollEvery

export const scalingMarkdown = (): string => `# Scaling

Computed for open tabs that poll \`token-is-set\` every five seconds, from measured polls and published limits, with 8 ms for a warm poll
(assumed).

${perTabs('open tabs', [
  ['polls a second', (one) => whole(one.perSecond)],
  ['instances at work', (one) => whole(Math.ceil(one.busy))],
  ['Lambda concurrency', (one) => whole(Math.ceil(one.granted))],
  ['DynamoDB read units a second, at most', (one) => whole(one.readUnits)],
  ['US dollars a month, around the clock', (one) => money(one.cost)],
])}

A poll reads ${ownUnitsPerPoll} to ${unitsPerPoll} items of one read unit each: session, subject, and the organisation if the instance has not read it for ${organisationTtl} seconds. Lambda
allows ${limits.perConcurrency} synchronous requests a second per unit of concurrency. Office hours are 24 % of the cost.

## Limits

Default limits of an account in one region, in the order in which they are reached:

| open tabs | limit | symptom | remedy |
|--:|---|---|---|
| ${whole(limits.newAccountConcurrency * limits.perConcurrency * 5)} in a **new account** | concurrency of ${limits.newAccountConcurrency} | 503 | request ${whole(limits.lambdaConcurrency)} before people use it |
| ${whole(limits.httpApiPerSecond * 5)} | ${whole(limits.httpApiPerSecond)} requests a second at API Gateway | 429 | request more; above about 100,000 a second several regions or accounts |
| ${whole(limits.lambdaConcurrency * limits.perConcurrency * 5)} | concurrency of ${whole(limits.lambdaConcurrency)} | 503 | request more; tens of thousands are granted, ${whole(loads[2]?.granted ?? 0)} are not |
| ${whole(limits.lambdaGrowth * limits.perConcurrency * 5)} more within 10 s | ${whole(limits.lambdaGrowth)} new instances of a function every 10 s | 503 | jitter in clients; provisioned concurrency |
| ${whole((limits.tableReadUnits / unitsPerPoll) * 5)} | ${whole(limits.tableReadUnits)} read units a second of a table | 503 | request more; warm throughput before a launch |
| ${whole(hotTabs)} **of one organisation** | ${whole(limits.partitionReadUnits)} read units a second of one item, \`ORG#<org>\` | 503 | see below |
| ${whole(limits.partitionReadUnits * 60 * limits.perConcurrency * 5)} | the same for \`STATE\`, which instances read once a minute | 503 | a longer cache TTL, or several copies of the item |

An instance caches an organisation's item for ${organisationTtl} seconds ([lib/state/organisation.ts](../lib/state/organisation.ts)); without that, ${whole(limits.partitionReadUnits * pollEvery)} tabs of one organisation would
reach its limit. Above ${whole(hotTabs)}, cache longer or store several copies (not built).

To save money, in order of effect: poll less often; from some tens of thousands of tabs an Application Load Balancer or function URLs instead of an
HTTP API; provisioned reads; 256 MB of memory.
`
