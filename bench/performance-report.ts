import { type PeerName, peers as peerRows } from './peers.ts'
import { kilobytes, type Report, table, whole } from './report.ts'
import { budget } from './sizes.ts'

/** docs/performance.md, as a run makes it: ratios, since times differ from machine to machine. */

const times = (one = Number.NaN, other = Number.NaN): string => `${(one / other).toFixed(2)} x`

const coldTable = ({ cold, sizes }: Report): string =>
  table(
    ['function', 'loaded, kB', 'processor time'],
    Object.entries(cold).map(([name, row]) => {
      const size = sizes[name]
      return [
        name === 'bare' ? 'bare handler' : name,
        size ? kilobytes(size.bytes) : '',
        `${row.cpuRatio.toFixed(2)} x`,
      ]
    }),
  )

const peerTable = ({ peers }: Report): string =>
  table(
    ['', 'processor time', 'what it does'],
    Object.entries(peerRows).map(([name, { does }]) => [
      name,
      times(peers[name as PeerName]?.microseconds, peers['bare handler']?.microseconds),
      does,
    ]),
  )

const growthTable = ({ growth }: Report): string =>
  table(
    [
      'organisations',
      'mappings each',
      'first refresh, s',
      'refresh without change, s',
      'peak memory of refresh-state, MB',
      'of units, MB',
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
  const { run, warm, peers } = report
  return `# Performance

Ratios from one run; everything compared was measured in turn. \`npm run bench\` writes this page anew. All figures: [performance.json](performance.json).
Run of ${run.date} at ${run.commit}: ${run.machine}, Node ${run.node}, ${run.rounds} cold starts each, on a busy shared machine. Nothing was measured on Lambda.

## Cold start

From a fresh process to its first answer through Lambda's Runtime API (\`bench/runtime-api.ts\` replaces Lambda), with one read from an embedded
database, against a bare handler. \`test/size.test.ts\` checks the budget of ${whole(budget / 1000)} kB, SDK included.

${coldTable(report)}

The aim of 2.0 x is **not reached**. Four fifths of the source that V8 compiles is the SDK; Node also loads \`crypto\`, \`https\` and \`tls\` for it, and
jose loads WebCrypto. Of our own part jose takes 11 kB, middy 4, settings 4, the tables of routes and failures 5.

Not shipped:
- A **compile cache** is accepted only by the same Node version and architecture. AWS updates the runtime without notice.
- **\`node:crypto\` instead of jose** would make the verification of ten algorithms our own code.
- **A signer of our own instead of the SDK** saved a quarter of the processor time at most, measured once without signing, and would be ours to keep right.

## Warm

Processor time of \`token-is-set\` without the database call, against jose's verification alone: ${times(warm.remembered, warm.jose)} for a token verified
before (the usual poll), ${times(warm.forgotten, warm.jose)} for one never seen, ${times(warm.refused, warm.jose)} without a token.

A key set remembers digests of up to 500 verified tokens; times and revocation are checked on every request all the same.

The same RS512 token over HTTP, eight connections, against a bare handler:

${peerTable(report)}

The database is most of it: the gateway takes ${times(peers['imsg-service, read from a database']?.microseconds, peers['bare handler with the same read']?.microseconds)} the processor time of a handler that makes the same read and checks nothing.

A request makes one read, and one write for \`POST /unit\` and \`POST /logout\`; none calls the identity service (\`test/round-trips.test.ts\`).

## Growth

A generated Admin API, a fresh process for each size, and an embedded database with one thread on the same two cores.

${growthTable(report)}

Both grow in proportion: three Admin API calls per organisation and refresh, four table calls per changed organisation, sixteen organisations at a
time. A refresh that does not finish in its 50 seconds is continued by the next (\`test/organisation-growth.test.ts\`).
`
}
