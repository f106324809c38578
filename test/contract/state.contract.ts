import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stateWriter } from '../../lib/refresh/state-writer.ts'
import { forcedCooldown, inGrace, maySeekKeys, statesOf } from '../../lib/state/state.ts'
import { stateKey } from '../../lib/store/keys.ts'
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
      await stateWriter(table).fail('down')
      equal(await read(table, 5), undefined)
    })

    it('keeps content by version, confirms it, and shows grace', async () => {
      const table = await open()
      const keeper = stateWriter(table)
      equal(
        await keeper.keep(undefined, { version: 7, keys, keysAt: 90, organisations: 'digest' }, 100),
        true,
      )
      equal(
        await keeper.keep(undefined, { version: 8, keys, keysAt: 90, organisations: 'other' }, 100),
        false,
        'somebody was faster',
      )
      const state = await read(table, 100)
      deepEqual(
        [state?.version, state?.organisations, state?.lastSuccess, state && inGrace(state, 100)],
        [7, 'digest', 100, false],
      )

      await keeper.fail('down')
      const grace = await read(table, 160)
      deepEqual(
        [grace?.checksum, grace?.lastSuccess, grace && inGrace(grace, 160)],
        [state?.checksum, 100, true],
      )
      equal(state && (await keeper.confirm(state, 210, 220)), true)
      const back = await read(table, 220)
      deepEqual(
        [back?.checksum, back?.lastSuccess, back && inGrace(back, 220)],
        [state?.checksum, 220, false],
      )
      equal(state && (await keeper.confirm({ ...state, version: 6 }, 230, 240)), false)
    })

    it('says when its keys were last accepted, by a refresh or by a forced fetch', async () => {
      const table = await open()
      const keeper = stateWriter(table)
      const keysAt = async () => (await read(table, 0))?.keysAt
      const seen: unknown[] = []
      await keeper.keep(undefined, { version: 7, keys, keysAt: 90, organisations: 'digest' }, 100)
      seen.push(await keysAt())
      const state = await read(table, 100)
      if (state === undefined) throw new TypeError('no state')
      await keeper.fail('down')
      await keeper.settle(150)
      seen.push(await keysAt())
      await keeper.settle(160, 159)
      seen.push(await keysAt())
      await keeper.confirm(state, 210, 220)
      seen.push(await keysAt())
      await keeper.confirm({ ...state, version: 6 }, 230, 240)
      seen.push(await keysAt())
      await keeper.keepKeys(state, { version: 8, keys, keysAt: 300, organisations: 'digest' })
      seen.push(await keysAt())
      deepEqual(seen, [90, 90, 159, 210, 210, 300])
    })

    it('takes newer keys without taking the rest for confirmed', async () => {
      const table = await open()
      const keeper = stateWriter(table)
      await keeper.keep(undefined, { version: 7, keys, keysAt: 90, organisations: 'digest' }, 100)
      await keeper.fail('down')
      equal(await keeper.leaseRefresh(170), true)
      const old = await read(table, 170)
      const newer = [...keys, ...keys.map((key) => ({ ...key, kid: 'newer' }))]
      const next = { version: 8, keys: newer, keysAt: 165, organisations: 'digest' }
      equal(old && (await keeper.keepKeys(old, next)), true)
      equal(old && (await keeper.keepKeys(old, next)), false, 'the version is not that any more')

      const state = await read(table, 170)
      deepEqual(
        [state?.version, state?.organisations, state?.lastSuccess, state?.lastError],
        [8, 'digest', 100, 'down'],
      )
      equal(state?.keys.key('newer')?.alg, 'EdDSA')
      notEqual(state?.checksum, old?.checksum)
      equal(await keeper.leaseRefresh(170), false, 'the run that is at work has not ended')
    })

    it('forgets organisations when there is no Admin API any more', async () => {
      const table = await open()
      const keeper = stateWriter(table)
      await keeper.keep(undefined, { version: 7, keys, keysAt: 90, organisations: 'digest' }, 100)
      const before = await read(table, 100)
      await keeper.keep(before, { version: 8, keys, keysAt: 90, organisations: undefined }, 160)
      equal((await read(table, 160))?.organisations, undefined)
    })

    it('is claimed by one run at a time, and free again when that one is done or lost', async () => {
      const table = await open()
      const keeper = stateWriter(table)
      deepEqual(
        await Promise.all([1, 2, 3].map(() => keeper.leaseRefresh(100))).then(
          (all) => all.filter(Boolean).length,
        ),
        1,
      )
      equal(await keeper.leaseRefresh(154), false)
      equal(await keeper.leaseRefresh(155), true)
      await keeper.fail('down')
      equal(await keeper.leaseRefresh(156), true)
    })

    it('gives away one forced fetch in each cooldown', async () => {
      const table = await open()
      const keeper = stateWriter(table)
      equal(
        (await Promise.all(Array.from({ length: 20 }, () => keeper.leaseKeys(1000)))).filter(Boolean).length,
        1,
      )
      equal(await keeper.leaseKeys(1000 + forcedCooldown - 1), false)
      equal(await keeper.leaseKeys(1000 + forcedCooldown), true)
    })

    it('says while it is pointless to ask for keys: in the cooldown, once its fetch is over', async () => {
      const table = await open()
      const keeper = stateWriter(table)
      await keeper.keep(undefined, { version: 7, keys, keysAt: 90, organisations: 'digest' }, 100)
      const may = async (now: number) => {
        const state = await read(table, now)
        return state && maySeekKeys(state, now)
      }
      equal(await may(100), true, 'nobody has asked yet')
      await keeper.leaseKeys(1000)
      equal(await may(1001), true, 'the fetch is under way')
      await keeper.settle(1002)
      deepEqual(
        [await may(1002), await may(1000 + forcedCooldown - 1), await may(1000 + forcedCooldown)],
        [false, false, true],
      )
    })
  })
