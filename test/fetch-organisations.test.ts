import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { instant, isAbsent, text, truth } from '../lib/refresh/admin-rows.ts'
import { adminApi, returnDomains } from '../lib/refresh/fetch-organisations.ts'
import { isPublicSuffix } from '../lib/refresh/public-suffix.ts'
import { answering, everything, lists, made, one, organisations, subjects } from './support/admin-lists.ts'
import { each } from './support/each.ts'

/** The organisation `demo`, with these members of its row. */
const demo = (more: object) => one(organisations({ id: 'o1', name: 'demo', ...more }))
const sourceOf = (...rows: object[]) => adminApi(answering(organisations(...rows)).upstream, isPublicSuffix)
const namesOf = (rows: readonly { name: string }[]): string[] => rows.map(({ name }) => name)

each<readonly [read: (value: unknown) => unknown, value: unknown, expected: unknown]>(
  'A value of the Admin API may be wrapped in an object, and is ignored when its type is wrong',
  [
    [truth, true, true],
    [truth, 'true', true],
    [truth, { value: true }, true],
    [truth, { value: true, more: 1 }, false],
    [truth, 'false', false],
    [truth, 1, false],
    [instant, 1, 1],
    [instant, { value: 7 }, 7],
    [instant, -1, 0],
    [instant, 1.5, 0],
    [instant, '7', 0],
    [text, 'a', 'a'],
    [text, { value: 'a' }, 'a'],
    [text, 7, ''],
    [text, '\ud800', ''],
    [isAbsent, { value: '' }, true],
    [isAbsent, null, true],
    [isAbsent, 0, false],
  ],
)(([read, value, expected]) => equal(read(value), expected))

describe('Organisations of the Admin API', () => {
  it('are requested by id, each with its units, mappings and subjects', async () => {
    const rows = organisations({ id: 'o1', name: 'demo' }, { id: 'o/2', name: 'other' })
    const { upstream, asked } = answering(rows)
    await everything(upstream)
    const own = ['organizations.listGroupToRoleMappings', 'subjects.list', 'units.list']
    deepEqual(
      asked.toSorted(),
      [
        ...['organizations.list', 'permissions.list', 'roles.list', 'services.list'],
        ...own.flatMap((list) => [`${list} o/2`, `${list} o1`]),
      ].sort(),
    )
  })

  it('become sorted names, domains, directories and ended subjects', async () => {
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
    const rows = organisations({ id: '2', name: 'b' }, { id: '1', name: 'a' }, { id: '3', name: 'c' })
    deepEqual(namesOf(await made(rows)), ['a', 'b', 'c'])
  })

  it('are left out when their name is invalid, and an empty list fails the refresh', async () => {
    const rows = [{ id: 'o1', name: 'a/b' }, { id: 'o2', name: '' }, { id: 'o3' }, { id: 'o4', name: 'demo' }]
    deepEqual(namesOf(await made(organisations(...rows))), ['demo'])
    const refused = {
      name: 'UpstreamError',
      message: 'organizations.list: no organisation',
      transient: false,
    }
    await rejects(made(organisations(...rows.slice(0, 3))), refused)
  })

  each('fail the refresh when a response is not a list of objects', [
    ['organizations.list', { list: [] }],
    ['units.list', [null, 5]],
    ['services.list', undefined],
  ])(([name, document]) =>
    rejects(made({ [name]: document }), {
      name: 'UpstreamError',
      message: `${name}: not a list of objects`,
      transient: false,
    }),
  )
})

describe('A subject', () => {
  const ended = (names: readonly string[], more: object = { blocked: true }) =>
    names.map((name) => ({ name, ...more }))
  const long = (letter: string, times: number) => ({
    organizationSubject: letter.repeat(times),
    blocked: true,
  })

  each('is kept when it is blocked or signed out, under every name that a token may contain', [
    [{ id: 'x', blocked: false }, []],
    [
      { id: 'x', organizationSubject: 'y@example.com', blocked: true },
      ended(['demo_x', 'x', 'y@example.com']),
    ],
    [
      { id: 'x', organizationSubject: 'x', notBefore: 7 },
      ended(['demo_x', 'x'], { blocked: false, notBefore: 7 }),
    ],
    [{ organizationSubject: 'y', blocked: true }, ended(['y'])],
    // Ignored: no name, a lone surrogate in it, or too long for a key once it is encoded.
    [{ blocked: true }, []],
    [{ organizationSubject: '\ud800', blocked: true }, []],
    [long('n', 900), ended(['n'.repeat(900)])],
    [long('n', 901), []],
    [long('é', 151), []],
  ])(async ([row, expected]) => deepEqual((await one(subjects(row))).ended, expected))

  const y = { organizationSubject: 'y' }
  const rows = [
    { ...y, blocked: true },
    { ...y, notBefore: 5 },
    { ...y, notBefore: 7 },
  ]
  each('that is listed twice is stored once, with the stricter values of both rows', [
    rows,
    rows.toReversed(),
  ])(async (twins) =>
    deepEqual((await one(subjects(...twins))).ended, [{ name: 'y', blocked: true, notBefore: 7 }]),
  )
})

describe('Return domains', () => {
  const label = 'a'.repeat(63)
  each('are bare domains in lower case, sorted and without duplicates', [
    [
      ['b.Example', 'a.example', 'b.example'],
      ['a.example', 'b.example'],
    ],
    [[{ value: 'a.example' }], ['a.example']],
    [[`${label}.example`, `a${label}.example`], [`${label}.example`]],
    [
      ['a.example', '1.2.example'],
      ['1.2.example', 'a.example'],
    ],
    ...[
      // Public suffixes, addresses, labels with other characters, URLs, wildcards and other types.
      ...['com', 'co.uk', 'github.io', '127.0.0.1', '10.0.0.300', '2130706433', '-a.example', 'a-.example'],
      ...['a_b.example', 'a..example', 'é.example', '.a.example', 'a.example.', '*.a.example', 'a.example:1'],
      ...['https://a.example', 'a.example/', 5, null, ['a.example'], ''],
    ].map((none) => [[none], []] as const),
  ])(([listed, domains]) => deepEqual(returnDomains(listed, isPublicSuffix), domains))

  each('are parsed from a JSON list; an absent or empty value means none', [
    ...[undefined, null, '', '[]'].map((none) => [none, []] as const),
    ['["example.com","example.org"]', ['example.com', 'example.org']],
  ])(async ([text, domains]) => deepEqual((await demo({ whitelistCallbackUrls: text })).domains, domains))

  each('make the data of the organisation unusable in any other form', [
    ...['example.com', '{"0":"example.com"}', '"example.com"', ['example.com']],
  ])((whitelistCallbackUrls) =>
    rejects(demo({ whitelistCallbackUrls }), {
      name: 'UnusableData',
      message: 'whitelistCallbackUrls: not a list in JSON',
    }),
  )
})

describe('Malformed rows', () => {
  const odd = [null, 5, 'text', [], {}, { id: null, name: null }, { id: '\ud800', name: '\ud800' }]

  it('are ignored in every list', async () => {
    const withOdd = Object.fromEntries(
      Object.entries(lists).map(([name, rows]) => [name, [...odd, ...(rows as object[]), ...odd]]),
    )
    deepEqual(await made(withOdd), await made())
  })

  each('with a malformed id keep the name and block of the organisation, without content', [
    ...[null, '\ud800', undefined, 7],
  ])(async (id) => {
    const source = sourceOf({ id, name: 'demo', blocked: true })
    deepEqual(await source.list(), [{ name: 'demo', blocked: true, notBefore: 0 }])
    const unusable = { name: 'UnusableData', message: 'listed without an id' }
    await rejects(source.content('demo'), unusable)
    await rejects(source.ended('demo'), unusable)
  })
})

describe('Two rows with the same organisation name', () => {
  const open = { id: 'o1', name: 'demo', whitelistCallbackUrls: '["a.example"]' }
  const blocked = { ...open, id: 'o2', blocked: true, notBefore: 9 }

  each('are one organisation, with the stricter block and sign-out of both', [
    [open, blocked],
    [blocked, open],
  ])(async (rows) => {
    const source = sourceOf(...rows)
    deepEqual(await source.list(), [{ name: 'demo', blocked: true, notBefore: 9 }])
    await rejects(source.content('demo'), { message: 'listed twice, in different ways' })
  })

  it('end the subjects of both', async () => {
    const { upstream } = answering(organisations(open, blocked))
    const list: typeof upstream.list = async (name, id) =>
      name === 'subjects.list'
        ? [{ organizationSubject: `of ${id}`, blocked: true }]
        : upstream.list(name, id)
    const source = adminApi({ ...upstream, list }, isPublicSuffix)
    await source.list()
    deepEqual(namesOf(await source.ended('demo')), ['of o1', 'of o2'])
  })

  it('that are equal count as one row', async () => {
    const listed = await sourceOf(open, { ...open }).list()
    deepEqual(listed, [{ name: 'demo', blocked: false, notBefore: 0 }])
    const elsewhere = sourceOf(open, { ...open, whitelistCallbackUrls: '["b.example"]' })
    await elsewhere.list()
    await rejects(elsewhere.content('demo'), { message: 'listed twice, in different ways' })
  })
})
