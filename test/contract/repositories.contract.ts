import { deepEqual, equal, notDeepEqual, notEqual, rejects } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { documentFrom, removeDocument, writeDocument } from '../../lib/document.ts'
import { writeOrganisations } from '../../lib/organisation-store.ts'
import type { Organisation } from '../../lib/organisations.ts'
import { Problem } from '../../lib/problem.ts'
import {
  checkStanding,
  organisationKey,
  sessionKey,
  sessionsIn,
  standingKeys,
  subjectKey,
} from '../../lib/sessions.ts'
import { forcedCooldown, inGrace, stateKeeper, stateKey, statesOf } from '../../lib/state.ts'
import type { Table } from '../../lib/table.ts'
import type { Claims } from '../../lib/token.ts'
import { directoryKey, unitsIn } from '../../lib/units.ts'

const claims = (more: Partial<Claims> = {}): Claims => ({
  org: 'demo',
  subject: 'somebody',
  issued: 1000,
  expires: 2000,
  notBefore: undefined,
  kind: 'id_token',
  groups: ['desk'],
  permissions: { org: [], units: [] },
  issuer: undefined,
  audience: undefined,
  session: randomBytes(8).toString('hex'),
  ...more,
})

const organisation = (more: Partial<Organisation> = {}): Organisation => ({
  name: 'demo',
  blocked: false,
  notBefore: 0,
  domains: ['app.example.test'],
  directory: {
    units: [
      { name: 'north', displayName: 'North' },
      { name: 'south', displayName: 'South' },
    ],
    mappings: [{ group: 'desk', unit: 'north', role: 'r' }],
    roles: { r: ['svc:read'] },
  },
  ended: [],
  ...more,
})

const codeOf = (work: () => unknown): string => {
  try {
    work()
    return 'ok'
  } catch (error) {
    return error instanceof Problem ? error.code : String(error)
  }
}

/** What every database behind the gateway has to hold to. `open` gives an empty table. */
export const repositories = (database: string, open: () => Promise<Table>): void => {
  describe(`the table on ${database}`, () => {
    it('reads what was written, leaves out what is absent, and asks nothing for nothing', async () => {
      const table = await open()
      equal(await table.put('a', { n: { N: '1' } }), true)
      deepEqual([...(await table.read(['a', 'b', 'a']))], [['a', { pk: { S: 'a' }, n: { N: '1' } }]])
      equal((await table.read([])).size, 0)
    })

    it('writes on a condition, and says when it does not hold', async () => {
      const table = await open()
      const first = { when: 'attribute_not_exists(#pk)', names: ['pk'], values: {} }
      deepEqual([await table.put('a', {}, first), await table.put('a', {}, first)], [true, false])
      const change = {
        set: 'SET #n = :n',
        values: { n: { N: '2' } },
        when: 'attribute_not_exists(#n) OR #n < :n',
      }
      deepEqual([await table.change('a', change), await table.change('a', change)], [true, false])
    })

    it('lets one of fifty racing conditional writes win', async () => {
      const table = await open()
      const won = await Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          table.put(
            'race',
            { n: { N: String(n) } },
            { when: 'attribute_not_exists(#pk)', names: ['pk'], values: {} },
          ),
        ),
      )
      equal(won.filter(Boolean).length, 1)
    })

    it('reads a hundred keys at once', async () => {
      const table = await open()
      const keys = Array.from({ length: 100 }, (_, n) => `k${n}`)
      await Promise.all(keys.map((key) => table.put(key, {})))
      equal((await table.read(keys)).size, 100)
    })

    it('calls what it refuses unavailable', async () => {
      const table = await open()
      await rejects(table.put('big', { data: { B: randomBytes(410_000) } }), { code: 'table_unavailable' })
    })
  })

  describe(`documents on ${database}`, () => {
    it('keeps one of any size, and replaces and removes it whole', async () => {
      const table = await open()
      const read = async () => documentFrom(table, await table.read(['doc']), 'doc')
      const value = { noise: randomBytes(900_000).toString('base64') }
      equal(await read(), undefined)

      await writeDocument(table, 'doc', { version: 1, value })
      deepEqual(await read(), { version: 1, value })
      equal((await table.read(['doc#1#1', 'doc#1#2'])).size, 2, 'it took more than one item')

      await writeDocument(table, 'doc', { version: 2, value: 'small' })
      deepEqual(await read(), { version: 2, value: 'small' })
      equal((await table.read(['doc#1#1', 'doc#1#2'])).size, 0, 'the old parts are gone')

      await removeDocument(table, 'doc')
      equal(await read(), undefined)
    })

    it('stays whole when it is written again under the same version', async () => {
      const table = await open()
      const value = randomBytes(600_000).toString('base64')
      for (let time = 0; time < 2; time++) await writeDocument(table, 'doc', { version: 1, value })
      deepEqual(await documentFrom(table, await table.read(['doc']), 'doc'), { version: 1, value })
    })

    it('begins again with the head when its parts were replaced in between', async () => {
      const table = await open()
      await writeDocument(table, 'doc', { version: 1, value: randomBytes(600_000).toString('base64') })
      const old = await table.read(['doc'])
      await writeDocument(table, 'doc', { version: 2, value: 'new' })
      deepEqual(await documentFrom(table, old, 'doc'), { version: 2, value: 'new' })
    })
  })

  describe(`sessions on ${database}`, () => {
    it('ends one session, stamps it for TTL, and no other', async () => {
      const table = await open()
      const [mine, other] = [claims(), claims()]
      const standing = async (whose: Claims) => {
        const items = await table.read(standingKeys(whose))
        return codeOf(() => checkStanding(items, whose, false))
      }
      await sessionsIn(table).end(mine, 1500)
      deepEqual([await standing(mine), await standing(other)], ['token_revoked', 'ok'])
      const item = (await table.read([sessionKey(mine)])).get(sessionKey(mine))
      deepEqual([item?.ended?.N, item?.expires?.N], ['1500', String(2000 + 3600)])
    })

    it('ends a session until the last of its tokens has run out', async () => {
      const table = await open()
      const [long, short] = [
        claims({ session: 'one', expires: 9000 }),
        claims({ session: 'one', expires: 2000 }),
      ]
      const until = async () => (await table.read([sessionKey(long)])).get(sessionKey(long))?.expires?.N
      const seen: unknown[] = []
      for (const whose of [short, long, short]) {
        await sessionsIn(table).end(whose, 1500)
        seen.push(await until())
      }
      deepEqual(seen, [String(2000 + 3600), String(9000 + 3600), String(9000 + 3600)])
    })

    it('never takes two people for one', async () => {
      const keys = [
        subjectKey('a#b', 'c'),
        subjectKey('a', 'b#c'),
        subjectKey('a%23b', 'c'),
        subjectKey('a', 'b%23c'),
      ]
      equal(new Set(keys).size, keys.length)
      const table = await open()
      await table.change(subjectKey('a#b', 'c'), {
        set: 'SET #blocked = :blocked',
        values: { blocked: { BOOL: true } },
      })
      const items = await table.read(standingKeys(claims({ org: 'a', subject: 'b#c' })))
      equal(
        codeOf(() => checkStanding(items, claims({ org: 'a', subject: 'b#c' }), false)),
        'ok',
      )
    })
  })

  describe(`organisations and units on ${database}`, () => {
    const seen = async (table: Table, whose = claims()) => {
      const units = unitsIn(table)
      const session = {
        claims: whose,
        items: await table.read([...standingKeys(whose), ...units.keys(whose)]),
      }
      const held = await units.heldBy(session)
      return {
        held: held.map(({ name }) => name),
        preferred: units.preferred(session, held),
        standing: codeOf(() => checkStanding(session.items, whose, true)),
      }
    }

    it('says who holds what, and what they prefer while they hold it', async () => {
      const table = await open()
      await writeOrganisations(table, [organisation()], 1)
      deepEqual(await seen(table), { held: ['north'], preferred: null, standing: 'ok' })
      await unitsIn(table).prefer({ claims: claims(), items: new Map() }, 'north', 100)
      deepEqual(await seen(table), { held: ['north'], preferred: 'north', standing: 'ok' })
      deepEqual(await seen(table, claims({ groups: [] })), { held: [], preferred: null, standing: 'ok' })
      await unitsIn(table).prefer({ claims: claims(), items: new Map() }, null, 101)
      equal((await seen(table)).preferred, null)
    })

    it('keeps a choice when an older one arrives after it, and lets each request choose again', async () => {
      const table = await open()
      await writeOrganisations(
        table,
        [
          organisation({
            directory: { ...organisation().directory, mappings: [{ group: 'desk', role: 'r' }] },
          }),
        ],
        1,
      )
      const units = unitsIn(table)
      const read = async () => ({ claims: claims(), items: await table.read(standingKeys(claims())) })
      const late = await read()
      await units.prefer(await read(), 'south', 100)
      for (const older of ['north', null]) await units.prefer(late, older, 99)
      equal((await seen(table)).preferred, 'south')

      await units.prefer(await read(), 'north', 100)
      await units.prefer(late, 'south', 100)
      equal((await seen(table)).preferred, 'north', 'within one second too')
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
          { group: 'both', role, unit: 'b' },
        ],
        roles: {},
      }
      await writeOrganisations(table, [organisation({ directory })], 1)
      deepEqual((await seen(table, claims({ groups: ['all'] }))).held, ['a', 'b', 'c'])
      deepEqual((await seen(table, claims({ groups: ['both', 'none'] }))).held, ['b', 'c'])
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
      const units = unitsIn(table)
      const held = async () =>
        units.heldBy({
          claims: claims(),
          items: await table.read([...standingKeys(claims()), ...units.keys(claims())]),
        })
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
      await unitsIn(table).prefer({ claims: claims(), items: new Map() }, 'north', 100)
      await writeOrganisations(table, [organisation({ ended: [{ name: 'somebody', blocked: true }] })], 2)
      equal((await seen(table)).standing, 'subject_blocked')
      await writeOrganisations(
        table,
        [organisation({ ended: [{ name: 'somebody', blocked: false, notBefore: 1001 }] })],
        3,
      )
      equal((await seen(table)).standing, 'subject_signed_out')
      await writeOrganisations(table, [organisation()], 4)
      deepEqual(await seen(table), { held: ['north'], preferred: 'north', standing: 'ok' })
    })

    const everyUnit = organisation({
      directory: { ...organisation().directory, mappings: [{ group: 'desk', role: 'r' }] },
    })
    const somebodyBlocked = organisation({ ended: [{ name: 'somebody', blocked: true }] })
    for (const [what, after, brokenAt] of [
      ['a grant', [everyUnit, organisation({ name: 'second' })], organisationKey('second')],
      ['a block', [somebodyBlocked], directoryKey('demo')],
      ['a removal', [], 'INDEX'],
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
      await removeDocument(table, directoryKey('demo'))
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
      const units = unitsIn(table)
      const ask = async (org: string) => {
        const whose = claims({ org })
        await units.heldBy({
          claims: whose,
          items: await table.read([...standingKeys(whose), ...units.keys(whose)]),
        })
      }
      const remembered = () => names.filter((org) => units.keys(claims({ org })).length === 0)
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
      const watching: Table = {
        ...table,
        put: (key, ...call) => {
          calls.push(key)
          return table.put(key, ...call)
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
      await writeOrganisations(table, [], 3)
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

  describe(`the state on ${database}`, () => {
    const config = { gracePeriod: 3600 }
    const keys = [{ kid: 'k', alg: 'EdDSA' as const, kty: 'OKP', crv: 'Ed25519', x: 'x' }]
    const read = async (table: Table, now: number) => statesOf(config).from(await table.read([stateKey]), now)

    it('is nothing until it was loaded, and notes failures all the same', async () => {
      const table = await open()
      equal(await read(table, 0), undefined)
      await stateKeeper(table).fail('down', 5)
      equal(await read(table, 5), undefined)
    })

    it('keeps content by version, confirms it, and shows grace', async () => {
      const table = await open()
      const keeper = stateKeeper(table)
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
      const keeper = stateKeeper(table)
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
      const keeper = stateKeeper(table)
      await keeper.keep(undefined, { version: 7, keys, organisations: 'digest' }, 100)
      const before = await read(table, 100)
      await keeper.keep(before, { version: 8, keys, organisations: undefined }, 160)
      equal((await read(table, 160))?.organisations, undefined)
    })

    it('is claimed by one run at a time, and free again when that one is done or lost', async () => {
      const table = await open()
      const keeper = stateKeeper(table)
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
      const keeper = stateKeeper(table)
      equal(
        (await Promise.all(Array.from({ length: 20 }, () => keeper.lease(1000)))).filter(Boolean).length,
        1,
      )
      equal(await keeper.lease(1000 + forcedCooldown - 1), false)
      equal(await keeper.lease(1000 + forcedCooldown), true)
    })
  })
}
