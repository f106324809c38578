import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Incoming, incoming } from '../lib/http/messages.ts'
import { identityHeaders } from '../lib/session/identity-headers.ts'
import { claims } from './contract/given.ts'
import { each } from './support/each.ts'
import { eventOf } from './support/gateway.ts'

const request = (cookies: readonly string[] = []): Incoming =>
  incoming(eventOf('authorize', { cookies, headers: { 'sec-imid-proxy': '1' } }), 'authorize', 0)

type Described = Parameters<typeof identityHeaders>[1]

const described = (more: Partial<Described>, from = request()) =>
  identityHeaders(
    from,
    {
      claims: claims(),
      raw: '',
      units: [],
      preferred: null,
      permissions: { org: new Set(), units: new Map() },
      unit: undefined,
      ...more,
    },
    { isOwn: () => false },
    { includeToken: false },
  )

describe('A list about a person', () => {
  const [a, b] = ['a'.repeat(1000), 'b'.repeat(1043)]
  each('is whole up to 2,048 characters, and ends after its last whole item beyond', [
    [[a, `${b}bbbb`], `${a},${b}bbbb`, false],
    [[a, `${b}bbbbb`], `${a},...`, true],
    [[a, b, 'c', 'ddd'], `${a},${b},...`, true],
    [[a, `${b}b`, 'c', 'dd'], `${a},...`, true],
  ])(([names, text, isCutOff]) => {
    const { headers, cutOff } = described({ units: names.map((name) => ({ name, displayName: '' })) })
    deepEqual([headers['x-imid-units'], cutOff], [text, isCutOff])
  })

  each('of permissions is sorted, and names none of a unit that the organisation grants', [
    ['north', 'a:a,a:x,b:x,c:y'],
    ['west', 'a:x,b:x'],
    [undefined, 'a:x,b:x,north/a:a,north/c:y,south/d:z'],
  ])(([unit, expected]) => {
    const permissions = {
      org: new Set(['b:x', 'a:x']),
      units: new Map([
        ['south', new Set(['d:z'])],
        ['north', new Set(['c:y', 'a:x', 'a:a'])],
      ]),
    }
    equal(decodeURIComponent(described({ permissions, unit }).headers['x-imid-permissions'] ?? ''), expected)
  })
})

describe('The cookies that a proxy passes on', () => {
  it('are those of the request, one space apart', () => {
    const { headers } = described({}, request(['a=1;  b=2 ', 'c=3']))
    equal(headers['x-imid-cookie'], 'a=1; b=2; c=3')
  })
})
