import { limits } from '../infra/functions.ts'
import type { Poll } from './poll.ts'
import { pollsASecond } from './poll.ts'
import { dollars, type PriceName, prices, pricesOf } from './prices.ts'
import { type Report, table, whole } from './report.ts'

/** docs/cost.md: what the gateway costs, from measured bytes and calls and the table of prices. */

/** Assumed, as only an account can tell: DynamoDB's answer within its region, in milliseconds. */
const tableMilliseconds = 5
/** Memory with which Lambda gives a whole processor. */
const wholeProcessor = 1769

/**
 * Processor time of the whole request in the last benchmark, at the share of a processor that the memory
 * buys, and the wait for the table.
 */
export const billedMilliseconds = ({ peers }: Pick<Report, 'peers'>): number => {
  const { microseconds } = peers['imsg-service, read from a database']
  return Math.ceil((microseconds / 1000) * (wholeProcessor / limits.request.memorySize) + tableMilliseconds)
}

const gigabytes = (megabytes: number): number => megabytes / 1024

/** What a million of these polls use, by price. */
const usedBy = (poll: Poll): Readonly<Partial<Record<PriceName, number>>> => ({
  httpApi: 1e6,
  lambdaRequests: 1e6,
  lambdaSeconds: 1e3 * poll.milliseconds * gigabytes(limits.request.memorySize),
  tableReads: 1e6 * poll.readUnits,
  logs: 1e6 * (poll.ownLogBytes + poll.lambdaLogBytes + poll.accessLogBytes),
  sent: 1e6 * poll.sentBytes,
})

const costs = (used: Readonly<Partial<Record<PriceName, number>>>) =>
  (Object.entries(used) as [PriceName, number][]).map(([name, amount]) => ({
    name,
    amount,
    cost: dollars(name, amount),
  }))

const sumOf = (rows: readonly { cost: number }[]): number => rows.reduce((sum, { cost }) => sum + cost, 0)

/** What a million polls cost, in US dollars. */
export const millionPolls = (poll: Poll): number => sumOf(costs(usedBy(poll)))

/** What stands in an account when nobody uses it. */
export type Idle = Readonly<{ alarmMetrics: number; compositeAlarms: number; ownMetrics: number }>

const runsAMonth = 43_200
/**
 * Assumed of a run without changes against one organisation: seconds, most of them waiting for the identity
 * service.
 */
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

/** What a thousand editors cost in a month. */
export const thousandEditors = (poll: Poll): number => (millionPolls(poll) * editorPolls * 1000) / 1e6

export const costSentence = (poll: Poll): string =>
  `About $${cents(millionPolls(poll))} for a million polls and $${whole(thousandEditors(poll))} a month for a thousand editors who work eight hours a day with one open tab, at list prices of ${pricesOf}:
[docs/cost.md](docs/cost.md).`

export const costMarkdown = (report: Report, poll: Poll, idle: Idle): string => {
  const now = costs(usedBy(poll))
  const month = costs(usedIdle(idle))
  const { microseconds } = report.peers['imsg-service, read from a database']
  return `# What it costs

Written by \`npm run docs\` from polls that are made while it runs (\`bench/poll.ts\`); \`test/cost.test.ts\` makes them again. US dollars, us-east-1, on demand,
list prices of ${pricesOf} ([bench/prices.ts](../bench/prices.ts) with sources), without free tiers, support and taxes. Nothing here was read off a bill.

## A million polls

A poll is one \`GET /token-is-set\` with a good session, of a warm instance that is asked ${pollsASecond} times a second.

${table(
  ['what', 'unit', 'amount', '$'],
  [
    ...now.map(({ name, amount, cost }) => [
      prices[name].what,
      prices[name].unit,
      whole(amount),
      cents(cost),
    ]),
    ['**sum**', '', '', `**${cents(sumOf(now))}**`],
  ],
)}

- **Logs.** ${whole(poll.ownLogBytes + poll.lambdaLogBytes + poll.accessLogBytes)} bytes a poll: a good poll is logged at debug, Lambda's
  own lines begin at WARN, and what is left is the access log. \`LOG_LEVEL=debug\` brings our line back.
- **Table.** ${poll.readUnits.toFixed(2)} read units, strongly consistent; an item that is not there costs a unit too. The instance serves one
  organisation here; one that meets another with each poll reads three items, which is $${cents(dollars('tableReads', 1e6))} more a million.
- **Duration.** ${poll.milliseconds} ms billed: ${(microseconds / 1000).toFixed(1)} ms of processor time in the last benchmark ([performance.md](performance.md), on x86-64), at the share of a processor that
  ${limits.request.memorySize} MB buy, and ${tableMilliseconds} ms for DynamoDB's answer, which is assumed.
- **Sent.** ${whole(poll.sentBytes)} bytes, nearly all of them headers.

## A thousand editors for a month

One open tab each, polling every 5 seconds, 8 hours a day, 22 days: ${whole(editorPolls)} polls an editor, ${((editorPolls * 1000) / 1e6).toFixed(1)} million together, **$${whole(thousandEditors(poll))}**.
Everything else costs little: 22,000 logins are 44,000 requests, about 10 cents. Polls are the bill: every 10 seconds instead
of 5 halves it, and a client that polls six times slower in a hidden tab, as [client/](../client/README.md) does, saves most of what a second and third tab
would add.

## When nobody is there, a month

${table(
  ['what', 'unit', 'amount', '$'],
  [
    ...month.map(({ name, amount, cost }) => [
      prices[name].what,
      prices[name].unit,
      whole(amount),
      cents(cost),
    ]),
    ['**sum**', '', '', `**${cents(sumOf(month))}**`],
  ],
)}

- Three dashboards of an account are free; the metrics of its own are those that are reported every hour, and each code of a failed login and
  each route with server errors is one more in the hours in which it occurs.
- refresh-state runs every minute with ${whole(limits.schedule.memorySize)} MB, ${runSeconds} s a run (assumed; most of it waits for the identity service), and asks for \`/health\` beside it.
- The table itself is far below 1 GB with its backups: some cents.
`
}
