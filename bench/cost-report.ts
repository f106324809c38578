import { limits } from '../infra/functions.ts'
import type { Poll } from './poll.ts'
import { pollsASecond } from './poll.ts'
import { dollars, type PriceName, prices, pricesOf } from './prices.ts'
import { type Report, table, whole } from './report.ts'

/** docs/cost.md, from measured polls and the table of prices. */

/** Assumed: milliseconds until DynamoDB responds. */
const tableMilliseconds = 5
/** Memory in MB with which Lambda gives a whole processor. */
const wholeProcessor = 1769

/** Processor time in the last benchmark at the function's share of a processor, and the wait for DynamoDB. */
export const billedMilliseconds = ({ peers }: Pick<Report, 'peers'>): number => {
  const microseconds = peers['imsg-service, read from a database']
  return Math.ceil((microseconds / 1000) * (wholeProcessor / limits.request.memorySize) + tableMilliseconds)
}

const gigabytes = (megabytes: number): number => megabytes / 1024

/** The usage of a million polls, by price. */
const usedBy = (poll: Poll): Readonly<Partial<Record<PriceName, number>>> => ({
  httpApi: 1e6,
  lambdaRequests: 1e6,
  lambdaSeconds: 1e3 * poll.milliseconds * gigabytes(limits.request.memorySize),
  tableReads: 1e6 * poll.readUnits,
  logs: 1e6 * (poll.ownLogBytes + poll.accessLogBytes),
  sent: 1e6 * poll.sentBytes,
})

const costs = (used: Readonly<Partial<Record<PriceName, number>>>) =>
  (Object.entries(used) as [PriceName, number][]).map(([name, amount]) => ({
    name,
    amount,
    cost: dollars(name, amount),
  }))

const sumOf = (rows: readonly { cost: number }[]): number => rows.reduce((sum, { cost }) => sum + cost, 0)

/** The cost of a million polls, in US dollars. */
export const millionPolls = (poll: Poll): number => sumOf(costs(usedBy(poll)))

/** Alarms and metrics of a deployment. */
export type Idle = Readonly<{ alarmMetrics: number; compositeAlarms: number; ownMetrics: number }>

const runsAMonth = 43_200
/** Assumed: seconds of a refresh without changes, most of it waiting for the identity service. */
const runSeconds = 0.3

const usedIdle = ({ alarmMetrics, compositeAlarms, ownMetrics }: Idle) => ({
  alarmMetrics,
  compositeAlarms,
  ownMetrics,
  dashboards: 1,
  keys: 1,
  secrets: 1,
  lambdaRequests: 2 * runsAMonth,
  lambdaSeconds:
    runsAMonth *
    (runSeconds * gigabytes(limits.schedule.memorySize) + 0.01 * gigabytes(limits.request.memorySize)),
  httpApi: runsAMonth,
  tableWrites: 4 * runsAMonth,
  tableReads: 5 * runsAMonth,
  logs: 1500 * runsAMonth,
})

const cents = (value: number): string => value.toFixed(2)

/** One tab for each editor, polling every 5 seconds, 8 hours a day, 22 days. */
const editorPolls = (8 * 3600 * 22) / 5

/** The cost of a thousand editors in a month. */
export const thousandEditors = (poll: Poll): number => (millionPolls(poll) * editorPolls * 1000) / 1e6

export const costSentence = (poll: Poll): string =>
  `- **Cost:** about $${cents(millionPolls(poll))} for a million polls, or $${whole(thousandEditors(poll))} a month for a thousand editors ([docs/cost.md](docs/cost.md)).`

const costTable = (rows: ReturnType<typeof costs>): string =>
  table(
    ['what', 'unit', 'amount', '$'],
    [
      ...rows.map(({ name, amount, cost }) => [
        prices[name].what,
        prices[name].unit,
        whole(amount),
        cents(cost),
      ]),
      ['**sum**', '', '', `**${cents(sumOf(rows))}**`],
    ],
  )

export const costMarkdown = (report: Report, poll: Poll, idle: Idle): string => {
  const microseconds = report.peers['imsg-service, read from a database']
  const month = costs(usedIdle(idle))
  return `# Cost

Computed by \`npm run docs\` from measured polls and list prices of ${pricesOf} in us-east-1 ([bench/prices.ts](../bench/prices.ts)), without free tiers,
support and taxes; not from a bill.

## A million polls

A poll is \`GET /token-is-set\` with a good session, at a warm instance with ${pollsASecond} polls a second.

${costTable(costs(usedBy(poll)))}

- **Logs:** only the access log. \`LOG_LEVEL=debug\` adds a line for each good poll.
- **Reads:** an instance that serves another organisation with each poll reads one item more, which adds $${cents(dollars('tableReads', 1e6))}.
- **Time:** ${poll.milliseconds} ms: ${(microseconds / 1000).toFixed(1)} ms of processor time in the last benchmark (on x86-64) at the share of a processor that ${limits.request.memorySize} MB get, and ${tableMilliseconds} ms for
  DynamoDB, which is assumed.

## A thousand editors for a month

One open tab each, polling every 5 seconds, 8 hours a day, 22 days: ${((editorPolls * 1000) / 1e6).toFixed(1)} million polls, **$${whole(thousandEditors(poll))}**. 22,000 logins add about 10 cents. Polling
every 10 seconds halves the cost; the [client](../client/README.md) polls six times slower in hidden tabs.

## An idle month

**$${cents(sumOf(month))}**: ${month
    .filter(({ cost }) => cost >= 0.4)
    .map(({ name, amount, cost }) => `${prices[name].what} (${whole(amount)}) $${cents(cost)}`)
    .join(', ')}; requests, logs and reads are the rest. A refresh takes ${runSeconds} s (assumed).
Each code of a failed login and each route with server errors is one more metric in the hours in which it occurs.
`
}
