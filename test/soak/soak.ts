import { deepEqual, equal } from 'node:assert/strict'
import { fork } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openDynalite } from '../../local/database.ts'
import { person } from '../support/visitor.ts'

/**
 * Forty people poll, choose units, sign out and sign in again at the local stack with the deployed bundles.
 * Fails on any wrong answer, and when memory grows: the median of the last tenth may be at most a sixth above
 * that of the first tenth after the warm-up. Garbage collection stays below that limit, a leak does not.
 */

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, rate: { type: 'string', default: '50' } },
})
const [seconds, rate] = [Number(values.minutes) * 60, Number(values.rate)]
if (!(seconds > 0 && rate > 0)) {
  console.error('npm run bench -- soak [--minutes <number>] [--rate <requests a second>], both above 0')
  process.exit(2)
}
const warmUp = Math.min(180, seconds / 3)
const allowedGrowth = 1 / 6

/** The stack in a separate process. The database runs here, so its memory is not measured. */
const database = await openDynalite(undefined)
const child = fork(new URL('./stack-process.ts', import.meta.url), [database.url])
const began = { at: 0 }
const elapsed = () => (Date.now() - began.at) / 1000
const memory: { at: number; rss: number }[] = []
const url = await new Promise<string>((resolve, reject) => {
  child.once('exit', (code) => reject(new Error(`the stack ended with ${code}`)))
  child.on('message', (message: string | number) =>
    typeof message === 'string' ? resolve(message) : memory.push({ at: elapsed(), rss: message }),
  )
})

/** Actions of people, each with its share in percent and the expected result. */
type Someone = ReturnType<typeof person>
const deeds: readonly [times: number, deed: (someone: Someone) => Promise<void>][] = [
  [84, async ({ poll }) => equal(await poll(), 200, 'poll')],
  [4, async ({ units }) => equal((await units()).units.map(({ name }) => name).join(), 'north,south')],
  [5, async ({ choose }) => equal(await choose(Math.random() < 0.5 ? 'north' : 'south'), 200, 'unit')],
  [3, async ({ signIn }) => equal(await signIn(), true, 'login')],
  [
    2,
    async ({ signOut, poll, signIn, cookies }) => {
      const before = new Map(cookies)
      equal(await signOut(), 200, 'logout')
      for (const [name, value] of before) cookies.set(name, value)
      deepEqual([await poll(), await signIn()], [401, true], 'after a logout')
    },
  ],
  [2, async ({ health }) => equal((await health()).status, 200, 'health')],
]
const drawn = deeds.flatMap(([times, deed]) => Array.from({ length: times }, () => deed))
const people = Array.from({ length: 40 }, () => person(url))

const errors: string[] = []
let done = 0
const once = async (someone: Someone, deed: (someone: Someone) => Promise<void>): Promise<void> => {
  await deed(someone).catch((error) => errors.push(String(error)))
  done++
}

/** Runs random actions of one person, at their share of the rate. */
const atWork = async (someone: Someone): Promise<void> => {
  const mayGoOn = () => elapsed() < seconds && errors.length < 20 && child.exitCode === null
  for (let due = 0; mayGoOn(); due += people.length / rate) {
    await pause(Math.max(0, due - elapsed()) * 1000)
    await once(someone, drawn[Math.floor(Math.random() * drawn.length)] ?? (() => Promise.resolve()))
  }
}

console.log('signing forty people in ...')
await Promise.all(people.map((someone) => someone.signIn()))
// Starts the maximum number of instances of each function before memory is measured.
for (const [, deed] of deeds) await Promise.all(people.map((someone) => once(someone, deed)))
done = 0
began.at = Date.now()
memory.length = 0
await Promise.all(people.map(atWork))

const median = (from: number, to: number): number => {
  const all = memory.filter(({ at }) => at >= from && at < to).map(({ rss }) => rss)
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0
}
const tenth = (seconds - warmUp) / 10
const growth = median(seconds - tenth, seconds + 1) / median(warmUp, warmUp + tenth) - 1
const failures = [
  ...new Set(errors),
  ...(child.exitCode === null ? [] : ['the stack ended']),
  ...(growth <= allowedGrowth ? [] : ['memory grew too much']),
  ...(done < seconds * rate * 0.8 ? ['the rate was not reached'] : []),
]
console.log(`${done} requests, ${errors.length} errors, memory grew by ${(growth * 100).toFixed(1)} %`)
console.log(failures.length === 0 ? 'passed' : `failed: ${failures.join('\n')}`)
process.exitCode = failures.length === 0 ? 0 : 1
child.disconnect()
await database.close()
