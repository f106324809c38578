import { deepEqual, equal, ok } from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { asProblem, codeOf } from '../support/gateway.ts'
import { dice, faults, openDatabaseFront, sometimes } from './database-front.ts'
import { type Ask, openDeployment } from './deployment.ts'

/**
 * Keys that come and go while people are at work, on a clock that is put forward: a refresh each minute, four instances that live
 * through it all, and a database that fails one call in ten. A 503 is no refusal; a 401 for a good token would be one.
 */

const deployment = await openDeployment()
const front = await openDatabaseFront(deployment.databaseUrl)
after(async () => {
  await front.close()
  await deployment.close()
})
front.use(sometimes(0.1, [faults.failed, faults.cut, faults.cutWhenDone, faults.unprocessed], dice(4)))

const refreshEvery = 60
/** Contract, section 8: a refresh each minute; and how long an instance believes its copy. */
const documented = refreshEvery + 60

const start = deployment.now()
let clock = 0
/** Lets time pass: refreshes happen when they are due, and before whoever asks in the same second. */
const passTo = async (second: number): Promise<void> => {
  for (let due = (Math.floor(clock / refreshEvery) + 1) * refreshEvery; due <= second; due += refreshEvery) {
    deployment.clock.still = start + due
    await deployment.refresh()
  }
  clock = second
  deployment.clock.still = start + second
}

const serving: Ask[] = []
const startOne = async (name: 'token-is-set' | 'units' = 'token-is-set'): Promise<void> => {
  serving.push(await deployment.open(name, deployment.instance(front.url)))
}

type Seen = { at: number; status: number; code: string }

/** Everybody shows this token at once. */
const seen = async (bearer: string): Promise<Seen[]> =>
  Promise.all(
    serving.map(async (ask) => {
      const { answer } = await ask({ bearer, headers: asProblem })
      const { statusCode: status } = answer
      return { at: clock, status, code: status === 200 ? '' : codeOf(answer) }
    }),
  )

const accepted = (all: readonly Seen[]): Seen[] => all.filter(({ status }) => status === 200)
const refused = (all: readonly Seen[]): Seen[] => all.filter(({ status }) => status !== 200 && status !== 503)

/** From one second to another, in steps; each token is shown to every instance at each step. */
const during = async (from: number, to: number, step: number, bearers: readonly string[]) => {
  const all: Seen[][] = bearers.map(() => [])
  for (let second = from; second <= to; second += step) {
    await passTo(second)
    for (const [index, bearer] of bearers.entries()) all[index]?.push(...(await seen(bearer)))
  }
  return all
}

const fetches = async (): Promise<number> => {
  const { requests } = await deployment.control({ do: 'count', reset: true })
  return Number((requests as Record<string, number>)['/v1/jwks'] ?? 0)
}

const kidNow = async (): Promise<string> => {
  const { keys } = await deployment.control({ do: 'up' })
  return (keys as { signing: string }).signing
}

describe('keys that change under load', () => {
  let [first, second, third] = ['', '', '']
  let firstKid = ''

  it('refuse nobody when a new key signs at once: one fetch brings it to every instance', async (test) => {
    deployment.clock.still = start
    await deployment.refresh()
    for (const name of ['token-is-set', 'token-is-set', 'token-is-set', 'units'] as const)
      await startOne(name)
    firstKid = await kidNow()
    first = await deployment.token()
    const [before = []] = await during(5, 55, 10, [first])
    deepEqual(refused(before), [])

    await passTo(65)
    await deployment.control({ do: 'rotate' })
    await fetches()
    second = await deployment.token()
    const all = [...(await seen(second)), ...(await during(66, 116, 10, [first, second])).flat()]
    deepEqual(refused(all), [])
    ok(accepted(all).length > all.length * 0.9, 'hardly anybody was served')
    equal(await fetches(), 1)
    test.diagnostic(`rotation: ${all.length} requests, 0 refused, 1 fetch`)
  })

  it('cannot be judged for a minute at most when a stranger has had the fetch of this cooldown, and refuse nobody', async (test) => {
    await passTo(130)
    equal(
      (await seen(await deployment.token({}, { header: { kid: 'a stranger' } }))).some(
        ({ status }) => status === 200,
      ),
      false,
    )
    const rotated = 131
    await passTo(rotated)
    await deployment.control({ do: 'rotate' })
    await fetches()
    third = await deployment.token({ iat: start + rotated, exp: start + rotated + 3600 })
    const [old = [], fresh = []] = await during(rotated, 221, 6, [second, third])
    deepEqual([refused(old), refused(fresh)], [[], []])
    const pending = fresh.filter(({ code }) => code === 'token_key_pending')
    const window = pending.map(({ at }) => at - rotated)
    ok(Math.max(...window) < refreshEvery, `not known after ${Math.max(...window)} s`)
    equal(accepted(fresh.filter(({ at }) => at >= 180)).length > 0, true)
    test.diagnostic(`rotation in a cooldown: last 503 after ${Math.max(...window)} s`)
  })

  it('are not accepted beyond refresh and copy once they are withdrawn', async (test) => {
    const withdrawn = 241
    await passTo(withdrawn)
    await deployment.control({ do: 'withdraw', kid: firstKid })
    const all = await during(withdrawn, 291, 10, [first, third])
    // The worst case: an instance that reads the state right before the refresh that would tell it.
    await passTo(299)
    await startOne()
    const rest = [...(await during(299, 349, 10, [first])), ...(await during(356, 359, 1, [first]))].flat()
    const late = await during(360, 400, 10, [first, third])

    const shown = [...(all[0] ?? []), ...rest, ...(late[0] ?? [])]
    const last = Math.max(...accepted(shown).map(({ at }) => at - withdrawn))
    ok(last <= documented, `accepted after ${last} s`)
    ok(last > refreshEvery, 'no instance was in the worst case')
    deepEqual([...new Set(refused(shown).map(({ code }) => code))], ['token_key_unknown'])
    deepEqual(refused([...(all[1] ?? []), ...(late[1] ?? [])]), [])
    test.diagnostic(`withdrawal: last accepted after ${last} s of ${documented}`)
  })
})
