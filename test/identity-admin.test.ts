import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  accessToken,
  admin,
  ask,
  callback,
  issue,
  type Json,
  listed,
  loginPath,
  organisation,
} from './support/stand-in.ts'

describe('the Admin API', () => {
  it('wants an access token that holds', async () => {
    for (const token of [
      undefined,
      await issue(),
      await issue({ claims: { ntt: 'access_token', exp: 1 } }),
      `${await accessToken()}x`,
    ]) {
      const headers = token ? { authorization: `Bearer ${token}` } : {}
      const { status, text } = await ask('/v1/roles.list', { headers })
      deepEqual([status, text], [401, '"errors.auth.MissingToken"'])
    }
  })

  it('lists organisations with the documented members', async () => {
    const organisations = await listed('organizations.list')
    deepEqual(
      organisations.map(({ name, blocked }) => [name, blocked]),
      [
        ['demo', false],
        ['second', false],
        ['closed', true],
      ],
    )
    deepEqual(organisations[0], {
      id: 'aaaaaaaa-5eed-4000-8000-000000000001',
      name: 'demo',
      displayName: 'Demo News',
      whitelistCallbackUrls: '["demo.example.com"]',
      blocked: false,
      groupsClaim: 'groups',
    })
  })

  it('lists units, mappings and subjects of one organisation', async () => {
    const { id } = await organisation('demo')
    const units = await listed(`units.list?organizationId=${id}`)
    deepEqual(
      units.map(({ name, displayName }) => [name, displayName]),
      [
        ['north', 'North'],
        ['south', 'South'],
        ['west', 'West'],
      ],
    )
    const mappings = await listed(`organizations.listGroupToRoleMappings?organizationId=${id}`)
    equal(mappings.length, 5)
    deepEqual(Object.keys(mappings.find(({ group }) => group === 'chiefs') ?? {}).sort(), [
      'group',
      'organizationId',
      'roleId',
    ])
    const subjects = await listed(`subjects.list?organizationId=${id}`)
    equal(subjects.length, 3)
    deepEqual(subjects[0], {
      id: 'ffffffff-5eed-4000-8000-000000000001',
      organizationId: id,
      organizationSubject: 'demo_ffffffff-5eed-4000-8000-000000000001',
      blocked: false,
    })
    equal((await admin('units.list')).text, '"errors.api.BadRequestError"')
    deepEqual(await listed('units.list?organizationId=other'), [])
  })

  it('lists roles, services and permissions that fit together', async () => {
    const [roles, services, permissions] = [
      await listed('roles.list'),
      await listed('services.list'),
      await listed('permissions.list'),
    ]
    const ids = (list: Json[]) => list.map(({ id }) => id)
    for (const { serviceId } of [...roles, ...permissions]) ok(ids(services).includes(serviceId))
    for (const { permissions: held } of roles)
      for (const id of held as unknown[]) ok(ids(permissions).includes(id))
    const parents = roles.flatMap(({ parentRoleId }) => (parentRoleId === undefined ? [] : [parentRoleId]))
    equal(parents.length, 2)
    for (const parent of parents) ok(ids(roles).includes(parent))
  })

  it('logs out, blocks and unblocks organisations', async () => {
    const { id } = await organisation('demo')
    for (const call of ['logout', 'block'])
      deepEqual(await admin(`organizations.${call}`, { id: String(id) }).then(({ status }) => status), 204)
    const { blocked, notBefore } = await organisation('demo')
    equal(blocked, true)
    ok(Math.abs(Number(notBefore) - Date.now() / 1000) < 5)
    equal((await ask(loginPath('demo', callback))).status, 403)

    equal((await admin('organizations.unblock', { id: String(id) })).status, 204)
    equal((await organisation('demo')).blocked, false)
  })

  it('logs out, blocks and unblocks subjects', async () => {
    const { id: organizationId } = await organisation('demo')
    const list = `subjects.list?organizationId=${organizationId}`
    const [{ organizationSubject } = {}] = await listed(list)
    const whom = { organizationId, organizationSubject }
    for (const call of ['logout', 'block']) equal((await admin(`subjects.${call}`, whom)).status, 204)
    const [subject] = await listed(list)
    equal(subject?.blocked, true)
    ok(Math.abs(Number(subject?.notBefore) - Date.now() / 1000) < 5)
    equal((await ask(loginPath('demo', callback, '&subject=editor'))).status, 403)

    equal((await admin('subjects.unblock', whom)).status, 204)
    equal((await ask(loginPath('demo', callback, '&subject=editor'))).status, 302)
  })

  it('refuses bad bodies and unknown calls', async () => {
    for (const [call, body] of [
      ['organizations.block', {}],
      ['organizations.block', { id: 'other' }],
      ['subjects.logout', { organizationId: 1, organizationSubject: 'x' }],
      ['subjects.block', { organizationId: 'x', organizationSubject: 'x' }],
    ] as const) {
      const { status, text } = await admin(call, body)
      deepEqual([status, text], [400, '"errors.api.BadRequestError"'], call)
    }
    for (const call of ['organizations.remove', 'organizations.constructor', 'units.block', 'roles.list'])
      equal((await admin(call, {})).status, 404, call)
    equal((await admin('subjects.block')).status, 404)
  })
})
