import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { adminApi, returnDomains } from '../lib/refresh/fetch-organisations.ts'
import { isPublicSuffix } from '../lib/refresh/public-suffix.ts'
import { answering, everything, lists, made, one, organisations, subjects } from './support/admin-lists.ts'
import { each } from './support/each.ts'

describe('Organisations of the Admin API', () => {
  it('are asked for by id, each with its units, mappings and subjects', async () => {
    const { upstream, asked } = answering(
      organisations({ id: 'o1', name: 'demo' }, { id: 'o/2', name: 'other' }),
    )
    await everything(upstream)
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

  each('are blocked unless they say that they are not', [
    [true, true],
    ['true', true],
    [false, false],
    ['false', false],
    [1, false],
    [undefined, false],
  ])(async ([blocked, expected]) =>
    equal((await one(organisations({ id: 'o1', name: 'demo', blocked }))).blocked, expected),
  )

  each('were signed out at the instant that they say', [
    [1, 1],
    [1_700_000_000, 1_700_000_000],
    [0, 0],
    [-1, 0],
    [1.5, 0],
    ['7', 0],
    [null, 0],
  ])(async ([notBefore, expected]) =>
    equal((await one(organisations({ id: 'o1', name: 'demo', notBefore }))).notBefore, expected),
  )

  it('are left out when nobody could sign in at their name, and refused when none is left', async () => {
    const rows = [{ id: 'o1', name: 'a/b' }, { id: 'o2', name: '' }, { id: 'o3' }, { id: 'o4', name: 'demo' }]
    deepEqual(
      (await made(organisations(...rows))).map(({ name }) => name),
      ['demo'],
    )
    await rejects(made(organisations(...rows.slice(0, 3))), {
      message: 'organizations.list: no organisation',
      transient: false,
    })
  })

  each('are refused whole when a list is no list of objects', [
    ['organizations.list', { list: [] }],
    ['units.list', 'none'],
    ['subjects.list', [null]],
    ['roles.list', [[], 'x']],
    ['services.list', undefined],
    ['permissions.list', [5]],
    ['organizations.listGroupToRoleMappings', null],
  ])(([name, document]) =>
    rejects(made({ [name]: document }), {
      name: 'UpstreamError',
      message: `${name}: not a list of objects`,
      transient: false,
    }),
  )
})

describe('A subject', () => {
  each('is kept when it is blocked or signed out, under every name that a token may give it', [
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
  ])(async ([, row, ended]) => deepEqual((await one(subjects(row))).ended, ended))
})

describe('Two subjects of one name', () => {
  const [blocked, signedOut, later] = [
    { organizationSubject: 'y', blocked: true },
    { organizationSubject: 'y', notBefore: 5 },
    { organizationSubject: 'y', notBefore: 7 },
  ]
  each('are one, and the stricter row counts', [
    [blocked, signedOut, later],
    [later, signedOut, blocked],
  ])(async (rows) =>
    deepEqual((await one(subjects(...rows)))?.ended, [{ name: 'y', blocked: true, notBefore: 7 }]),
  )
})

describe('Return domains', () => {
  each('come from whichever form the row has', [
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
  ])(([, listed, domains]) => deepEqual(returnDomains(listed, isPublicSuffix), domains))

  each('come from each form of the list', [
    ['nothing', undefined, []],
    ['null', null, []],
    ['no text', '', []],
    ['an empty list', '[]', []],
    ['two domains', '["example.com","example.org"]', ['example.com', 'example.org']],
  ])(async ([, text, domains]) =>
    deepEqual(
      (await one(organisations({ id: 'o1', name: 'demo', whitelistCallbackUrls: text }))).domains,
      domains,
    ),
  )

  each('make no sense in any other form', [
    ['no JSON', 'example.com'],
    ['JSON that is no list', '{"0":"example.com"}'],
    ['a text in JSON', '"example.com"'],
    ['a list that is not JSON text', ['example.com']],
  ])(([, whitelistCallbackUrls]) =>
    rejects(one(organisations({ id: 'o1', name: 'demo', whitelistCallbackUrls })), {
      name: 'UnusableData',
      message: 'whitelistCallbackUrls: not a list in JSON',
    }),
  )
})

describe('Rows that make no sense', () => {
  const odd = [null, 5, 'text', [], {}, { id: null, name: null }, { id: '\ud800', name: '\ud800' }]

  it('are passed over in every list, and never fatal', async () => {
    const withOdd = Object.fromEntries(
      Object.entries(lists).map(([name, rows]) => [name, [...odd, ...(rows as object[]), ...odd]]),
    )
    deepEqual(await made(withOdd), await made())
  })

  it('are none in a list that holds only them', () =>
    rejects(made({ 'units.list': [null, 5] }), { message: 'units.list: not a list of objects' }))

  each('leave an organisation known by its name alone, with its block, when its id makes no sense', [
    null,
    '\ud800',
    undefined,
    7,
  ])(async (id) => {
    const source = adminApi(
      answering(organisations({ id, name: 'demo', blocked: true })).upstream,
      isPublicSuffix,
    )
    deepEqual(await source.list(), [{ name: 'demo', blocked: true, notBefore: 0 }])
    const message = 'listed without an id'
    await rejects(source.content('demo'), { name: 'UnusableData', message })
    await rejects(source.ended('demo'), { name: 'UnusableData', message })
  })
})

describe('Two rows of one name', () => {
  const open = { id: 'o1', name: 'demo', whitelistCallbackUrls: '["a.example"]' }
  const blocked = { ...open, id: 'o2', blocked: true, notBefore: 9 }
  each('are one organisation, and the stricter row counts', [
    [open, blocked],
    [blocked, open],
  ])(async (rows) => {
    const { upstream } = answering(organisations(...rows))
    const source = adminApi(upstream, isPublicSuffix)
    deepEqual(await source.list(), [{ name: 'demo', blocked: true, notBefore: 9 }])
    await rejects(source.content('demo'), { message: 'listed twice, in different ways' })
  })

  it('end the subjects of both', async () => {
    const { upstream } = answering(organisations(open, blocked))
    const subject = (id?: string) => [{ organizationSubject: `of ${id}`, blocked: true }]
    const source = adminApi(
      {
        ...upstream,
        list: async (name, id) => (name === 'subjects.list' ? subject(id) : upstream.list(name, id)),
      },
      isPublicSuffix,
    )
    await source.list()
    deepEqual(
      (await source.ended('demo')).map(({ name }) => name),
      ['of o1', 'of o2'],
    )
  })

  it('that say the same are one row', async () => {
    deepEqual((await made(organisations(open, { ...open }))).length, 1)
  })
})
