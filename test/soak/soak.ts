import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { person } from './person.ts'
import { openStack } from './stack.ts'

/**
 * Steady polls with logins, unit changes and logouts mixed in, against the local stack with the bundles that would be deployed.
 * Fails on any wrong answer, and when memory grew: the median of the last tenth may be at most a sixth above the
 * median of the first tenth after the warm-up. That leaves room for the laziness of a collector and none for a leak.
 */

const usage = 'npm run bench -- soak [--minutes <number>] [--rate <requests a second>], both above 0'

/** What was asked for, or nothing when it makes no sense. */
const wanted = (args: string[]): { seconds: number; rate: number } | undefined => {
  try {
    const options = {
      minutes: { type: 'string', default: '1' },
      rate: { type: 'string', default: '50' },
    } as const
    const { values } = parseArgs({ args, options })
    const [seconds, rate] = [Number(values.minutes) * 60, Number(values.rate)]
    return Number.isFinite(seconds + rate) && seconds > 0 && rate > 0 ? { seconds, rate } : undefined
  } catch {
    return undefined
  }
}

const asked = wanted(process.argv.slice(2))
if (asked === undefined) {
  console.error(usage)
  process.exit(2)
}
const { seconds, rate } = asked
const warmUp = Math.min(180, seconds / 3)
const allowedGrowth = 1 / 6

/** What people do, and how often in a hundred times. */
const mixture = [
  ['poll', 84],
  ['listUnits', 4],
  ['chooseUnit', 5],
  ['login', 3],
  ['logout', 2],
  ['health', 2],
] as const

type Deed = (typeof mixture)[number][0]
const deeds = mixture.flatMap(([deed, times]) => Array<Deed>(times).fill(deed))

const say = (text: string): void => {
  process.stdout.write(`${text}\n`)
}
const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10
const share = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
const ascending = (numbers: Iterable<number>): number[] => [...numbers].sort((a, b) => a - b)
const median = (numbers: readonly number[]): number => share(ascending(numbers), 0.5)

say('starting the local stack and signing forty people in ...')
const stack = await openStack()
const people = Array.from({ length: 40 }, (_, number) =>
  number % 2 === 0
    ? person(stack.url, 'editor', ['north', 'south'])
    : person(stack.url, 'chief', ['north', 'south', 'west']),
)

// As many instances of each function as there will ever be, so that none is started while memory is watched.
await Promise.all(people.map(({ login }) => login()))
for (const deed of ['poll', 'listUnits', 'chooseUnit', 'health', 'logout'] as const)
  await Promise.all(people.map((someone) => someone[deed]()))

const errors: string[] = []
const counts = new Map<Deed, number>()
const busy = new Set<number>()
const took: number[] = []
let recent: number[] = []
const memory: { at: number; rss: number }[] = []

const once = async (who: number, deed: Deed): Promise<void> => {
  const began = performance.now()
  busy.add(who)
  try {
    await people[who]?.[deed]()
    counts.set(deed, (counts.get(deed) ?? 0) + 1)
  } catch (error) {
    errors.push(String(error))
    say(`${String(Math.round(elapsed())).padStart(5)} s  ${error}`)
  } finally {
    busy.delete(who)
  }
  const ms = performance.now() - began
  recent.push(ms)
  if (deed === 'poll') took.push(ms)
}

const began = Date.now()
const elapsed = () => (Date.now() - began) / 1000
const total = () => [...counts.values()].reduce((sum, count) => sum + count, 0)

const report = (): void => {
  const sorted = ascending(recent)
  recent = []
  say(
    `${String(Math.round(elapsed())).padStart(5)} s  ${total()} done  ${errors.length} errors  rss ${megabytes(stack.memory.rss)} MB  ` +
      `p50 ${share(sorted, 0.5).toFixed(1)} ms  p99 ${share(sorted, 0.99).toFixed(1)} ms`,
  )
}

say(
  `${seconds} s at ${rate} a second, warm-up ${Math.round(warmUp)} s, memory may grow by ${Math.round(allowedGrowth * 100)} %`,
)
const reporting = setInterval(report, 10_000)
const watching = setInterval(() => memory.push({ at: elapsed(), rss: stack.memory.rss }), 1000)

const running = new Set<Promise<void>>()
let due = 0
while (elapsed() < seconds && errors.length < 20 && !stack.memory.ended) {
  for (; due < elapsed() * rate; due++) {
    const deed = deeds[Math.floor(Math.random() * deeds.length)] ?? 'poll'
    // One person does one thing at a time: a poll that crosses the same person's logout may be refused, and rightly.
    const idle = people.map((_, number) => number).filter((number) => !busy.has(number))
    const who = idle[Math.floor(Math.random() * idle.length)]
    if (who === undefined) break
    const work = once(who, deed).finally(() => running.delete(work))
    running.add(work)
  }
  await pause(5)
}
await Promise.all(running)
clearInterval(reporting)
clearInterval(watching)

const between = (from: number, to: number): number[] =>
  memory.filter(({ at }) => at >= from && at < to).map(({ rss }) => rss)
const tenth = (seconds - warmUp) / 10
const before = median(between(warmUp, warmUp + tenth))
const after = median(between(seconds - tenth, seconds + 1))
const growth = after / before - 1
const polls = ascending(took)
say(
  JSON.stringify({
    seconds: Math.round(elapsed()),
    perSecond: Math.round((total() / elapsed()) * 10) / 10,
    ...Object.fromEntries(counts),
    errors: errors.length,
    rssAfterWarmUp: megabytes(before),
    rssAtEnd: megabytes(after),
    growthPercent: Math.round(growth * 1000) / 10,
    pollP50: Math.round(share(polls, 0.5) * 10) / 10,
    pollP99: Math.round(share(polls, 0.99) * 10) / 10,
  }),
)

const failures = [
  ...(errors.length > 0 ? [`${errors.length} errors`] : []),
  ...(stack.memory.ended ? ['the stack ended'] : []),
  ...(growth > allowedGrowth ? [`memory grew by ${Math.round(growth * 100)} %`] : []),
  ...(total() < seconds * rate * 0.8 ? ['the rate was not reached'] : []),
]
say(failures.length === 0 ? 'passed' : `failed: ${failures.join(', ')}`)
process.exitCode = failures.length === 0 ? 0 : 1
await stack.close()
