import { deepEqual, equal, match } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { algorithms } from '../../lib/state/key-set.ts'
import { each } from '../../test/support/each.ts'
import schema from '../organisations.schema.json' with { type: 'json' }
import { isIssuerOf, isProviderAddress, organisationsFrom } from '../organisations.ts'
import { organisation, providerOf } from './support/service.ts'

const good = providerOf('https://login.example.com/demo')
const parsed = (...rows: unknown[]) => organisationsFrom({ organisations: rows }, false)
const problemsOf = (provider: object) => parsed(organisation('demo', provider)).problems
const at = (host: string, path = '') => providerOf(`https://${host}${path}`)

describe('The organisations file', () => {
  it('gets the provider settings that it omits from the defaults of the schema', () => {
    const { organisations, problems } = parsed(organisation('demo', good))
    deepEqual(problems, [])
    const { properties } = schema.$defs.provider
    const standards = Object.entries(properties).map(([name, row]) => [
      name,
      'default' in row ? row.default : Object.entries(good).find(([given]) => given === name)?.[1],
    ])
    deepEqual(organisations.get('demo')?.provider, Object.fromEntries(standards))
    deepEqual(properties.idTokenAlg.items.enum, Object.keys(algorithms))
  })

  each('is refused with one problem, which names the organisation, for an invalid provider', [
    { ...good, clientSecret: 'x' },
    { ...good, clientId: '' },
    { clientId: 'x' },
    { ...good, scope: 'profile' },
    { ...good, idTokenAlg: ['none'] },
    { ...good, idTokenAlg: ['RS256', 'HS256'] },
    { ...good, idTokenAlg: [] },
    { ...good, clientAuthentication: 'private_key_jwt' },
    { ...good, sessionLifetime: 691_200 },
    { ...good, sessionLifetime: 59 },
    { ...good, requiredClaims: { hd: {} } },
    { ...good, logoutAtProvider: 'yes' },
    { ...good, wellKnownConfigUrl: good.wellKnownConfigUrl.replace('https', 'http') },
    { ...good, wellKnownConfigUrl: `${good.wellKnownConfigUrl}?p=1` },
    { ...good, wellKnownConfigUrl: 'https://login.example.com/' },
    at('10.0.0.1'),
    // Accounts of any organisation could sign in.
    at('accounts.google.com'),
    { ...at('accounts.google.com'), requiredClaims: { email_verified: true } },
    at('login.microsoftonline.com', '/common/v2.0'),
    at('login.microsoftonline.com', '/organizations/v2.0'),
    at('login.microsoftonline.com', '/consumers'),
  ])((provider) => {
    const problems = problemsOf(provider)
    equal(problems.length, 1, problems.join())
    match(problems[0] ?? '', /^demo: /)
  })

  it('accepts Google with a required domain, and Entra with a tenant', () => {
    deepEqual(problemsOf({ ...at('accounts.google.com'), requiredClaims: { hd: 'example.com' } }), [])
    deepEqual(problemsOf(at('login.microsoftonline.com', '/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/v2.0')), [])
    deepEqual(problemsOf(at('login.example.com', '/common')), [])
  })

  it('accepts the example provider of each page in docs/providers', () => {
    const folder = join(import.meta.dirname, '..', '..', 'docs', 'providers')
    const pages = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
    const blocks = pages.flatMap((page) => /```json\n(.*?)```/s.exec(page)?.[1] ?? [])
    equal(blocks.length, 5)
    for (const block of blocks) {
      const { provider } = JSON.parse(`{${block.replace(/<[^>]+>/g, 'x.example')}}`)
      deepEqual(problemsOf(provider), [], block)
    }
  })

  it('is refused when a provider is not an object', () =>
    equal(parsed({ name: 'demo', provider: 'x' }).problems.length, 1))

  it('blocks an organisation when blocked is present and not false', () => {
    const blocked = [true, 'yes', undefined, false].map(
      (blocked) => parsed(organisation('demo', good, { blocked })).organisations.get('demo')?.blocked,
    )
    deepEqual(blocked, [true, true, false, false])
  })

  it('ignores entries that are not an organisation with a provider', () => {
    const { organisations, problems } = parsed({ name: 'demo' }, 1, organisation('a b', good))
    deepEqual([organisations.size, problems], [0, []])
  })
})

describe('A provider', () => {
  each('is called only over https at a public host, or at loopback when it runs locally', [
    ['https://login.example.com/x', true, true],
    ['http://login.example.com/x', false, false],
    ['https://127.0.0.1/x', false, true],
    ['http://localhost:9000/x', false, true],
    ['ftp://localhost/x', false, false],
    ['https://169.254.169.254/x', false, false],
    ['https://[::ffff:10.0.0.1]/x', false, false],
    ['https://2130706433/x', false, true],
    ['https://printer.local/x', false, false],
    ['https://login.local.example.com/x', true, true],
    ['https://db/x', false, false],
    ['https://u:p@login.example.com/', false, false],
    ['https://u@login.example.com/', false, false],
    ['file:///etc/passwd', false, false],
    ['', false, false],
    [7, false, false],
  ])(([address, deployed, local]) =>
    deepEqual([isProviderAddress(address, false), isProviderAddress(address, true)], [deployed, local]),
  )

  it('accepts its issuer with or without a trailing slash, and no other issuer', () => {
    const { organisations } = parsed(organisation('demo', good))
    const provider = organisations.get('demo')?.provider
    const issuers = [
      'https://login.example.com/demo',
      'https://login.example.com/demo/',
      'https://login.example.com',
    ]
    deepEqual(
      [...issuers, undefined].map((issuer) => provider && isIssuerOf(provider, issuer)),
      [true, true, false, false],
    )
  })
})
