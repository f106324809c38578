import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stateWriter } from '../../lib/refresh/state-writer.ts'
import { forcedCooldown, inGrace, maySeekKeys, statesOf } from '../../lib/state/state.ts'
import { stateKey } from '../../lib/store/keys.ts'
import type { Contract } from './given.ts'

export const states: Contract = (database, open) =>
  describe(`the state on ${database}`, () => {
    const keys = [{ kid: 'k', alg: 'EdDSA' as const, kty: 'OKP', crv: 'Ed25519', x: 'x' }]
    const content = { version: 7, keys, keysAt: 90, organisations: 'digest' }

    const empty = async () => {
      const table = await open()
      const read = async (now = 0) => statesOf({ gracePeriod: 3600 }).from(await table.read([stateKey]), now)
      return { writer: stateWriter(table), read }
    }
    /** A table with a state that was written at second 100. */
    const loaded = async () => {
      const { writer, read } = await empty()
      equal(await writer.keep(undefined, content, 100), true)
      const state = await read(100)
      ok(state)
      return { writer, read, state }
    }

    it('is absent until it is loaded, but stores failures', async () => {
      const { writer, read } = await empty()
      equal(await read(), undefined)
      await writer.fail('down')
      equal(await read(), undefined)
    })

    it('replaces content by version, confirms it, and reports grace', async () => {
      const { writer, read, state } = await loaded()
      const shown = async (now: number) => {
        const found = await read(now)
        return found && [found.checksum, found.organisations, found.lastSuccess, inGrace(found, now)]
      }
      const next = { ...content, version: 8, organisations: undefined }
      equal(await writer.keep(undefined, next, 100), false, 'another run was faster')
      equal(await writer.confirm({ ...state, version: 6 }, 90, 100), false)
      deepEqual(await shown(100), [state.checksum, 'digest', 100, false])

      await writer.fail('down')
      deepEqual(await shown(160), [state.checksum, 'digest', 100, true])
      equal(await writer.confirm(state, 210, 220), true)
      deepEqual(await shown(220), [state.checksum, 'digest', 220, false])

      equal(await writer.keep(state, next, 230), true)
      equal((await read())?.organisations, undefined)
    })

    it('reports when its keys were fetched, by a refresh or a forced fetch', async () => {
      const { writer, read, state } = await loaded()
      const seen: unknown[] = []
      for (const write of [
        () => writer.fail('down'),
        () => writer.settle(150),
        () => writer.settle(160, 159),
        () => writer.confirm(state, 210, 220),
        () => writer.confirm({ ...state, version: 6 }, 230, 240),
        () => writer.keepKeys(state, { ...content, version: 8, keysAt: 300 }),
      ]) {
        await write()
        seen.push((await read())?.keysAt)
      }
      deepEqual(seen, [90, 90, 159, 210, 210, 300])
    })

    it('stores newer keys without confirming the other content', async () => {
      const { writer, read, state } = await loaded()
      await writer.fail('down')
      equal(await writer.leaseRefresh(170), true)
      const newer = [...keys, ...keys.map((key) => ({ ...key, kid: 'newer' }))]
      const next = { ...content, version: 8, keys: newer, keysAt: 165 }
      equal(await writer.keepKeys(state, next), true)
      equal(await writer.keepKeys(state, next), false, 'the version has changed')

      const after = await read(170)
      deepEqual(
        [after?.version, after?.organisations, after?.lastSuccess, after?.lastError],
        [8, 'digest', 100, 'down'],
      )
      equal(after?.keys.key('newer')?.alg, 'EdDSA')
      notEqual(after?.checksum, state.checksum)
      equal(await writer.leaseRefresh(170), false, 'the run in progress has not ended')
    })

    it('is leased to one run at a time, until the run ends or its lease expires', async () => {
      const { writer } = await empty()
      const leases = await Promise.all([1, 2, 3].map(() => writer.leaseRefresh(100)))
      equal(leases.filter(Boolean).length, 1)
      equal(await writer.leaseRefresh(154), false)
      equal(await writer.leaseRefresh(155), true)
      await writer.fail('down')
      equal(await writer.leaseRefresh(156), true)
    })

    it('allows one forced fetch per cooldown, and reports when it is over', async () => {
      const { writer, read } = await loaded()
      const may = async (now: number) => {
        const state = await read(now)
        return state && maySeekKeys(state, now)
      }
      equal(await may(100), true, 'nobody has asked yet')
      const leases = await Promise.all(Array.from({ length: 20 }, () => writer.leaseKeys(1000)))
      equal(leases.filter(Boolean).length, 1)
      equal(await may(1001), true, 'the fetch is in progress')
      await writer.settle(1002)
      const end = 1000 + forcedCooldown
      deepEqual([await may(1002), await may(end - 1), await may(end)], [false, false, true])
      deepEqual([await writer.leaseKeys(end - 1), await writer.leaseKeys(end)], [false, true])
    })
  })
