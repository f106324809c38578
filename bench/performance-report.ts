import { type PeerName, peers as peerRows } from './peers.ts'
import { type Report, table, whole } from './report.ts'
import { budget } from './sizes.ts'

/** docs/performance.md. It has ratios, because times depend on the machine. */

const times = (one = Number.NaN, other = Number.NaN): string => `${(one / other).toFixed(2)} x`

/** The range of some figures, or the figure if there is one. */
const range = (values: readonly number[], text: (value: number) => string): string =>
  [...new Set([Math.min(...values), Math.max(...values)].map(text))].join(' to ')

const peerTable = ({ peers }: Report): string =>
  table(
    ['', 'processor time', 'what it does'],
    Object.entries(peerRows).map(([name, { does }]) => [
      name,
      times(peers[name as PeerName], peers['bare handler']),
      does,
    ]),
  )

const growthTable = ({ growth }: Report): string =>
  table(
    [
      'organisations',
      'mappings each',
      'first refresh, s',
      'without changes, s',
      'refresh-state, MB',
      'units, MB',
    ],
    growth.map((row) => [
      whole(row.organisations),
      whole(row.mappings),
      (row.changed / 1000).toFixed(1),
      (row.unchanged / 1000).toFixed(1),
      whole(row.refreshMegabytes),
      whole(row.unitsMegabytes),
    ]),
  )

export const performanceMarkdown = (report: Report): string => {
  const { run, warm, peers, cold, sizes } = report
  const { bare: _bare, 'refresh-state': refresh = Number.NaN, ...requests } = cold
  return `# Performance

Ratios from one run of \`npm run bench\` ([performance.json](performance.json)): ${run.date}, commit ${run.commit}, ${run.machine}, Node ${run.node}.
Nothing was measured on Lambda.

## Cold start

Processor time of a new process up to its first response, relative to a bare handler, with one read from an embedded database (median of
${run.rounds} starts): **${range(Object.values(requests), (ratio) => ratio.toFixed(1))} x** for request functions, ${refresh.toFixed(1)} x for \`refresh-state\`. They load ${range(Object.values(sizes), (bytes) => whole(bytes / 1000))} kB, SDK included, of at most
${whole(budget / 1000)} (\`test/bundles.test.ts\`).

The goal of 2.0 x is **not reached**: four fifths of the code is the SDK. A compile cache would have to match the exact Node version of AWS, and
replacing jose or the SDK's signer would mean maintaining security code.

## Warm

Processor time of \`token-is-set\` without the database call, relative to jose's verification alone: ${times(warm.remembered, warm.jose)} for a token verified before
(the usual poll), ${times(warm.forgotten, warm.jose)} for a new one, ${times(warm.refused, warm.jose)} without a token. Up to 500 verified tokens are cached for each key set; times and
revocation are checked on every request.

The same token over HTTP, relative to a bare handler:

${peerTable(report)}

The gateway takes ${times(peers['imsg-service, read from a database'], peers['bare handler with the same read'])} the processor time of a handler that makes the same read and checks nothing.

## Growth

A refresh from a generated Admin API, in a new process for each size, and its peak memory.

${growthTable(report)}

Time and memory grow in proportion. A refresh that does not finish within its 50 seconds is continued by the next one.
`
}
