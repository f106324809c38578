import { equal } from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openIdentity } from '../support/services.ts'
import { openDatabaseFront } from './database-front.ts'
import { type Deployment, openDeployment } from './deployment.ts'
import {
  type DatabaseRow,
  databaseFaults,
  isPatient,
  type Kind,
  kinds,
  type RouteName,
  routeNames,
} from './rows.ts'
import { prepare, visit } from './visits.ts'

/**
 * Every fault of the database at every route. The answer is the usual one or 503 (health: 500) with its documented
 * body, within five seconds. A failed login sets no session, and a logout that is answered 200 leaves none.
 */

const identity = await openIdentity()
after(identity.close)

/** A front before the database, with the fault of this row from now on once `begin` is called. */
const frontFor = async (url: string, plan: DatabaseRow['plan']) => {
  const front = await openDatabaseFront(url)
  const begin = async () => (plan === 'nowhere' ? front.close() : front.use(plan))
  return { front, begin }
}

/** Each visit over a front of its own, so that "the first try" is the first of this visit. */
const visitOverFront = async (deployment: Deployment, row: DatabaseRow, route: RouteName, kind: Kind) => {
  const closing: (() => Promise<void>)[] = []
  const prepared = async () => {
    const { front, begin } = await frontFor(deployment.databaseUrl, row.plan)
    closing.push(front.close)
    const visit = await prepare(deployment, route, kind, front.url)
    await begin()
    return visit
  }
  await visit(deployment, prepared, row.effect(route, kind))
  await Promise.all(closing.map((close) => close()))
}

const refreshOverFront = async (deployment: Deployment, { plan, refresh }: DatabaseRow) => {
  if (refresh === undefined) return
  const { front, begin } = await frontFor(deployment.databaseUrl, plan)
  await begin()
  equal((await deployment.refresh({}, front.url)).outcome, refresh, 'refresh-state')
  await front.close()
}

// More at once, and a try would fail for lack of processor time. Rows that have to succeed need more of it.
for (const [which, patient, concurrency] of [
  ['passes', false, 2],
  ['lasts', true, 3],
] as const)
  describe(`a fault of the database that ${which}`, { concurrency }, () => {
    for (const row of databaseFaults.filter((one) => isPatient(one) === patient))
      it(row.what, async () => {
        const deployment = await openDeployment(identity)
        await deployment.refresh()
        await Promise.all([
          ...routeNames.flatMap((route) => kinds.map((kind) => visitOverFront(deployment, row, route, kind))),
          refreshOverFront(deployment, row),
        ]).finally(deployment.close)
      })
  })
