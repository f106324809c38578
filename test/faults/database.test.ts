import { deepEqual } from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Problem } from '../../lib/problem.ts'
import type { Table } from '../../lib/store/table.ts'
import { openTable } from '../support/gateway.ts'
import {
  always,
  type DatabaseFault,
  dawdling,
  faults,
  first,
  held,
  openDatabaseFront,
  type Plan,
  tableAt,
  unprocessed,
} from './database-front.ts'

/**
 * Every fault of the database, met by the client of a function. A read or a write is done, or unavailable in
 * time for the function to say so. What that does to each route: `test/outages.test.ts`.
 */

const database = await openTable()
after(database.close)
const keys = ['ORG#demo', 'SESSION#one']
await Promise.all(keys.map((key) => database.table.put(key, {})))

const done = [2, true]
const unavailable = ['table_unavailable', 'table_unavailable']
const onlyWrites = ['table_unavailable', true]
const everyKey = () => true
const hours = 3_600_000
/** Hangs twice, then leaves all keys unprocessed, again and again: as slow as possible. */
const hangingAndLeaving: Plan = ({ number }): DatabaseFault =>
  number % 3 === 0 ? unprocessed(everyKey, 900) : held(hours)

const none: Plan = () => undefined
/** Closes the front before the call. */
const nowhere: Plan = () => undefined

const rows: readonly [what: string, plan: Plan, outcomes: readonly unknown[]][] = [
  ['none', none, done],
  ['throttled (`ProvisionedThroughputExceededException`)', always(faults.throttled), unavailable],
  ['throttled (`ThrottlingException`), first try', first(1, faults.overRate), done],
  ['not allowed (`AccessDeniedException`)', always(faults.refused), unavailable],
  ['500', always(faults.failed), unavailable],
  ['500, first two tries', first(2, faults.failed), done],
  ['connection cut', always(faults.cut), unavailable],
  ['connection cut, first try', first(1, faults.cut), done],
  ['connection cut after the work was done, first try', first(1, faults.cutWhenDone), done],
  ['nothing listens', nowhere, unavailable],
  ['300 ms late', always(held(300)), done],
  ['1.5 s late', always(held(1500)), unavailable],
  ['1.5 s late, first try', first(1, held(1500)), done],
  ['works at once, answers 1.5 s late', always(dawdling(1500)), unavailable],
  ['never answers', always(held(hours)), unavailable],
  ['every key unprocessed', always(unprocessed(everyKey)), onlyWrites],
  ['every key unprocessed, first try', first(1, unprocessed(everyKey)), done],
  ['one key unprocessed, the other read', always(unprocessed((key) => key === keys[0])), onlyWrites],
  ['hangs and leaves keys, longer than a function has', hangingAndLeaving, onlyWrites],
]

/** What comes of it over a front of its own, so that "the first try" is the first of this work. */
const outcomeOf = async (plan: Plan, work: (table: Table) => Promise<unknown>) => {
  const front = await openDatabaseFront(database.url, plan)
  if (plan === nowhere) await front.close()
  const late = pause(4500, 'too late', { ref: false })
  return Promise.race([work(tableAt(front.url, database.name)), late])
    .catch((error: unknown) => (error instanceof Problem ? error.code : error))
    .finally(front.close)
}

describe('A fault of the database', { concurrency: true }, () => {
  for (const [what, plan, outcomes] of rows)
    it(what, async () => {
      const values = { n: { N: '1' } }
      deepEqual(
        await Promise.all([
          outcomeOf(plan, async (table) => (await table.read(keys)).size),
          outcomeOf(plan, (table) => table.change('SESSION#two', { set: 'SET #n = :n', values })),
        ]),
        outcomes,
      )
    })
})
