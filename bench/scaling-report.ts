import { type Report, table, whole } from './report.ts'
import { type Load, limits, load, prices, unitsPerPoll } from './scaling.ts'

/** docs/scaling.md, as a run makes it. */

const loads = [1e3, 1e6, 50e6].map((tabs) => load(tabs, 8))
const money = (value: number): string => (value < 1000 ? value.toFixed(0) : `${whole(value / 1000)} k`)
const sum = ({ cost }: Load): number => Object.values(cost).reduce((total, part) => total + part, 0)

const perTabs = (head: string, rows: readonly (readonly [string, (one: Load) => string])[]): string =>
  table(
    [head, ...loads.map(({ tabs }) => whole(tabs))],
    rows.map(([name, cell]) => [name, ...loads.map(cell)]),
  )

const costRows = Object.keys(loads[0]?.cost ?? {}).map(
  (name) => [name, (one: Load) => money(one.cost[name as keyof Load['cost']])] as const,
)

export const scalingMarkdown = ({ rush, run }: Report): string => `# At scale

How the gateway behaves with a thousand, a million and fifty million open tabs, each polling \`token-is-set\` every five seconds. Arithmetic
and simulation (\`bench/scaling.ts\`, \`bench/rush.ts\`, written by \`npm run bench\` on ${run.date}) over measured figures and AWS's published ones.
Assumed: 8 ms for a warm poll at Lambda with 512 MB, half of it what a bare handler takes there and half the read. Not tried on AWS.

## Load

${perTabs('open tabs', [
  ['polls a second', (one) => whole(one.perSecond)],
  ['instances at work', (one) => whole(Math.ceil(one.busy))],
  ['Lambda concurrency to be granted', (one) => whole(Math.ceil(one.granted))],
  ['DynamoDB read units a second', (one) => whole(one.readUnits)],
  ['of these for the state', (one) => whole(Math.ceil(one.stateReads))],
])}

A poll reads ${unitsPerPoll} items, strongly consistent and below 4 kB each: session, subject, organisation. An item that does not exist costs a unit as well.
Every instance reads the state once a minute along with them. Concurrency is not the instances at work: Lambda grants at most
${limits.perConcurrency} synchronous requests a second for each unit of concurrency, and with polls of 8 ms that limit comes first.

## What breaks first

Default limits of an account in one region, in the order in which they are met:

| open tabs | limit | what happens | what to do |
|--:|---|---|---|
| ${whole(limits.partitionReadUnits * 5)} **of one organisation** | one item answers ${whole(limits.partitionReadUnits)} read units a second | \`ORG#<org>\` is read by every poll of it: 503 for some of them, and the client goes on | below |
| ${whole(limits.httpApiPerSecond * 5)} | ${whole(limits.httpApiPerSecond)} requests a second at API Gateway | 429 to the browser | ask for more; beyond some 100,000 a second several regions or accounts |
| ${whole(limits.lambdaConcurrency * limits.perConcurrency * 5)} | ${whole(limits.lambdaConcurrency)} units of concurrency | 429 at Lambda, 503 to the browser | ask for more; tens of thousands are granted, ${whole(loads[2]?.granted ?? 0)} are not: several accounts |
| ${whole(limits.lambdaGrowth * limits.perConcurrency * 5)} more within ten seconds | ${whole(limits.lambdaGrowth)} new instances every ten seconds for a function | the same during the jump | tabs that come back after an outage need jitter; provisioned concurrency |
| ${whole((limits.tableReadUnits / unitsPerPoll) * 5)} | ${whole(limits.tableReadUnits)} read units a second for a table | throttling, 503 after the retries | ask for more; warm throughput before a launch |
| ${whole(limits.partitionReadUnits * 60 * limits.perConcurrency * 5)} | one item answers ${whole(limits.partitionReadUnits)} read units a second | \`STATE\` is read by every instance once a minute: ${whole(limits.partitionReadUnits * 60)} instances are its end, fewer once its keys pass 4 kB | believe the copy for longer (the contract allows ten minutes), or write it under several keys |

**The hot organisation.** DynamoDB moves a hot item to a partition of its own (adaptive capacity), and there it ends: ${whole(limits.partitionReadUnits)} strongly consistent
reads a second, that is ${whole(limits.partitionReadUnits * 5)} open tabs of one newsroom. Three ways beyond it, none of them built:

1. Keep the organisation's item in the instance for some seconds. A newsroom's block or sign-out would then take so long to reach everybody;
   single sessions and subjects would still be read each time. One unit of the three is saved as well. With 5 s, a thousand instances
   read one organisation at most 200 times a second, whatever the number of tabs.
2. Read the organisation eventually consistent: twice as many, at the price of a second or less. It needs a second call, for one
   BatchGetItem may not mix them within a table.
3. Write the item under several keys (\`ORG#<org>#0..7\`) and read one by chance: eight times as many, strongly consistent, and every write of
   refresh-state eight times. Nothing is given up but writes once in a while.

## Cost

US dollars a month, tabs open around the clock (office hours, 8 hours on 22 days, are 24 % of it). ${prices.region}, on demand, list prices of
${prices.date}, without free tier, discounts, data transfer and tax; check them before they enter a budget.

${perTabs('open tabs', [...costRows, ['**sum**', (one) => `**${money(sum(one))}**`]])}

![Cost of a million open tabs](images/cost.svg)

The levers, largest first: poll less often (every cost above is in proportion, and the client's interval is the client's); an
Application Load Balancer or function URLs in the place of HTTP API from some tens of thousands of tabs on; a log line for every hundredth good poll and
a metric counted in the instance; provisioned capacity with auto scaling in the place of on-demand reads; memory of 256 MB once all instances
are warm.

## A morning

Tabs open within fifteen minutes, most of them in the middle, and poll. An idle instance is kept for five minutes; a cold start takes 120 ms
(AWS's published mean for a bare Node 24 function) times the measured ratio. \`token-is-set\` alone:

${table(
  ['tabs', 'polls', 'cold starts', 'share of all', 'share in the worst minute', 'instances'],
  rush.map(({ tabs, requests, coldStarts, share, worstMinute, instances }) => [
    whole(tabs),
    whole(requests),
    whole(coldStarts),
    `${(share * 100).toFixed(3)} %`,
    `${(worstMinute * 100).toFixed(2)} %`,
    whole(instances),
  ]),
)}

The share falls as the numbers grow, because polls are spread and instances are shared. Logins are fewer: a person meets a cold
\`login\` and \`callback\` in the first minutes of the morning and hardly later.
`
