import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readConfig } from '../lib/config.ts'
import { jar } from '../lib/http/cookies.ts'
import { incoming } from '../lib/http/messages.ts'
import { identityHeaders } from '../lib/session/identity-headers.ts'
import { claims } from './contract/given.ts'
import { each } from './support/each.ts'
import { eventOf, requiredSettings } from './support/events.ts'

type Described = Parameters<typeof identityHeaders>[1]

const config = readConfig(requiredSettings)
const fromProxy = { 'sec-imid-proxy': '1' }
const nothing = {
  claims: claims(),
  raw: '',
  units: [],
  preferred: null,
  permissions: { org: new Set<string>(), units: new Map() },
  unit: undefined,
}
const described = (
  more: Partial<Described>,
  cookies: readonly string[] = [],
  headers: Record<string, string> = fromProxy,
) =>
  identityHeaders(
    incoming(eventOf('authorize', { cookies, headers }), 'authorize', 0),
    { ...nothing, ...more },
    jar(config),
    { includeToken: false },
  )
describe('A list header about a person', () => {
  const [a, b] = ['a'.repeat(1000), 'b'.repeat(1043)]
  each('is complete up to 2,048 characters; a longer one ends after its last whole item', [
    [[a, `${b}bbbb`], `${a},${b}bbbb`, false],
    [[a, `${b}bbbbb`], `${a},...`, true],
    [[a, b, 'c', 'ddd'], `${a},${b},...`, true],
    [[a, `${b}b`, 'c', 'dd'], `${a},...`, true],
    // A unit named `...` is encoded, and so not mistaken for the mark of a cut.
    [['...', 'ö, b'], '%2E%2E%2E,%C3%B6%2C%20b', false],
  ])(([names, text, isCutOff]) => {
    const { headers, cutOff } = described({ units: names.map((name) => ({ name, displayName: '' })) })
    deepEqual([headers['x-imid-units'], cutOff], [text, isCutOff])
  })

  each('of permissions is sorted, and omits unit permissions that the organisation grants anyway', [
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

it('Name and email are percent-encoded, and cut off after 256 characters', () => {
  const { headers } = described({ claims: claims({ name: `å\r\n${'ö'.repeat(300)}`, email: '\ud800@x' }) })
  equal(headers['x-imid-name'], `%C3%A5%0D%0A${'%C3%B6'.repeat(253)}`)
  equal(headers['x-imid-email'], '%EF%BF%BD%40x')
})

describe('The x-imid-cookie header', () => {
  const cookies = [
    ...['a=1;  b=2 ', 'raw={"a":1,"b":"imidToken=x"}', 'name=värde', 'no-value', 'imidToken=a.b.c'],
    ...['__Host-imsg-login-abcdefgh=x', '__Host-imsg-rounds=x', '__Host-imsg-seal=xyz'],
  ]
  each('passes on cookies that are not ours, only to requests with sec-imid-proxy: 1', [
    [fromProxy, 'a=1; b=2; raw={"a":1,"b":"imidToken=x"}; no-value'],
    ...[{}, { 'sec-imid-proxy': '0' }, { 'sec-imid-proxy': '1, 1' }, { 'x-imid-proxy': '1' }].map(
      (headers) => [headers, ''] as const,
    ),
  ])(([headers, passed]) => equal(described({}, cookies, { ...headers }).headers['x-imid-cookie'], passed))
})
