import { deepEqual, equal } from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fromOurPage } from '../support/gateway.ts'
import { type DatabaseFault, faults, kept, openDatabaseFront } from './database-front.ts'
import { openDeployment } from './deployment.ts'

/**
 * Writes that arrive when nobody waits for them any more: held up on the way, or sent by an instance that was frozen
 * after it had answered 503. What was acknowledged since then has to stay.
 */

const deployment = await openDeployment()
const closing = [deployment.close]
after(() => Promise.all(closing.map((close) => close())))
await deployment.refresh()

/** A front at which the first writes, this many of them, meet this fault. */
const openFront = async (fault: DatabaseFault, most = Number.POSITIVE_INFINITY) => {
  const front = await openDatabaseFront(deployment.databaseUrl)
  closing.push(front.close)
  let writes = 0
  front.use(({ operation }) => (operation === 'UpdateItem' && ++writes <= most ? fault : undefined))
  return { url: front.url, writes: () => writes }
}

/** A front that keeps the first writes until they are released. */
const keepingWrites = async (most?: number) => {
  const { promise: until, resolve } = Promise.withResolvers<void>()
  const { url } = await openFront(kept(until), most)
  const release = async () => {
    resolve()
    // Each kept write is on its way now, and a database on this machine needs no longer.
    await pause(200)
  }
  return { url, release }
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

describe('a write that comes late', { concurrency: true }, () => {
  for (const [what, late, chosen] of [
    ['a choice', 'north', 'south'],
    ['a choice, over none', 'north', null],
    ['the removal of a choice', null, 'south'],
  ] as const)
    it(`does not put ${what} over one that was acknowledged since`, async () => {
      const bearer = await deployment.token({ sub: `late ${what}` })
      const { url, release } = await keepingWrites()
      deepEqual([await choose(bearer, late, url), await choose(bearer, chosen)], [503, 200])
      await release()
      equal(await preferred(bearer), chosen)
    })

  it('does not put a choice that was tried twice over one that was acknowledged in the same second', async () => {
    const bearer = await deployment.token({ sub: 'twice' })
    const { url, release } = await keepingWrites(1)
    deepEqual([await choose(bearer, 'north', url), await choose(bearer, 'south')], [200, 200])
    await release()
    equal(await preferred(bearer), 'south')
  })

  it('ends a session all the same: a logout that was answered 503 may have happened', async () => {
    const raw = await deployment.token()
    const { url, release } = await keepingWrites()
    const logout = await deployment.open('logout', deployment.instance(url))
    const { answer } = await logout({ cookies: [`imidToken=${raw}`], headers: fromOurPage })
    deepEqual([answer.statusCode, answer.body], [503, '"errors.api.ServiceUnavailable"'])
    await release()
    equal((await (await deployment.open('token-is-set'))({ bearer: raw })).answer.statusCode, 401)
  })

  it('is one write when its answer was lost and it is sent again', async () => {
    const bearer = await deployment.token({ sub: 'cut' })
    const { url, writes } = await openFront(faults.cutWhenDone, 1)
    deepEqual([await choose(bearer, 'north', url), writes()], [200, 2])
    equal(await preferred(bearer), 'north')

    const leasing = await openFront(faults.cutWhenDone, 1)
    deepEqual(await deployment.refresh({}, leasing.url), { outcome: 'unchanged' })
  })
})
