import { deepEqual, ok } from 'node:assert/strict'
import { after, it } from 'node:test'
import { type Ask, openDeployment } from './deployment.ts'

/** A key that is withdrawn while people are at work, on a clock that is put forward. */

const refreshEvery = 60
/** Contract, section 8: a refresh each minute; and how long an instance uses its copy of the state. */
const documented = refreshEvery + 60

const deployment = await openDeployment()
after(deployment.close)
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

it('A withdrawn key is accepted no longer than a refresh and a copy of the state last, and no other is refused', async (test) => {
  deployment.clock.still = start
  await deployment.refresh()
  const [before, { keys }] = [await deployment.token(), await deployment.control({ do: 'up' })]
  await deployment.control({ do: 'rotate' })
  await passTo(60)
  const current = await deployment.token()
  const serving: Ask[] = [await deployment.open('token-is-set'), await deployment.open('units')]
  const accepted: number[] = []
  const seconds = [61, 80, 110, 119, 121, 150, 176, 178, 179, 180, 190, 240]
  for (const second of seconds) {
    await passTo(second)
    if (second === 61) {
      for (const ask of serving) await ask({ bearer: before })
      await deployment.control({ do: 'withdraw', kid: (keys as { signing: string }).signing })
    }
    // The worst case: an instance that reads the state right before the refresh that would tell it.
    if (second === 119) serving.push(await deployment.open('token-is-set'))
    for (const ask of serving) {
      const [old, good] = [await ask({ bearer: before }), await ask({ bearer: current })]
      deepEqual(good.answer.statusCode, 200)
      if (old.answer.statusCode === 200) accepted.push(second - 61)
    }
  }
  const last = Math.max(...accepted)
  ok(last <= documented, `accepted after ${last} s`)
  ok(last > refreshEvery, 'no instance was in the worst case')
  test.diagnostic(`last accepted after ${last} s of ${documented}`)
})
