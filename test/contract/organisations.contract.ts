import { deepEqual, equal, notDeepEqual, rejects } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { Problem } from '../../lib/problem.ts'
import { directoriesIn } from '../../lib/session/directory.ts'
import { unitsIn } from '../../lib/session/units.ts'
import { directoryKey, organisationKey } from '../../lib/store/keys.ts'
import { removeLargeItem } from '../../lib/store/large-item.ts'
import { numberIn, type Table } from '../../lib/store/table.ts'
import { type Contract, claims, organisation, recognised, standingOf, writeOrganisations } from './given.ts'

export const organisations: Contract = (database, open) =>
  describe(`organisations and units on ${database}`, () => {
    const seen = async (table: Table, whose = claims()) => {
      const directories = directoriesIn(table)
      const units = unitsIn(table, directories)
      const session = await recognised(table, whose, directories.keys(whose))
      const held = await units.heldBy(session)
      return {
        held: held.map(({ name }) => name),
        preferred: units.preferred(session, held),
        standing: await standingOf(table, whose, true),
      }
    }

    it('says who holds what, and what they prefer while they hold it', async () => {
      const table = await open()
      await writeOrganisations(table, [organisation()], 1)
      deepEqual(await seen(table), { held: ['north'], preferred: null, standing: 'ok' })
      await unitsIn(table).prefer(await recognised(table, claims()), 'north', 100)
      deepEqual(await seen(table), { held: ['north'], preferred: 'north', standing: 'ok' })
      deepEqual(await seen(table, claims({ groups: [] })), { held: [], preferred: null, standing: 'ok' })
      await unitsIn(table).prefer(await recognised(table, claims()), null, 101)
      equal((await seen(table)).preferred, null)
    })

    it('keeps a choice when an older one arrives after it, and lets each request choose again', async () => {
      const table = await open()
      const everywhere = { ...organisation().directory, mappings: [{ group: 'desk', role: 'r' }] }
      await writeOrganisations(table, [organisation({ directory: everywhere })], 1)
      const units = unitsIn(table)
      const read = () => recognised(table, claims())
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
    })

    it('lists units by name, and all of them to whoever holds one and all', async () => {
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

    it('ends what an organisation began before it was signed out', async () => {
      const table = await open()
      await writeOrganisations(table, [organisation({ notBefore: 1001 })], 1)
      equal((await seen(table)).standing, 'organisation_signed_out')
      equal((await seen(table, claims({ issued: 1001 }))).standing, 'ok')
      await writeOrganisations(table, [organisation({ blocked: true })], 2)
      equal((await seen(table)).standing, 'token_organisation')
    })

    it('notices a newer directory without being told', async () => {
      const table = await open()
      await writeOrganisations(table, [organisation()], 1)
      const directories = directoriesIn(table)
      const units = unitsIn(table, directories)
      const held = async () => units.heldBy(await recognised(table, claims(), directories.keys(claims())))
      equal((await held()).length, 1)
      await writeOrganisations(
        table,
        [
          organisation({
            directory: { ...organisation().directory, mappings: [{ group: 'desk', role: 'r' }] },
          }),
        ],
        2,
      )
      equal((await held()).length, 2)
    })

    it('blocks and frees subjects, and keeps what they prefer', async () => {
      const table = await open()
      await writeOrganisations(table, [organisation()], 1)
      await unitsIn(table).prefer(await recognised(table, claims()), 'north', 100)
      await writeOrganisations(table, [organisation({ ended: [{ name: 'somebody', blocked: true }] })], 2)
      equal((await seen(table)).standing, 'subject_blocked')
      await writeOrganisations(
        table,
        [organisation({ ended: [{ name: 'somebody', blocked: false, notBefore: 1001 }] })],
        3,
      )
      equal((await seen(table)).standing, 'subject_signed_out')
      equal((await seen(table, claims({ issued: 1001 }))).standing, 'ok')
      await writeOrganisations(table, [organisation()], 4)
      deepEqual(await seen(table), { held: ['north'], preferred: 'north', standing: 'ok' })
    })

    const everyUnit = organisation({
      directory: { ...organisation().directory, mappings: [{ group: 'desk', role: 'r' }] },
    })
    const somebodyBlocked = organisation({ ended: [{ name: 'somebody', blocked: true }] })
    for (const [what, after, brokenAt] of [
      ['a grant', [everyUnit, organisation({ name: 'second' })], organisationKey('second')],
      ['a block', [somebodyBlocked], 'INDEX'],
      ['a block of all', [organisation({ blocked: true })], 'INDEX'],
      ['a removal', [organisation({ name: 'second' })], 'INDEX'],
    ] as const)
      it(`takes ${what} back when the run that wrote it broke off`, async () => {
        const table = await open()
        await writeOrganisations(table, [organisation()], 1)
        const before = await seen(table)
        let notes = 0
        const broken: Table = {
          ...table,
          // The list is written before the work and after it; it is the second time that fails.
          put: (key, ...call) =>
            key === brokenAt && (key !== 'INDEX' || notes++ > 0)
              ? Promise.reject(new Problem('table_unavailable'))
              : table.put(key, ...call),
        }
        await rejects(writeOrganisations(broken, after, 20), { code: 'table_unavailable' })
        notDeepEqual(await seen(table), before, 'some of it was written')
        await writeOrganisations(table, [organisation()], 40)
        deepEqual(await seen(table), before)
      })

    it('cannot say who holds what when the directory that the organisation names is not there', async () => {
      const table = await open()
      await writeOrganisations(table, [organisation()], 1)
      await removeLargeItem(table, directoryKey('demo'))
      await rejects(seen(table), { code: 'state_missing' })
    })

    it('remembers the directories of fifty organisations, and forgets the one not asked for longest', async () => {
      const table = await open()
      const names = Array.from({ length: 51 }, (_, n) => `org-${n}`)
      await writeOrganisations(
        table,
        names.map((name) => organisation({ name })),
        1,
      )
      const directories = directoriesIn(table)
      const units = unitsIn(table, directories)
      const ask = async (org: string) => {
        const whose = claims({ org })
        await units.heldBy(await recognised(table, whose, directories.keys(whose)))
      }
      const remembered = () => names.filter((org) => directories.keys(claims({ org })).length === 0)
      for (const org of names.slice(0, 50)) await ask(org)
      await ask('org-0')
      await ask('org-50')
      deepEqual(
        remembered(),
        names.filter((org) => org !== 'org-1'),
      )
    })

    it('writes nothing when nothing has changed', async () => {
      const table = await open()
      await writeOrganisations(table, [somebodyBlocked], 1)
      const calls: string[] = []
      const indexed: number[] = []
      const watching: Table = {
        ...table,
        put: (key, item, ...call) => {
          calls.push(key)
          if (key === 'INDEX') indexed.push(numberIn(item, 'version'))
          return table.put(key, item, ...call)
        },
        change: (key, ...call) => {
          calls.push(key)
          return table.change(key, ...call)
        },
      }
      await writeOrganisations(watching, [somebodyBlocked], 20)
      deepEqual(calls, [])
      await writeOrganisations(watching, [{ ...somebodyBlocked, domains: [] }], 40)
      deepEqual(calls, ['INDEX', directoryKey('demo'), organisationKey('demo'), 'INDEX'])
      // Each list under a version of its own, later than any before.
      deepEqual(indexed, [40, 41])
    })

    it('removes an organisation that is gone', async () => {
      const table = await open()
      await writeOrganisations(table, [organisation(), organisation({ name: 'second' })], 1)
      await writeOrganisations(table, [organisation({ name: 'second' })], 2)
      deepEqual(
        [...(await table.read([organisationKey('demo'), organisationKey('second')])).keys()],
        [organisationKey('second')],
      )
      equal((await seen(table)).standing, 'token_organisation')
      await writeOrganisations(table, [organisation({ name: 'third' })], 3)
      const left = ['INDEX', 'ENDED#demo', directoryKey('demo'), organisationKey('second')]
      deepEqual([...(await table.read(left)).keys()], ['INDEX'])
    })

    it('keeps an organisation that is larger than an item', async () => {
      const table = await open()
      const mappings = Array.from({ length: 60_000 }, (_, n) => ({
        group: `${n}-${randomBytes(6).toString('hex')}`,
        unit: 'north',
        role: 'r',
      }))
      await writeOrganisations(
        table,
        [organisation({ directory: { ...organisation().directory, mappings } })],
        1,
      )
      deepEqual((await seen(table, claims({ groups: [mappings[59_999]?.group ?? ''] }))).held, ['north'])
    })
  })
