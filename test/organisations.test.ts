import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fetchOrganisations, returnDomains } from '../lib/organisations.ts'
import { isPublicSuffix } from '../lib/public-suffix.ts'
import type { AdminList, Upstream } from '../lib/upstream.ts'

/** The Admin API's lists as they come, and what is made of them. */

type Lists = Partial<Record<AdminList, unknown>>

const lists: Lists = {
  'organizations.list': [
    { id: 'o1', name: 'demo', whitelistCallbackUrls: '["example.com"]', blocked: false },
  ],
  'units.list': [
    { id: 'u2', name: 'south', displayName: 'South' },
    { id: 'u1', name: 'north', displayName: 'North' },
  ],
  'organizations.listGroupToRoleMappings': [{ group: 'desk', roleId: 'r1', unitId: 'u1' }],
  'roles.list': [{ id: 'r1', name: 'writer', permissions: ['p1'] }],
  'services.list': [{ id: 's1', name: 'svc' }],
  'permissions.list': [{ id: 'p1', serviceId: 's1', name: 'read' }],
  'subjects.list': [],
}

/** An Admin API that answers with these lists, and notes what it was asked. */
const answering = (more: Lists = {}) => {
  const asked: string[] = []
  const upstream: Upstream = {
    hasAdmin: true,
    keySet: () => Promise.reject(new Error('not asked')),
    list: async (name, organizationId) => {
      asked.push(organizationId === undefined ? name : `${name} ${organizationId}`)
      return { ...lists, ...more }[name]
    },
  }
  return { upstream, asked }
}

const made = async (more: Lists = {}) => fetchOrganisations(answering(more).upstream, isPublicSuffix)
const one = async (more: Lists = {}) => {
  const [organisation] = await made(more)
  if (organisation === undefined) throw new TypeError('no organisation')
  return organisation
}
const organisations = (...rows: object[]): Lists => ({ 'organizations.list': rows })
const mappings = (...rows: object[]): Lists => ({ 'organizations.listGroupToRoleMappings': rows })
const subjects = (...rows: object[]): Lists => ({ 'subjects.list': rows })
const mapping = { group: 'desk', roleId: 'r1', unitId: 'u1' }

describe('Organisations of the Admin API', () => {
  it('are asked for by id, each with its units, mappings and subjects', async () => {
    const { upstream, asked } = answering(
      organisations({ id: 'o1', name: 'demo' }, { id: 'o/2', name: 'other' }),
    )
    await fetchOrganisations(upstream, isPublicSuffix)
    deepEqual(asked.toSorted(), [
      'organizations.list',
      'organizations.listGroupToRoleMappings o/2',
      'organizations.listGroupToRoleMappings o1',
      'permissions.list',
      'roles.list',
      'services.list',
      'subjects.list o/2',
      'subjects.list o1',
      'units.list o/2',
      'units.list o1',
    ])
  })

  it('become names, domains, a directory and ends, sorted', async () => {
    deepEqual(await made(), [
      {
        name: 'demo',
        blocked: false,
        notBefore: 0,
        domains: ['example.com'],
        directory: {
          units: [
            { name: 'north', displayName: 'North' },
            { name: 'south', displayName: 'South' },
          ],
          mappings: [{ group: 'desk', role: 'r1', unit: 'north' }],
          roles: { r1: ['svc:read'] },
        },
        ended: [],
      },
    ])
    deepEqual(
      (await made(organisations({ id: '2', name: 'b' }, { id: '1', name: 'a' }, { id: '3', name: 'c' }))).map(
        ({ name }) => name,
      ),
      ['a', 'b', 'c'],
    )
  })

  it('may wrap their values, as very old deployments do', async () => {
    const wrapped = (row: object) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, { value }]))
    const all = Object.fromEntries(
      Object.entries(lists).map(([name, rows]) => [name, (rows as object[]).map(wrapped)]),
    )
    deepEqual(await made({ ...all, 'roles.list': lists['roles.list'] }), await made())
    equal((await one(organisations({ id: 'o1', name: 'demo', blocked: { value: 'true' } }))).blocked, true)
    equal((await one(organisations({ id: 'o1', name: 'demo', notBefore: { value: 7 } }))).notBefore, 7)
    equal(
      (await one(organisations({ id: 'o1', name: 'demo', blocked: { value: true, more: 1 } }))).blocked,
      false,
    )
  })

  for (const [blocked, expected] of [
    [true, true],
    ['true', true],
    [false, false],
    ['false', false],
    [1, false],
    [undefined, false],
  ] as const)
    it(`are ${expected ? '' : 'not '}blocked when they say ${JSON.stringify(blocked)}`, async () =>
      equal((await one(organisations({ id: 'o1', name: 'demo', blocked }))).blocked, expected))

  for (const [notBefore, expected] of [
    [1, 1],
    [1_700_000_000, 1_700_000_000],
    [0, 0],
    [-1, 0],
    [1.5, 0],
    ['7', 0],
    [null, 0],
  ] as const)
    it(`were signed out at ${expected} when they say ${JSON.stringify(notBefore)}`, async () =>
      equal((await one(organisations({ id: 'o1', name: 'demo', notBefore }))).notBefore, expected))

  it('are left out when nobody could sign in at their name, and refused when none is left', async () => {
    const rows = [{ id: 'o1', name: 'a/b' }, { id: 'o2', name: '' }, { id: 'o3' }, { id: 'o4', name: 'demo' }]
    deepEqual(
      (await made(organisations(...rows))).map(({ name }) => name),
      ['demo'],
    )
    await rejects(made(organisations(...rows.slice(0, 3))), {
      message: 'organizations.list: no organisation',
      passing: false,
    })
  })

  for (const [name, document] of [
    ['organizations.list', { list: [] }],
    ['units.list', 'none'],
    ['subjects.list', [null]],
    ['roles.list', [[], 'x']],
    ['services.list', undefined],
    ['permissions.list', [5]],
    ['organizations.listGroupToRoleMappings', null],
  ] as const)
    it(`are refused whole when ${name} is no list of objects`, () =>
      rejects(made({ [name]: document }), {
        name: 'UpstreamError',
        message: `${name}: not a list of objects`,
        passing: false,
      }))
})

describe('A mapping', () => {
  for (const [what, row, held] of [
    ['to a unit', mapping, [{ group: 'desk', role: 'r1', unit: 'north' }]],
    ['without a unit is for all of them', { ...mapping, unitId: undefined }, [{ group: 'desk', role: 'r1' }]],
    [
      'with null for a unit is for all of them',
      { ...mapping, unitId: null },
      [{ group: 'desk', role: 'r1' }],
    ],
    [
      'with no text for a unit is for all of them',
      { ...mapping, unitId: '' },
      [{ group: 'desk', role: 'r1' }],
    ],
    ['to a unit that is gone', { ...mapping, unitId: 'u9' }, []],
    ['to a unit that is a number', { ...mapping, unitId: 17 }, []],
    ['to a unit that is false', { ...mapping, unitId: false }, []],
    ['to a unit that is an object', { ...mapping, unitId: { id: 'u1' } }, []],
    ['to a unit in a list', { ...mapping, unitId: ['u1'] }, []],
    ['to a role that is gone', { ...mapping, roleId: 'r9' }, []],
    ['of no group', { ...mapping, group: '' }, []],
    ['of a group that is no text', { ...mapping, group: ['desk'] }, []],
  ] as const)
    it(what, async () => deepEqual((await one(mappings(row))).directory.mappings, held))

  it('grants no unit that has no id', async () => {
    const units = [{ name: 'stray', displayName: 'Stray' }]
    const wide = { ...mapping, unitId: undefined }
    deepEqual((await one({ 'units.list': units, ...mappings(wide) })).directory.mappings, [
      { group: 'desk', role: 'r1' },
    ])
    const unreadable = { ...mapping, unitId: 17 }
    deepEqual((await one({ 'units.list': units, ...mappings(unreadable) })).directory.mappings, [])
  })

  it('is the same in whatever order it comes', async () => {
    const rows = [
      { ...mapping, group: 'b' },
      { ...mapping, group: 'a', unitId: 'u2' },
      { ...mapping, group: 'a' },
      { ...mapping, group: 'a', unitId: null },
      { ...mapping, group: 'a', roleId: 'r0' },
    ]
    const roles = [...(lists['roles.list'] as object[]), { id: 'r0', permissions: [] }]
    const units = [
      { id: 'u1', name: 'A' },
      { id: 'u2', name: 'south' },
    ]
    const sorted = [
      { group: 'a', role: 'r1' },
      { group: 'a', role: 'r0', unit: 'A' },
      { group: 'a', role: 'r1', unit: 'A' },
      { group: 'a', role: 'r1', unit: 'south' },
      { group: 'b', role: 'r1', unit: 'A' },
    ]
    for (const order of [rows, rows.toReversed()]) {
      const { directory } = await one({ 'units.list': units, 'roles.list': roles, ...mappings(...order) })
      deepEqual(directory.mappings, sorted)
      deepEqual(Object.keys(directory.roles), ['r0', 'r1'])
    }
  })
})

describe('A unit', () => {
  it('without a name is none, and one without a name to show shows its own', async () => {
    const units = [{ id: 'u1', name: '' }, { id: 'u2' }, { id: 'u3', name: 'west' }, { id: 'u4', name: 5 }]
    deepEqual((await one({ 'units.list': units, ...mappings() })).directory.units, [
      { name: 'west', displayName: 'west' },
    ])
  })
})

describe('A role', () => {
  const permissions = [
    { id: 'p1', serviceId: 's1', name: 'read' },
    { id: 'p2', serviceId: 's1', name: 'write' },
    { id: 'p3', serviceId: 's9', name: 'stray' },
  ]
  const rolesOf = async (...roles: object[]) =>
    (await one({ 'roles.list': roles, 'permissions.list': permissions })).directory.roles.r1

  for (const [what, roles, expected] of [
    [
      'has its own permissions, sorted, each once',
      [{ id: 'r1', permissions: ['p2', 'p1', 'p2'] }],
      ['svc:read', 'svc:write'],
    ],
    [
      'has those of its parents too',
      [
        { id: 'r1', permissions: ['p2'], parentRoleId: 'r2' },
        { id: 'r2', permissions: [], parentRoleId: 'r3' },
        { id: 'r3', permissions: ['p1', 'p2'] },
      ],
      ['svc:read', 'svc:write'],
    ],
    [
      'ends where a circle of parents began',
      [
        { id: 'r1', permissions: ['p1'], parentRoleId: 'r2' },
        { id: 'r2', permissions: ['p2'], parentRoleId: 'r1' },
      ],
      ['svc:read', 'svc:write'],
    ],
    ['has none that nobody knows', [{ id: 'r1', permissions: ['p9', 5], parentRoleId: 'r9' }], []],
    ['has none when they are no list', [{ id: 'r1', permissions: 'p1' }], []],
    ['names a service that is gone by nothing', [{ id: 'r1', permissions: ['p3'] }], [':stray']],
  ] as const)
    it(what, async () => deepEqual(await rolesOf(...roles), expected))

  it('that nobody is mapped to is left out', async () => {
    const { directory } = await one({ 'roles.list': [{ id: 'r1' }, { id: 'r2' }] })
    deepEqual(Object.keys(directory.roles), ['r1'])
  })
})

describe('A subject', () => {
  for (const [what, row, ended] of [
    ['that is neither blocked nor signed out is not kept', { id: 'x', blocked: false }, []],
    [
      'that is blocked is kept under every name a token may give it',
      { id: 'x', organizationSubject: 'y@example.com', blocked: true },
      [
        { name: 'demo_x', blocked: true },
        { name: 'x', blocked: true },
        { name: 'y@example.com', blocked: true },
      ],
    ],
    [
      'that was signed out is kept with the time',
      { id: 'x', organizationSubject: 'x', notBefore: 7 },
      [
        { name: 'demo_x', blocked: false, notBefore: 7 },
        { name: 'x', blocked: false, notBefore: 7 },
      ],
    ],
    [
      'without an id has one name',
      { organizationSubject: 'y', blocked: true },
      [{ name: 'y', blocked: true }],
    ],
    ['without any name is nobody', { blocked: true }, []],
    ['of a name with a lone surrogate is nobody', { organizationSubject: '\ud800', blocked: true }, []],
    [
      'of a name that fits a key, just',
      { organizationSubject: 'n'.repeat(900), blocked: true },
      [{ name: 'n'.repeat(900), blocked: true }],
    ],
    ['of a name that fits no key is nobody', { organizationSubject: 'n'.repeat(901), blocked: true }, []],
    [
      'of a name that is too long once it is encoded is nobody',
      { organizationSubject: 'é'.repeat(151), blocked: true },
      [],
    ],
  ] as const)
    it(what, async () => deepEqual((await one(subjects(row))).ended, ended))
})

describe('Two subjects of one name', () => {
  const [blocked, signedOut, later] = [
    { organizationSubject: 'y', blocked: true },
    { organizationSubject: 'y', notBefore: 5 },
    { organizationSubject: 'y', notBefore: 7 },
  ]
  for (const rows of [
    [blocked, signedOut, later],
    [later, signedOut, blocked],
  ])
    it(`are one, and the stricter word counts: ${JSON.stringify(rows)}`, async () =>
      deepEqual((await one(subjects(...rows)))?.ended, [{ name: 'y', blocked: true, notBefore: 7 }]))
})

describe('Return domains', () => {
  for (const [what, listed, domains] of [
    [
      'are bare domains in lower case, sorted, each once',
      ['b.Example', 'a.example', 'b.example'],
      ['a.example', 'b.example'],
    ],
    ['may be wrapped', [{ value: 'a.example' }], ['a.example']],
    ['are no public suffixes', ['com', 'co.uk', 'github.io'], []],
    ['are no addresses', ['127.0.0.1', '10.0.0.300', '2130706433'], []],
    [
      'have labels of letters, digits and hyphens',
      ['-a.example', 'a-.example', 'a_b.example', 'a..example', 'é.example'],
      [],
    ],
    [
      'have no dot, wildcard, port, scheme or path',
      ['.a.example', 'a.example.', '*.a.example', 'a.example:1', 'https://a.example', 'a.example/'],
      [],
    ],
    ['are texts', [5, null, ['a.example'], ''], []],
    [
      'have labels of 63 characters at most',
      [`${'a'.repeat(63)}.example`, `${'a'.repeat(64)}.example`],
      [`${'a'.repeat(63)}.example`],
    ],
    [
      'may have labels of one character, or numbers in front',
      ['a.example', '1.2.example'],
      ['1.2.example', 'a.example'],
    ],
  ] as const)
    it(what, () => deepEqual(returnDomains(listed, isPublicSuffix), domains))

  for (const [what, text, domains] of [
    ['no JSON', 'example.com', []],
    ['JSON that is no list', '{"0":"example.com"}', []],
    ['a text in JSON', '"example.com"', []],
    ['nothing', undefined, []],
    ['a list that is not JSON text', ['example.com'], []],
    ['an empty list', '[]', []],
    ['two domains', '["example.com","example.org"]', ['example.com', 'example.org']],
  ] as const)
    it(`come from ${what}`, async () =>
      deepEqual(
        (await one(organisations({ id: 'o1', name: 'demo', whitelistCallbackUrls: text }))).domains,
        domains,
      ))
})
