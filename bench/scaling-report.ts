import { organisationTtl } from '../lib/state/organisation.ts'
import { table, whole } from './report.ts'
import { type Load, limits, load, ownUnitsPerPoll, pollEvery, unitsPerPoll } from './scaling.ts'

/** docs/scaling.md, as a run makes it. */

const loads = [1e3, 1e6, 50e6].map((tabs) => load(tabs, 8))
const money = (value: number): string => (value < 1000 ? value.toFixed(0) : `${whole(value / 1000)} k`)
const sum = ({ cost }: Load): number => Object.values(cost).reduce((total, part) => total + part, 0)

const perTabs = (head: string, rows: readonly (readonly [string, (one: Load) => string])[]): string =>
  table(
    [head, ...loads.map(({ tabs }) => whole(tabs))],
    rows.map(([name, cell]) => [name, ...loads.map(cell)]),
  )

/** The instances, and the tabs of one organisation, that read its item as often as it can be read. */
const hotInstances = limits.partitionReadUnits * organisationTtl
const hotTabs = hotInstances * limits.perConcurrency * pollEvery
const newsroom = 120_000
const newsroomPolls = newsroom / pollEvery
const newsroomInstances = newsroomPolls / limits.perConcurrency

export const scalingMarkdown = (): string => `# At scale

A thousand, a million and fifty million open tabs, each polling \`token-is-set\` every five seconds: arithmetic (\`bench/scaling.ts\`) over measured
([cost.md](cost.md)) and published figures. Assumed: 8 ms for a warm poll at 512 MB. Not tried on AWS.

## Load

${perTabs('open tabs', [
  ['polls a second', (one) => whole(one.perSecond)],
  ['instances at work', (one) => whole(Math.ceil(one.busy))],
  ['Lambda concurrency to be granted', (one) => whole(Math.ceil(one.granted))],
  ['DynamoDB read units a second, at most', (one) => whole(one.readUnits)],
])}

A poll reads session and subject, and the organisation if the instance has not read it for ${organisationTtl} seconds: ${ownUnitsPerPoll} to ${unitsPerPoll} items of one read unit each, absent ones
included. Every instance also reads the state once a minute. Lambda grants at most ${limits.perConcurrency} synchronous requests a second per unit of concurrency; with
polls of 8 ms that limit comes first.

## What breaks first

Default limits of an account in one region, in the order in which they are met:

| open tabs | limit | what happens | what to do |
|--:|---|---|---|
| ${whole(limits.newAccountConcurrency * limits.perConcurrency * 5)}, in an account that is **new** | a concurrency of ${limits.newAccountConcurrency}, so ${limits.newAccountConcurrency * limits.perConcurrency} requests a second | 429 at Lambda, 503 to the browser | ask for ${whole(limits.lambdaConcurrency)} before anybody moves in |
| ${whole(limits.httpApiPerSecond * 5)} | ${whole(limits.httpApiPerSecond)} requests a second at API Gateway | 429 to the browser | ask for more; beyond some 100,000 a second several regions or accounts |
| ${whole(limits.lambdaConcurrency * limits.perConcurrency * 5)} | ${whole(limits.lambdaConcurrency)} units of concurrency | 429 at Lambda, 503 to the browser | ask for more; tens of thousands are granted, ${whole(loads[2]?.granted ?? 0)} are not: several accounts |
| ${whole(limits.lambdaGrowth * limits.perConcurrency * 5)} more within ten seconds | ${whole(limits.lambdaGrowth)} new instances every ten seconds for a function | the same during the jump | tabs that come back after an outage need jitter; provisioned concurrency |
| ${whole((limits.tableReadUnits / unitsPerPoll) * 5)} | ${whole(limits.tableReadUnits)} read units a second for a table | throttling, 503 after the retries | ask for more; warm throughput before a launch |
| ${whole(hotTabs)} **of one organisation** | one item answers ${whole(limits.partitionReadUnits)} read units a second | \`ORG#<org>\` is read by every instance once in ${organisationTtl} seconds: ${whole(hotInstances)} instances reach its limit | below |
| ${whole(limits.partitionReadUnits * 60 * limits.perConcurrency * 5)} | one item answers ${whole(limits.partitionReadUnits)} read units a second | \`STATE\` is read by every instance once a minute: ${whole(limits.partitionReadUnits * 60)} instances reach its limit, fewer once its keys pass 4 kB | keep the copy longer (the contract allows ten minutes), or write it under several keys |

**The hot organisation.** One item answers at most ${whole(limits.partitionReadUnits)} strongly consistent reads a second. If every poll read it, that would be
${whole(limits.partitionReadUnits * pollEvery)} open tabs of one newsroom. So an instance keeps an organisation's item for ${organisationTtl} seconds ([lib/state/organisation.ts](../lib/state/organisation.ts)), and
instances count instead of tabs; a block of a whole organisation may take ${organisationTtl} seconds longer. For ${whole(newsroom)} tabs: ${whole(newsroomPolls)} polls a second need
${whole(newsroomInstances)} instances at most, which read the item ${whole(newsroomInstances / organisationTtl)} times a second on average (simulated in \`test/hot-organisation.test.ts\`).

The worst second is the first, when no instance has a copy. Above ${whole(limits.partitionReadUnits * limits.perConcurrency * pollEvery)} tabs it passes the limit if all instances start in it; throttled
reads are retried with jitter before they become a 503. Beyond ${whole(hotTabs)} tabs (not built): keep the item longer, or write it under several keys.

## Cost

Tabs open around the clock (office hours, 8 hours on 22 days, are 24 % of it), ${unitsPerPoll} read units a poll, prices as in [cost.md](cost.md), without
discounts and tax:

${perTabs('open tabs', [['US dollars a month', (one) => money(sum(one))]])}

What saves most, largest first: poll less often (every cost is in proportion); an
Application Load Balancer or function URLs instead of HTTP API from some tens of thousands of tabs on, which also
write no access log to CloudWatch; provisioned capacity with auto scaling instead of on-demand reads; memory of 256 MB once all instances
are warm.
`
