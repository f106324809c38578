import { deepEqual, equal } from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { stateKey } from '../../lib/store/keys.ts'
import { fromOurPage } from '../support/gateway.ts'
import { faults, openDatabaseFront } from './database-front.ts'
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

const choosing = (bearer: string, unit: string | null) => ({
  bearer,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ unit }),
})

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

describe('a write that comes late', { concurrency: true }, () => {
  for (const [what, late, chosen] of [
    ['a choice', 'north', 'south'],
    ['a choice, over none', 'north', null],
    ['the removal of a choice', null, 'south'],
  ] as const)
    it(`does not put ${what} over one that was acknowledged since`, async () => {
      const bearer = await deployment.token({ sub: `late ${what}` })
      const { front, release } = await keepingWrites()
      const given = await (await deployment.open('unit', deployment.instance(front.url)))(
        choosing(bearer, late),
      )
      equal(given.answer.statusCode, 503)

      const { answer } = await (await deployment.open('unit'))(choosing(bearer, chosen))
      equal(answer.statusCode, 200)
      await release()
      equal(await preferred(bearer), chosen)
    })

  it('does not put a choice that was tried twice over one that was acknowledged in the same second', async () => {
    const bearer = await deployment.token({ sub: 'twice' })
    const { front, release } = await keepingWrites(1)
    const first = await (await deployment.open('unit', deployment.instance(front.url)))(
      choosing(bearer, 'north'),
    )
    const second = await (await deployment.open('unit'))(choosing(bearer, 'south'))
    deepEqual([first.answer.statusCode, second.answer.statusCode], [200, 200])
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
    let writes = 0
    front.use(({ operation }) =>
      operation === 'UpdateItem' && ++writes === 1 ? faults.cutWhenDone : undefined,
    )
    const { answer } = await (await deployment.open('unit', deployment.instance(front.url)))(
      choosing(bearer, 'north'),
    )
    deepEqual([answer.statusCode, writes, await preferred(bearer)], [200, 2, 'north'])
  })

  it('is nobody else when a lease, or the state itself, is sent again', async () => {
    const front = await openFront()
    const firstWriteCut = () => {
      let writes = 0
      front.use(({ operation }) =>
        operation === 'UpdateItem' && ++writes === 1 ? faults.cutWhenDone : undefined,
      )
    }
    firstWriteCut()
    deepEqual(await deployment.refresh({}, front.url), { outcome: 'unchanged' })
    firstWriteCut()
    deepEqual(await deployment.refresh({ forced: true }, front.url), { outcome: 'unchanged' })
    deepEqual(await deployment.refresh({ forced: true }, front.url), { outcome: 'busy' })

    await deployment.control({ do: 'rotate' })
    let writes = 0
    // The lease of the refresh, and then the state.
    front.use(({ operation, keys }) =>
      operation === 'UpdateItem' && keys.includes(stateKey) && ++writes === 2
        ? faults.cutWhenDone
        : undefined,
    )
    deepEqual([await deployment.refresh({}, front.url), writes], [{ outcome: 'changed' }, 3])
  })
})
