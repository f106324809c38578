import { deepEqual, equal } from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fromOurPage, openGateway } from '../support/gateway.ts'
import { type DatabaseFault, faults, kept, openDatabaseFront, tableAt } from './database-front.ts'

/**
 * Writes that arrive when nobody waits for them any more: held up on the way, or sent by an instance that was
 * frozen after it had answered 503. What was acknowledged since then has to stay.
 */

const { database, instance, open, token } = await openGateway()

/** A table at which the first writes, this many of them, meet this fault. */
const tableWith = async (fault: DatabaseFault, most = Number.POSITIVE_INFINITY) => {
  let writes = 0
  const front = await openDatabaseFront(database.url, ({ operation }) =>
    operation === 'UpdateItem' && ++writes <= most ? fault : undefined,
  )
  after(front.close)
  return { table: tableAt(front.url, database.name), writes: () => writes }
}

/** A table that keeps the first writes until they are released. */
const keepingWrites = async (most?: number) => {
  const { promise: until, resolve } = Promise.withResolvers<void>()
  const { table } = await tableWith(kept(until), most)
  const release = async () => {
    resolve()
    // Each kept write is on its way now, and a database on this machine needs no longer.
    await pause(200)
  }
  return { table, release }
}

/** The status of a choice, in an instance of its own. */
const choose = async (bearer: string, unit: string | null, table = database.table): Promise<number> => {
  const ask = await open('unit', { ...instance(), table })
  const headers = { 'content-type': 'application/json' }
  return (await ask({ bearer, headers, body: JSON.stringify({ unit }) })).statusCode
}

const preferred = async (bearer: string): Promise<string | null> =>
  JSON.parse((await (await open('units'))({ bearer })).body ?? '').preferred

describe('A delayed write', { concurrency: true }, () => {
  it('does not replace a newer choice', async () => {
    const bearer = await token({ sub: 'late' })
    const { table, release } = await keepingWrites()
    deepEqual([await choose(bearer, 'north', table), await choose(bearer, null)], [503, 200])
    await release()
    equal(await preferred(bearer), null)
  })

  it('does not replace a newer choice of the same second, even when it is retried', async () => {
    const bearer = await token({ sub: 'twice' })
    const { table, release } = await keepingWrites(1)
    deepEqual([await choose(bearer, 'north', table), await choose(bearer, 'south')], [200, 200])
    await release()
    equal(await preferred(bearer), 'south')
  })

  it('still ends a session: a logout that was answered 503 may have happened', async () => {
    const raw = await token()
    const { table, release } = await keepingWrites()
    const logout = await open('logout', { ...instance(), table })
    const { statusCode, body } = await logout({ cookies: [`imidToken=${raw}`], headers: fromOurPage })
    deepEqual([statusCode, body], [503, '"errors.api.ServiceUnavailable"'])
    await release()
    equal((await (await open('token-is-set'))({ bearer: raw })).statusCode, 401)
  })

  it('is applied once when it is retried after a lost response', async () => {
    const bearer = await token({ sub: 'cut' })
    const { table, writes } = await tableWith(faults.cutWhenDone, 1)
    deepEqual([await choose(bearer, 'north', table), writes()], [200, 2])
    equal(await preferred(bearer), 'north')
  })
})
