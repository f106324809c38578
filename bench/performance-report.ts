import { type PeerName, peers as peerRows } from './peers.ts'
import { kilobytes, type Report, table, tenth, whole } from './report.ts'
import { budget } from './sizes.ts'

/** docs/performance.md, as a run makes it. */

const coldTable = ({ cold }: Report): string => {
  return table(
    [
      'function',
      'loaded, ms',
      'first answer, ms',
      'against bare',
      'processor, ms',
      'against bare',
      'peak memory, MB',
    ],
    Object.entries(cold).map(([name, row]) => [
      name === 'bare' ? 'bare handler' : name,
      tenth(row.loaded),
      tenth(row.first),
      row.firstRatio.toFixed(2),
      tenth(row.cpu),
      row.cpuRatio.toFixed(2),
      whole(row.megabytes),
    ]),
  )
}

const leverTable = ({ levers }: Report): string => {
  return table(
    ['token-is-set', 'kB', 'loaded, ms', 'first answer, ms', 'processor, ms', 'difference, ms'],
    Object.entries(levers).map(([name, row]) => [
      name,
      kilobytes(row.bytes),
      tenth(row.loaded),
      tenth(row.first),
      tenth(row.cpu),
      name === 'as deployed' ? '' : `${row.difference < 0 ? '' : '+'}${tenth(row.difference)}`,
    ]),
  )
}

/** How far a function is above the aim for our own part, in kB. */
const above = (size: { ours: number } | undefined): string => kilobytes((size?.ours ?? Number.NaN) - 30_000)

/** What one peer takes of processor time against another. */
const costRatio = ({ peers }: Report, one: PeerName, other: PeerName): string =>
  ((peers[one]?.microseconds ?? Number.NaN) / (peers[other]?.microseconds ?? Number.NaN)).toFixed(2)

/** What the bundle loses without jose. */
const josesPart = ({ levers }: Report): number =>
  (levers['as deployed']?.bytes ?? 0) - (levers['not shipped: node:crypto in the place of jose']?.bytes ?? 0)

/** How many times the bare handler the floor would take: its share of the deployed bundle, both measured in turn. */
const floorRatio = ({ cold, levers }: Report): number => {
  const share =
    (levers['the floor: no SDK, one unsigned call']?.cpu ?? Number.NaN) / (levers['as deployed']?.cpu ?? 1)
  return share * (cold['token-is-set']?.cpuRatio ?? Number.NaN)
}

export const performanceMarkdown = (report: Report): string => {
  const { run, sizes, warm, peers, growth } = report
  return `# Performance

Written by \`npm run bench\`; the same figures for machines are in [performance.json](performance.json). Run of ${run.date} at ${run.commit}:
${run.machine}, Node ${run.node}, ${run.rounds} runs of each cold start. The machine was shared and busy, so **ratios from one run are what
counts**: everything that is compared was measured in turn, round by round. Processor time (user and system, all threads) is steadier than
the clock there, and it is what Lambda's share of a processor is spent on. Nothing here was measured on Lambda.

## Size

At most ${whole(budget / 1000)} kB to load at a cold start, SDK included; \`test/size.test.ts\` holds it and names the heaviest parts when it is broken.
\`ours\`: the gateway, jose and middy. The asset is larger by what is loaded later or never: the words of pages and problem documents, the
public suffix list of \`refresh-state\` ([decision](decisions/0029-words-are-a-second-file.md)).

![Sizes of the bundles](images/sizes.svg)

${table(
  ['function', 'loaded at a cold start, kB', 'of it ours, kB', 'budget of ours, kB', 'asset, kB'],
  Object.entries(sizes).map(([name, { bytes, ours, ownBudget, asset }]) => [
    name,
    kilobytes(bytes),
    kilobytes(ours),
    kilobytes(ownBudget),
    kilobytes(asset),
  ]),
)}

The aim of 30 kB for our own part holds for \`health\`. \`login\` is ${above(sizes.login)} kB above it, \`token-is-set\` ${above(sizes['token-is-set'])} and \`callback\` ${above(sizes.callback)}, and prose is out
of it already: what is left are checks. jose's verifier takes 11 kB in each function that trusts a token, middy with its JSON parser 4.4 in
each that answers; settings take 4, for each of them is judged again when a function starts; the tables of routes and failures 5, the same
in every function, so that none has a policy of its own; taking a token apart and asking after its session 5. Everything else is in
pieces of 2 kB and less.

## Cold start

A fresh process to its first answered request, through Lambda's Runtime API: \`bench/runtime-api.ts\` stands in for Lambda, and
\`bench/runtime-client.cjs\`, a loop of forty lines, for AWS's runtime client (which \`npm run test:runtime\` runs). Like that client it has
loaded \`node:http\` before the handler. An embedded database with a loaded state answers the one read, over plain HTTP: a TLS handshake
comes on top in a deployment.

![Cold start against a bare handler](images/cold-start.svg)

${coldTable(report)}

The aim of 2.0 times the bare handler is **not reached**, and what holds it is known (\`--cpu-prof\` of \`token-is-set\`): V8 compiles and
evaluates ${whole((sizes['token-is-set']?.bytes ?? 0) / 1000)} kB of source, four fifths of it the SDK; Node compiles its own \`crypto\`, \`https\` and \`tls\` for the SDK's signature and
transport; jose loads WebCrypto. No route makes more than one round trip.

### What each lever is worth

One thing undone at a time, in turn with the bundle as it is deployed; differences are medians within a round, and below some
three milliseconds they are noise:

![Levers](images/levers.svg)

${leverTable(report)}

Not shipped, and why:

- **Compile cache.** Node accepts it only from the same version, processor architecture and user id. A synth on x86-64 cannot make one for
  arm64, and AWS updates the runtime without asking; the cache would then be dead weight in the asset. Lambda's own disk is empty at a
  cold start, so a cache there helps nobody.
- **\`node:crypto\` in the place of jose.** Faster to load and to run, and ${kilobytes(josesPart(report))} kB less; but then the one line that decides whether a token is
  genuine would be ours to keep right for ten algorithms.
- **A signer of our own in the place of the client.** The floor in the table has no SDK at all and does not even sign: it takes
  ${floorRatio(report).toFixed(2)} times a bare handler, which leaves next to nothing of the aim of 2.0 for a client. The official client stays.

## Warm

Processor time of \`token-is-set\` for a valid session, beside the database call, in microseconds:

${table(
  ['what', 'us'],
  [
    ['whole handler, token seen before', tenth(warm.remembered)],
    ['whole handler, token never seen', tenth(warm.forgotten)],
    ['jose alone, key imported', tenth(warm.jose)],
    ['jose, and then the whole handler, token seen before', tenth(warm.together)],
    ['never seen, against jose alone', `${(warm.forgotten / warm.jose).toFixed(2)} x`],
    ['whole handler without any token (the chain, the refusal, the log line)', tenth(warm.refused)],
  ],
)}

A token that these keys have verified is remembered by the digest of the whole token, at most 500 for each key set; it goes with the keys
and when it runs out. Times and revocation are asked about on every request. The aim of 30 us for a token seen before, processor time
without the log's write to standard output, ${warm.remembered <= 30 ? 'holds' : `was missed in this run, on a machine on which jose alone took ${tenth(warm.jose)} (the run at b8f48d2 took 21.1, jose 81.9)`}. The aim of 1.5 x jose for one never seen holds for the token alone (1.5 x, taking it apart and
the digest included), not for the whole handler, whose chain comes on top; here every token is new and pushes another out of memory, which no
newsroom does. Much of the rest is not work but its interruption: WebCrypto verifies on another thread, ours sleeps meanwhile, and the
same code is slower when it wakes. jose followed by the handler with a token that it knows takes ${tenth(warm.together - warm.jose - warm.remembered)} us more than the two by themselves, though
nothing was added. A new token takes ${tenth(warm.forgotten - warm.together)} us beyond that, for taking it apart, its digests and the memory. To verify on the same thread would
need \`node:crypto\` in the place of jose (above).

### Against what people use instead

The same RS512 token over HTTP, eight connections, in turn. What each does for a request differs, so read the last column first.

![Processor time of one request](images/peers.svg)

${table(
  ['', 'requests/s', 'processor, us', 'what it does'],
  Object.entries(peerRows).map(([name, { does }]) => {
    const { perSecond, microseconds } = peers[name as keyof typeof peers]
    return [name, whole(perSecond), whole(microseconds), does]
  }),
)}

Asking a database is most of it, whoever asks: the gateway takes ${costRatio(report, 'imsg-service, read from a database', 'bare handler with the same read')} times the processor time of a handler that makes the same read and looks
at nothing. With that read answered from memory it takes ${costRatio(report, 'imsg-service, read from memory', 'bare handler')} times the bare handler.

## Network

\`test/round-trips.test.ts\` counts: one read for every route, cold and warm, one write for \`POST /unit\` and \`POST /logout\`, and never a
call to the identity service.

## Growth

A generated Admin API and a fresh process for each size; the embedded database is one thread on the same two cores, and takes most of
the time of a first write.

![Memory of refresh-state](images/growth.svg)

${table(
  [
    'organisations',
    'mappings each',
    'first refresh, s',
    'refresh without change, s',
    'its peak memory, MB',
    'units: first, ms',
    'again, ms',
    'its peak memory, MB',
  ],
  growth.map((row) => [
    whole(row.organisations),
    whole(row.mappings),
    (row.changed / 1000).toFixed(1),
    (row.unchanged / 1000).toFixed(1),
    whole(row.refreshMegabytes),
    whole(row.unitsFirst),
    whole(row.unitsAgain),
    whole(row.unitsMegabytes),
  ]),
)}

Both grow in proportion: three calls of the Admin API for each organisation and refresh, four calls of the table for each organisation that
changed, sixteen organisations at a time. A refresh that does not finish within its 50 seconds is taken up by the next one where it ended
(\`test/organisation-growth.test.ts\`). A directory beyond the 400 kB of an item is compressed and cut into parts (repository contract); 200,000
mappings take a few.
`
}
