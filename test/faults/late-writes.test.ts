import { deepEqual, equal } from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { stateKey } from '../../lib/store/keys.ts'
import { fromOurPage } from '../support/gateway.ts'
import { type DatabaseFront, faults, openDatabaseFront } from './database-front.ts'
import { openDeployment } from './deployment.ts'

/**
 * Writes that arrive when nobody waits for them any more: held up on the way, or sent by an instance that was frozen after it had
 * answered 503. What was acknowledged since then has to stay.
 */

const deployment = await openDeployment()
const closing = [deployment.close]
after(() => Promise.all(closing.map((close) => close())))
await deployment.refresh()

const openFront = async () => {
  const front = await openDatabaseFront(deployment.databaseUrl)
  closing.push(front.close)
  return front
}

/** The status of a choice, in an instance of its own. */
const choose = async (bearer: string, unit: string | null, databaseUrl?: string): Promise<number> => {
  const ask = await deployment.open('unit', deployment.instance(databaseUrl))
  const headers = { 'content-type': 'application/json' }
  return (await ask({ bearer, headers, body: JSON.stringify({ unit }) })).answer.statusCode
}

const preferred = async (bearer: string): Promise<string | null> => {
  const { answer } = await (await deployment.open('units'))({ bearer })
  return JSON.parse(answer.body ?? '').preferred
}

/** A front that keeps the first writes that come, this many of them, until they are let go. */
const keepingWrites = async (most = Number.POSITIVE_INFINITY) => {
  const front = await openFront()
  const { promise: until, resolve } = Promise.withResolvers<void>()
  let writes = 0
  front.use(({ operation }) =>
    operation === 'UpdateItem' && ++writes <= most ? { do: 'keep', until } : undefined,
  )
  const release = async () => {
    resolve()
    // Each kept write is on its way now, and a database on this machine needs no longer.
    await pause(200)
  }
  return { front, release }
}

/** Loses the answer to the write of this number, of any item or of one. Says how many there have been. */
const cutWrite = (front: DatabaseFront, number: number, key?: string): (() => number) => {
  let writes = 0
  front.use(({ operation, keys }) =>
    operation === 'UpdateItem' && (key === undefined || keys.includes(key)) && ++writes === number
      ? faults.cutWhenDone
      : undefined,
  )
  return () => writes
}

describe('a write that comes late', { concurrency: true }, () => {
  for (const [what, late, chosen] of [
    ['a choice', 'north', 'south'],
    ['a choice, over none', 'north', null],
    ['the removal of a choice', null, 'south'],
  ] as const)
    it(`does not put ${what} over one that was acknowledged since`, async () => {
      const bearer = await deployment.token({ sub: `late ${what}` })
      const { front, release } = await keepingWrites()
      deepEqual([await choose(bearer, late, front.url), await choose(bearer, chosen)], [503, 200])
      await release()
      equal(await preferred(bearer), chosen)
    })

  it('does not put a choice that was tried twice over one that was acknowledged in the same second', async () => {
    const bearer = await deployment.token({ sub: 'twice' })
    const { front, release } = await keepingWrites(1)
    deepEqual([await choose(bearer, 'north', front.url), await choose(bearer, 'south')], [200, 200])
    await release()
    equal(await preferred(bearer), 'south')
  })

  it('ends a session all the same: a logout that was answered 503 may have happened', async () => {
    const raw = await deployment.token()
    const { front, release } = await keepingWrites()
    const logout = await deployment.open('logout', deployment.instance(front.url))
    const { answer } = await logout({ cookies: [`imidToken=${raw}`], headers: fromOurPage })
    deepEqual([answer.statusCode, answer.body], [503, '"errors.api.ServiceUnavailable"'])
    await release()
    equal((await (await deployment.open('token-is-set'))({ bearer: raw })).answer.statusCode, 401)
  })

  it('is one write when its answer was lost and it is sent again', async () => {
    const bearer = await deployment.token({ sub: 'cut' })
    const front = await openFront()
    const writes = cutWrite(front, 1)
    deepEqual(
      [await choose(bearer, 'north', front.url), writes(), await preferred(bearer)],
      [200, 2, 'north'],
    )
  })

  it('is nobody else when a lease, or the state itself, is sent again', async () => {
    const front = await openFront()
    cutWrite(front, 1)
    deepEqual(await deployment.refresh({}, front.url), { outcome: 'unchanged' })
    cutWrite(front, 1)
    deepEqual(await deployment.refresh({ forced: true }, front.url), { outcome: 'unchanged' })
    deepEqual(await deployment.refresh({ forced: true }, front.url), { outcome: 'busy' })

    await deployment.control({ do: 'rotate' })
    // The lease of the refresh, and then the state.
    const writes = cutWrite(front, 2, stateKey)
    deepEqual([await deployment.refresh({}, front.url), writes()], [{ outcome: 'changed' }, 3])
  })
})
