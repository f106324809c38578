import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { each } from '../../test/support/each.ts'
import { organisationsFrom } from '../organisations.ts'
import { personFrom, uuid5 } from '../sign-in/person.ts'
import { organisation, providerOf } from './support/service.ts'

type Claims = Readonly<Record<string, unknown>>

const issuer = 'https://login.example.com'
/** The person of these claims at the organisation `demo`, with these settings of its provider. */
const personOf = (claims: Claims, provider: object = {}) => {
  const rows = [organisation('demo', providerOf(issuer, provider))]
  const demo = organisationsFrom({ organisations: rows }, false).organisations.get('demo')
  ok(demo)
  const idToken = { iss: issuer, sub: 'person-1', ...claims }
  return personFrom({ idToken, claims: idToken, raw: '' }, demo)
}

describe('The groups of a person', () => {
  const url = 'https://example.test/groups'
  const many = Array.from({ length: 300 }, (_, index) => `group-${index}`)
  each<readonly [Claims, groupsClaim: string, readonly string[]]>(
    'are the values of the groups claim that a mapping names',
    [
      [
        { groups: [...many, 'south-desk', 'north-desk', 'south-desk'] },
        'groups',
        ['north-desk', 'south-desk'],
      ],
      [{}, 'groups', []],
      [{ groups: 'north-desk' }, 'groups', ['north-desk']],
      [{ groups: [1, null, { a: 1 }, 'north-desk'] }, 'groups', ['north-desk']],
      [{ realm_access: { roles: ['north-desk'] } }, 'realm_access.roles', ['north-desk']],
      [{ realm_access: 'x' }, 'realm_access.roles', []],
      [{ [url]: ['north-desk'] }, url, ['north-desk']],
      [{ _claim_names: { others: 'src1' } }, 'groups', []],
    ],
  )(([claims, groupsClaim, groups]) => deepEqual(personOf(claims, { groupsClaim }).groups, groups))

  it('cause the error groups_overage when Entra omits them from the token', () =>
    throws(() => personOf({ _claim_names: { groups: 'src1' } }), { code: 'groups_overage' }))
})

describe('A person', () => {
  it('is refused without the claims that the organisation requires', () => {
    const strict = { requiredClaims: { hd: 'example.test' } }
    for (const claims of [{ hd: 'evil.test' }, {}])
      throws(() => personOf(claims, strict), { code: 'person_not_allowed' })
    personOf({ hd: 'example.test' }, strict)
  })

  it('has a subject derived from issuer and sub, independent of the e-mail address', () => {
    equal(uuid5('https://login.example.com|person-1'), '4bfb7a85-b1e1-557d-a361-f7ad75f1199f')
    const { subject } = personOf({ email: 'desk@example.test' })
    equal(subject, 'demo_4bfb7a85-b1e1-557d-a361-f7ad75f1199f')
    equal(personOf({ email: 'new@example.test' }).subject, subject)
    ok(personOf({ sub: 'person-2', email: 'desk@example.test' }).subject !== subject)
  })

  it('is identified by the configured subjectClaim, and refused without it', () => {
    const oid = { subjectClaim: 'oid' }
    equal(personOf({ oid: 'o-1', sub: 'a' }, oid).subject, personOf({ oid: 'o-1', sub: 'b' }, oid).subject)
    for (const claims of [{}, { oid: '' }, { oid: 7 }])
      throws(() => personOf(claims, oid), { code: 'provider_misconfigured' })
  })

  it('keeps auth_time, and drops userinfo values that are too long, empty or not text', () => {
    const { auth_time, userinfo } = personOf({
      auth_time: 1_700_000_000,
      given_name: 'x'.repeat(128),
      family_name: '',
      email: 7,
      picture: 'x'.repeat(513),
    })
    deepEqual([auth_time, userinfo], [1_700_000_000, { given_name: 'x'.repeat(128) }])
    equal(personOf({ auth_time: 'x' }).auth_time, undefined)
  })

  it('keeps originalSubject only if it is trusted and a UUID of this organisation', () => {
    const name = 'http://infomaker.io/originalSubject'
    const uuid = 'ffffffff-5eed-4000-8000-000000000001'
    const trusting = { trustOriginalSubject: true }
    for (const subject of [uuid, `demo_${uuid}`])
      equal(personOf({ [name]: subject }, trusting).subject, subject)
    for (const value of [`other_${uuid}`, 'admin', 7, `${uuid}\n`, `x${uuid}`])
      throws(() => personOf({ [name]: value }, trusting), { code: 'provider_answer_refused' })
    equal(personOf({ [name]: uuid }).subject, personOf({}).subject)
  })
})
