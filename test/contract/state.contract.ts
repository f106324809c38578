import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { forcedCooldown, stateWriter } from '../../lib/refresh/state-writer.ts'
import { inGrace, stateKey, statesOf } from '../../lib/state/state.ts'
import type { Table } from '../../lib/store/table.ts'
import type { Contract } from './given.ts'

export const states: Contract = (database, open) =>
  describe(`the state on ${database}`, () => {
    const config = { gracePeriod: 3600 }
    const keys = [{ kid: 'k', alg: 'EdDSA' as const, kty: 'OKP', crv: 'Ed25519', x: 'x' }]
    const read = async (table: Table, now: number) => statesOf(config).from(await table.read([stateKey]), now)

    it('is nothing until it was loaded, and notes failures all the same', async () => {
      const table = await open()
      equal(await read(table, 0), undefined)
      await stateWriter(table).fail('down', 5)
      equal(await read(table, 5), undefined)
    })

    it('keeps content by version, confirms it, and shows grace', async () => {
      const table = await open()
      const keeper = stateWriter(table)
      equal(await keeper.keep(undefined, { version: 7, keys, organisations: 'digest' }, 100), true)
      equal(
        await keeper.keep(undefined, { version: 8, keys, organisations: 'other' }, 100),
        false,
        'somebody was faster',
      )
      const state = await read(table, 100)
      deepEqual(
        [state?.version, state?.organisations, state?.lastSuccess, state && inGrace(state, 100)],
        [7, 'digest', 100, false],
      )

      await keeper.fail('down', 160)
      const grace = await read(table, 160)
      deepEqual(
        [grace?.checksum, grace?.lastSuccess, grace && inGrace(grace, 160)],
        [state?.checksum, 100, true],
      )
      equal(state && (await keeper.confirm(state, 220)), true)
      const back = await read(table, 220)
      deepEqual(
        [back?.checksum, back?.lastSuccess, back && inGrace(back, 220)],
        [state?.checksum, 220, false],
      )
      equal(state && (await keeper.confirm({ ...state, version: 6 }, 220)), false)
    })

    it('takes newer keys without taking the rest for confirmed', async () => {
      const table = await open()
      const keeper = stateWriter(table)
      await keeper.keep(undefined, { version: 7, keys, organisations: 'digest' }, 100)
      await keeper.fail('down', 160)
      equal(await keeper.claim(170), true)
      const old = await read(table, 170)
      const newer = [...keys, ...keys.map((key) => ({ ...key, kid: 'newer' }))]
      const next = { version: 8, keys: newer, organisations: 'digest' }
      equal(old && (await keeper.keepKeys(old, next)), true)
      equal(old && (await keeper.keepKeys(old, next)), false, 'the version is not that any more')

      const state = await read(table, 170)
      deepEqual(
        [state?.version, state?.organisations, state?.lastSuccess, state?.lastError],
        [8, 'digest', 100, 'down'],
      )
      equal(state?.keys.algorithm('newer'), 'EdDSA')
      notEqual(state?.checksum, old?.checksum)
      equal(await keeper.claim(170), false, 'the run that is at work has not ended')
    })

    it('forgets organisations when there is no Admin API any more', async () => {
      const table = await open()
      const keeper = stateWriter(table)
      await keeper.keep(undefined, { version: 7, keys, organisations: 'digest' }, 100)
      const before = await read(table, 100)
      await keeper.keep(before, { version: 8, keys, organisations: undefined }, 160)
      equal((await read(table, 160))?.organisations, undefined)
    })

    it('is claimed by one run at a time, and free again when that one is done or lost', async () => {
      const table = await open()
      const keeper = stateWriter(table)
      deepEqual(
        await Promise.all([1, 2, 3].map(() => keeper.claim(100))).then((all) => all.filter(Boolean).length),
        1,
      )
      equal(await keeper.claim(154), false)
      equal(await keeper.claim(155), true)
      await keeper.fail('down', 156)
      equal(await keeper.claim(156), true)
    })

    it('gives away one forced fetch in each cooldown', async () => {
      const table = await open()
      const keeper = stateWriter(table)
      equal(
        (await Promise.all(Array.from({ length: 20 }, () => keeper.lease(1000)))).filter(Boolean).length,
        1,
      )
      equal(await keeper.lease(1000 + forcedCooldown - 1), false)
      equal(await keeper.lease(1000 + forcedCooldown), true)
    })
  })
