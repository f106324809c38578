import { deepEqual, equal, notDeepEqual, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Problem } from '../../lib/problem.ts'
import { directoriesIn } from '../../lib/session/directory.ts'
import { unitsIn } from '../../lib/session/units.ts'
import { directoryKey, endedKey, indexKey, organisationKey } from '../../lib/store/keys.ts'
import { numberIn, type Table } from '../../lib/store/table.ts'
import {
  type Contract,
  claims,
  organisation,
  revocationCode,
  sessionOf,
  writeOrganisations,
} from './given.ts'

export const organisations: Contract = (database, open) =>
  describe(`organisations and units on ${database}`, () => {
    const seen = async (table: Table, whose = claims()) => {
      const directories = directoriesIn(table)
      const units = unitsIn(table, directories)
      const session = await sessionOf(table, whose, directories.keys(whose))
      const held = await units.heldBy(session)
      return {
        held: held.map(({ name }) => name),
        preferred: units.preferred(session, held),
        code: await revocationCode(table, whose, true),
      }
    }
    const everyUnit = organisation({
      directory: { ...organisation().directory, mappings: [{ group: 'desk', role: 'r' }] },
    })
    const somebodyBlocked = organisation({ ended: [{ name: 'somebody', blocked: true }] })

    it('keeps a preference when an older write arrives later; each new request can change it', async () => {
      const table = await open()
      await writeOrganisations(table, [everyUnit], 1)
      const units = unitsIn(table)
      const read = () => sessionOf(table, claims())
      const late = await read()
      await units.prefer(await read(), 'south', 100)
      for (const older of ['north', null]) await units.prefer(late, older, 99)
      equal((await seen(table)).preferred, 'south')

      await units.prefer(await read(), 'north', 100)
      await units.prefer(late, 'south', 100)
      equal((await seen(table)).preferred, 'north', 'within one second too')
      await units.prefer(await read(), 'south', 50)
      await units.prefer(await read(), 'south', 50)
      equal((await seen(table)).preferred, 'south', 'by a clock that is behind')
      await units.prefer(await read(), null, 101)
      equal((await seen(table)).preferred, null)
    })

    it('lists units by name, and all of them for a mapping without a unit', async () => {
      const table = await open()
      const units = ['b', 'c', 'a'].map((name) => ({ name, displayName: name }))
      const role = 'r'
      const directory = {
        units,
        mappings: [
          { group: 'all', role },
          { group: 'all', role, unit: 'b' },
          { group: 'both', role, unit: 'c' },
          { group: 'both', role, unit: 'a' },
        ],
        roles: {},
      }
      await writeOrganisations(table, [organisation({ directory })], 1)
      deepEqual((await seen(table, claims({ groups: ['all'] }))).held, ['a', 'b', 'c'])
      deepEqual((await seen(table, claims({ groups: ['both', 'none'] }))).held, ['a', 'c'])
    })

    it('blocks and unblocks subjects, and keeps their preferences', async () => {
      const table = await open()
      await writeOrganisations(table, [organisation()], 1)
      await unitsIn(table).prefer(await sessionOf(table, claims()), 'north', 100)
      await writeOrganisations(table, [somebodyBlocked], 2)
      equal((await seen(table)).code, 'subject_blocked')
      const ended = [{ name: 'somebody', blocked: false, notBefore: 1001 }]
      await writeOrganisations(table, [organisation({ ended })], 3)
      equal((await seen(table)).code, 'subject_signed_out')
      equal((await seen(table, claims({ issued: 1001 }))).code, 'ok')
      await writeOrganisations(table, [organisation()], 4)
      deepEqual(await seen(table), { held: ['north'], preferred: 'north', code: 'ok' })
    })

    for (const [what, after, brokenAt] of [
      ['a grant', [everyUnit, organisation({ name: 'second' })], organisationKey('second')],
      ['a block', [somebodyBlocked], indexKey],
    ] as const)
      it(`undoes ${what} when the run that wrote it failed`, async () => {
        const table = await open()
        await writeOrganisations(table, [organisation()], 1)
        const before = await seen(table)
        let notes = 0
        const broken: Table = {
          ...table,
          // The index is written before the work and after it; the second time fails.
          put: (key, ...call) =>
            key === brokenAt && (key !== indexKey || notes++ > 0)
              ? Promise.reject(new Problem('table_unavailable'))
              : table.put(key, ...call),
        }
        await rejects(writeOrganisations(broken, after, 20), { code: 'table_unavailable' })
        notDeepEqual(await seen(table), before, 'some of it was written')
        await writeOrganisations(table, [organisation()], 40)
        deepEqual(await seen(table), before)
      })

    it('caches the directories of fifty organisations, and drops the least recently used', async () => {
      const table = await open()
      const all = Array.from({ length: 51 }, (_, n) => organisation({ name: `org-${n}` }))
      await writeOrganisations(table, all, 1)
      const directories = directoriesIn(table)
      const units = unitsIn(table, directories)
      for (const { name: org } of [...all.slice(0, 50), ...all.slice(0, 1), ...all.slice(50)]) {
        const whose = claims({ org })
        await units.heldBy(await sessionOf(table, whose, directories.keys(whose)))
      }
      const forgotten = all.filter(({ name: org }) => directories.keys(claims({ org })).length > 0)
      deepEqual(
        forgotten.map(({ name }) => name),
        ['org-1'],
      )
    })

    it('writes nothing when nothing has changed', async () => {
      const table = await open()
      const other = organisation({ name: 'other' })
      await writeOrganisations(table, [somebodyBlocked, other], 1)
      const calls: string[] = []
      const indexed: number[] = []
      const watching: Table = {
        ...table,
        put: (key, item, ...call) => {
          calls.push(key)
          if (key === indexKey) indexed.push(numberIn(item, 'version'))
          return table.put(key, item, ...call)
        },
        change: (key, ...call) => {
          calls.push(key)
          return table.change(key, ...call)
        },
      }
      await writeOrganisations(watching, [somebodyBlocked, other], 20)
      deepEqual(calls, [])
      await writeOrganisations(watching, [{ ...somebodyBlocked, domains: [] }, other], 40)
      deepEqual(calls, [indexKey, directoryKey('demo'), organisationKey('demo'), indexKey])
      deepEqual(indexed, [40, 41], 'each index has its own version')
    })

    it('removes an unlisted organisation, and unblocks its subjects', async () => {
      const table = await open()
      await writeOrganisations(table, [somebodyBlocked, organisation({ name: 'second' })], 1)
      await writeOrganisations(table, [organisation({ name: 'second' })], 2)
      const keys = [endedKey('demo'), directoryKey('demo'), ...['demo', 'second'].map(organisationKey)]
      deepEqual([...(await table.read(keys)).keys()], [organisationKey('second')])
      equal((await seen(table)).code, 'token_organisation')
      await writeOrganisations(table, [organisation()], 3)
      deepEqual(await seen(table), { held: ['north'], preferred: null, code: 'ok' })
      deepEqual([...(await table.read([organisationKey('second')])).keys()], [])
    })
  })
