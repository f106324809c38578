import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { algorithms } from '../../lib/state/key-set.ts'
import { isProviderAddress, organisationsFrom } from '../organisations.ts'
import { organisation } from './support/service.ts'

const good = {
  wellKnownConfigUrl: 'https://login.example.com/demo/.well-known/openid-configuration',
  clientId: 'imsg-demo',
}
const problemsOf = (provider: Record<string, unknown>, loopback = false) =>
  organisationsFrom({ organisations: [organisation('demo', provider)] }, loopback).problems
const at = (host: string, path = '') => ({
  ...good,
  wellKnownConfigUrl: `https://${host}${path}/.well-known/openid-configuration`,
})

describe('The organisations file', () => {
  it('fills in what is not given', () => {
    const { organisations, problems } = organisationsFrom(
      { organisations: [organisation('demo', good)] },
      false,
    )
    deepEqual(problems, [])
    deepEqual(organisations.get('demo')?.provider, {
      ...good,
      clientAuthentication: 'client_secret_basic',
      scope: 'openid profile email',
      groupsClaim: 'groups',
      useUserinfoEndpoint: false,
      subjectClaim: 'sub',
      idTokenAlg: ['RS256'],
      requiredClaims: {},
      forceLoginPrompt: false,
      logoutAtProvider: true,
      sessionLifetime: 28_800,
      trustOriginalSubject: false,
    })
  })

  for (const [what, provider] of [
    ['an unknown member', { ...good, clientSecret: 'x' }],
    ['no client', { ...good, clientId: '' }],
    ['a scope without openid', { ...good, scope: 'profile' }],
    ['an unsigned ID token', { ...good, idTokenAlg: ['none'] }],
    ['an ID token signed by a secret', { ...good, idTokenAlg: ['RS256', 'HS256'] }],
    ['no algorithm', { ...good, idTokenAlg: [] }],
    ['another client authentication', { ...good, clientAuthentication: 'private_key_jwt' }],
    ['a session of eight days', { ...good, sessionLifetime: 691_200 }],
    ['a required claim that is an object', { ...good, requiredClaims: { hd: {} } }],
    ['plain http', { ...good, wellKnownConfigUrl: good.wellKnownConfigUrl.replace('https', 'http') }],
    ['a query', { ...good, wellKnownConfigUrl: `${good.wellKnownConfigUrl}?p=1` }],
    ['an address of numbers', at('10.0.0.1')],
    ["Google without a domain of one's own", at('accounts.google.com')],
    ['every Microsoft account', at('login.microsoftonline.com', '/common/v2.0')],
    ['every Microsoft organisation', at('login.microsoftonline.com', '/organizations/v2.0')],
  ] as const)
    it(`is refused with ${what}, once and by name`, () => {
      const problems = problemsOf(provider)
      equal(problems.length, 1, problems.join())
      ok(problems[0]?.startsWith('demo: '))
    })

  it('lets Google in with a domain of its own, and a tenant of Entra', () => {
    deepEqual(problemsOf({ ...at('accounts.google.com'), requiredClaims: { hd: 'example.com' } }), [])
    deepEqual(problemsOf(at('login.microsoftonline.com', '/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/v2.0')), [])
  })

  it('is refused when it is not a list, and when it names an organisation twice or badly', () => {
    for (const document of [null, [], { organisations: {} }, { organisations: [1] }])
      equal(organisationsFrom(document, false).problems.length, 1)
    const twice = [organisation('demo', good), organisation('demo', good), organisation('a b', good)]
    equal(organisationsFrom({ organisations: twice }, false).problems.length, 2)
  })

  it('leaves out organisations without a provider: they sign in elsewhere', () => {
    const { organisations, problems } = organisationsFrom(
      { organisations: [{ ...organisation('demo', good), provider: undefined }] },
      false,
    )
    deepEqual([organisations.size, problems], [0, []])
  })
})

describe('An address of a provider', () => {
  for (const [address, deployed, local] of [
    ['https://login.example.com/x', true, true],
    ['http://login.example.com/x', false, false],
    ['https://127.0.0.1/x', false, true],
    ['http://localhost:9000/x', false, true],
    ['https://169.254.169.254/x', false, false],
    ['https://[::ffff:10.0.0.1]/x', false, false],
    ['https://2130706433/x', false, true],
    ['https://printer.local/x', false, false],
    ['https://db/x', false, false],
    ['https://u:p@login.example.com/', false, false],
    ['file:///etc/passwd', false, false],
    [7, false, false],
  ] as const)
    it(`${address}: ${deployed ? 'yes' : 'no'}, on this machine ${local ? 'yes' : 'no'}`, () =>
      deepEqual([isProviderAddress(address, false), isProviderAddress(address, true)], [deployed, local]))
})

describe('The schema of the file', () => {
  it('has the members, defaults and algorithms of the parser', async () => {
    const { default: schema } = await import('../organisations.schema.json', { with: { type: 'json' } })
    const { properties } = schema.$defs.provider
    const { organisations } = organisationsFrom({ organisations: [organisation('demo', good)] }, false)
    const standards = Object.entries(properties).map(([name, row]) => [
      name,
      'default' in row ? row.default : Object.entries(good).find(([given]) => given === name)?.[1],
    ])
    deepEqual(Object.fromEntries(standards), organisations.get('demo')?.provider)
    deepEqual(properties.idTokenAlg.items.enum, Object.keys(algorithms))
  })
})
