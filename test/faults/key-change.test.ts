import { equal, ok } from 'node:assert/strict'
import { it } from 'node:test'
import { openGateway } from '../support/gateway.ts'

/** Seconds between two refreshes, and seconds until a withdrawn key has to be refused everywhere. */
const refreshEvery = 60
const documented = refreshEvery + 60

it('A withdrawn key is refused after one refresh and one cache lifetime; other keys stay accepted', async (test) => {
  const { clock, control, open, refresh, token } = await openGateway()
  const before = await token()
  const { keys } = await control({ do: 'up' })
  await control({ do: 'rotate' })
  await refresh()
  const current = await token()
  const serving = [await open('token-is-set'), await open('units')]
  for (const ask of serving) await ask({ bearer: before })
  await control({ do: 'withdraw', kid: (keys as { signing: string }).signing })

  const accepted: number[] = []
  for (const second of [1, 30, 59, 60, 90, 117, 119, 120, 180]) {
    clock.ahead = second
    // The worst case: an instance that reads the state right before the refresh that removes the key.
    if (second === 59) serving.push(await open('token-is-set'))
    if (second % refreshEvery === 0) await refresh()
    for (const ask of serving) {
      equal((await ask({ bearer: current })).statusCode, 200)
      if ((await ask({ bearer: before })).statusCode === 200) accepted.push(second)
    }
  }
  const last = Math.max(...accepted)
  ok(last <= documented, `accepted after ${last} s`)
  ok(last > refreshEvery, 'no instance was in the worst case')
  test.diagnostic(`last accepted after ${last} s of ${documented}`)
})
