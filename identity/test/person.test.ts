import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { after, afterEach, describe, it } from 'node:test'
import { uuid5 } from '../sign-in/person.ts'
import { startFaultyProvider } from './support/faulty-provider.ts'
import { claimsIn, codeIn, openService, organisation, providerOf } from './support/service.ts'
import { signIn, tokenIn } from './support/sign-in.ts'

const provider = await startFaultyProvider('imsg-demo')
after(provider.close)
afterEach(provider.well)
const service = await openService(
  Object.entries({
    demo: {},
    strict: { requiredClaims: { hd: 'example.test' } },
    path: { groupsClaim: 'realm_access.roles' },
    url: { groupsClaim: 'https://example.test/groups' },
    oid: { subjectClaim: 'oid' },
    moved: { trustOriginalSubject: true },
  }).map(([name, more]) =>
    organisation(name, providerOf(provider.issuer, { clientAuthentication: 'none', ...more })),
  ),
)

type Claims = Record<string, unknown>
const come = (claims: Claims, org = 'demo') => signIn(service, provider, { org, claims })
const tokenOf = async (claims: Claims, org?: string) => claimsIn(tokenIn(await come(claims, org)))

describe('A person', () => {
  it('in 300 groups keeps only the groups that a mapping names, so that the token stays small', async () => {
    const many = Array.from({ length: 300 }, (_, index) => `group-${index}`)
    const token = tokenIn(await come({ groups: [...many, 'south-desk', 'north-desk'] }))
    deepEqual(claimsIn(token).groups, ['north-desk', 'south-desk'])
    ok(token.length < 1200, String(token.length))
  })

  for (const [what, claims, org, groups] of [
    ['without groups', { groups: undefined }, 'demo', []],
    ['with one group instead of a list', { groups: 'north-desk' }, 'demo', ['north-desk']],
    [
      'with groups that are not strings',
      { groups: [1, null, { a: 1 }, 'north-desk'] },
      'demo',
      ['north-desk'],
    ],
    ['with groups at a path', { realm_access: { roles: ['north-desk'] } }, 'path', ['north-desk']],
    ['with groups under a URL', { 'https://example.test/groups': ['north-desk'] }, 'url', ['north-desk']],
    ['with a path that ends early', { realm_access: 'x' }, 'path', []],
  ] as const)
    it(`${what} signs in`, async () => deepEqual((await tokenOf(claims, org)).groups, groups))

  it('whose groups Entra left out is told what to configure', async () => {
    const answer = await come({ groups: undefined, _claim_names: { groups: 'src1' } })
    deepEqual([answer.statusCode, codeIn(answer)], [403, 'groups_overage'])
    match(answer.body ?? '', /only the groups that are assigned to this application/)
  })

  it('signs in only with the claims that the organisation requires', async () => {
    for (const claims of [{ hd: 'evil.test' }, {}])
      equal(codeIn(await come(claims, 'strict')), 'person_not_allowed')
    equal((await come({ hd: 'example.test' }, 'strict')).statusCode, 303)
  })

  it('is identified by the claim that the organisation names, and refused without it', async () => {
    const [first, second] = [
      { oid: 'o-1', sub: 'a' },
      { oid: 'o-1', sub: 'b' },
    ]
    equal((await tokenOf(first, 'oid')).sub, (await tokenOf(second, 'oid')).sub)
    equal(codeIn(await come({}, 'oid')), 'provider_misconfigured')
  })

  it('is identified by the UUID of issuer and subject', async () => {
    equal(uuid5('https://login.example.com|person-1'), '4bfb7a85-b1e1-557d-a361-f7ad75f1199f')
    equal((await tokenOf({})).sub, `demo_${uuid5(`${provider.issuer}|person-1`)}`)
  })

  it('is never identified by an e-mail address, which changes and is given to others', async () => {
    const { sub } = await tokenOf({ sub: 'a', email: 'desk@example.test' })
    equal((await tokenOf({ sub: 'a', email: 'new@example.test' })).sub, sub)
    ok((await tokenOf({ sub: 'b', email: 'desk@example.test' })).sub !== sub)
  })

  it('keeps the time of the sign-in at the provider, and leaves out what is too long', async () => {
    const { auth_time, userinfo } = await tokenOf({ auth_time: 1_700_000_000, picture: 'x'.repeat(513) })
    deepEqual([auth_time, userinfo], [1_700_000_000, { given_name: 'Edith' }])
  })

  it('keeps an earlier subject only where that is trusted, and only as a UUID of this organisation', async () => {
    const name = 'http://infomaker.io/originalSubject'
    const uuid = 'ffffffff-5eed-4000-8000-000000000001'
    for (const subject of [uuid, `moved_${uuid}`])
      equal((await tokenOf({ [name]: subject }, 'moved')).sub, subject)
    for (const value of [`demo_${uuid}`, 'admin', 7, `${uuid}\n`])
      equal(codeIn(await come({ [name]: value }, 'moved')), 'provider_answer_refused')
    const { sub } = await tokenOf({ [name]: uuid })
    ok(String(sub).startsWith('demo_') && !String(sub).includes(uuid))
  })
})
