import { deepEqual, equal, ok } from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fromOurPage } from '../support/gateway.ts'
import { dice, faults, openDatabaseFront, sometimes } from './database-front.ts'
import { type Ask, openDeployment, type Taken } from './deployment.ts'

/** Two hundred people at once, of whom half choose units and half sign out, over a database that fails one call in five. */

const writers = 200
const instances = 10
const choices = ['north', 'south', null] as const

const deployment = await openDeployment()
const front = await openDatabaseFront(deployment.databaseUrl)
after(async () => {
  await front.close()
  await deployment.close()
})
await deployment.refresh()

/** A failing call meets one of these. The late ones are done when the client has given up on them. */
const mixture = [
  faults.throttled,
  faults.overRate,
  faults.failed,
  faults.cut,
  faults.cutWhenDone,
  faults.unprocessed,
  faults.held(1300),
  faults.dawdling(1300),
]

const counts = { asked: 0, acknowledged: 0, slowest: 0 }

const isDone = ({ answer, ms }: Taken): boolean => {
  counts.asked++
  counts.slowest = Math.max(counts.slowest, ms)
  ok([200, 503].includes(answer.statusCode), `answered ${answer.statusCode}`)
  if (answer.statusCode === 200) counts.acknowledged++
  return answer.statusCode === 200
}

/** Chooses each unit in turn; says what they may prefer afterwards: what was acknowledged last, or what was tried since. */
const chooseAll = async (bearer: string, ask: Ask, number: number): Promise<Set<string | null>> => {
  let possible = new Set<string | null>([null])
  for (const round of choices.keys()) {
    const unit = choices[(number + round) % choices.length] ?? null
    const headers = { 'content-type': 'application/json' }
    const done = isDone(await ask({ bearer, headers, body: JSON.stringify({ unit }) }))
    possible = done ? new Set([unit]) : possible.add(unit)
  }
  return possible
}

describe('two hundred writers over a database that fails one call in five', () => {
  it('are told 200 only for what is there afterwards', { timeout: 60_000 }, async (test) => {
    const bearers = await Promise.all(
      Array.from({ length: writers }, (_, number) => deployment.token({ sub: `writer ${number}` })),
    )
    const serving = await Promise.all(
      Array.from({ length: instances }, (_, number) =>
        deployment.open(number % 2 === 0 ? 'unit' : 'logout', deployment.instance(front.url)),
      ),
    )
    front.use(sometimes(0.2, mixture, dice(20)))
    const began = performance.now()
    const after = await Promise.all(
      bearers.map(async (bearer, number) => {
        const ask = serving[number % instances]
        if (ask === undefined) throw new TypeError('no instance')
        if (number % 2 === 0) return { bearer, possible: await chooseAll(bearer, ask, number) }
        const taken = await ask({ cookies: [`imidToken=${bearer}`], headers: fromOurPage })
        return { bearer, out: isDone(taken) }
      }),
    )
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    const calls = front.calls()
    front.use(undefined)
    // What was held up arrives now.
    await pause(1400)

    const [units, poll] = await Promise.all([deployment.open('units'), deployment.open('token-is-set')])
    const lost: string[] = []
    for (const { bearer, possible, out } of after) {
      if (possible === undefined) {
        const { answer } = await poll({ bearer })
        if (out && answer.statusCode !== 401) lost.push(`a logout: ${answer.statusCode}`)
        continue
      }
      const { answer } = await units({ bearer })
      equal(answer.statusCode, 200)
      const { preferred } = JSON.parse(answer.body ?? '')
      if (!possible.has(preferred)) lost.push(`a choice: ${preferred}, not ${[...possible].join(' or ')}`)
    }
    deepEqual(lost, [])
    const { asked, acknowledged, slowest } = counts
    equal(asked, (writers / 2) * (choices.length + 1))
    ok(acknowledged > asked / 20, 'nothing much was acknowledged: that proves little')
    test.diagnostic(
      `${writers} writers, ${asked} writes, ${calls} database calls in ${seconds} s: ${acknowledged} acknowledged, ` +
        `${asked - acknowledged} answered 503, ${lost.length} lost; slowest answer ${Math.round(slowest)} ms`,
    )
  })
})
