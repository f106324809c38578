import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Answer } from '../lib/http/messages.ts'
import { sealOf } from '../lib/session/seal.ts'
import { unverifiedToken } from '../lib/session/token.ts'
import { organisationTtl } from '../lib/state/organisation.ts'
import { each } from './support/each.ts'
import { asProblem, codeOf, fromOurPage, navigation, openGateway, type Request } from './support/gateway.ts'

const gateway = await openGateway()
const { call, open, control, token, front, logs } = gateway

const editorToken = await token()
const editor = [`imidToken=${editorToken}`]
const chief = [`imidToken=${await token({}, { user: 'chief' })}`]

const ask = (query: string, request: Request = {}): Promise<Answer> =>
  call('authorize', { query, cookies: editor, ...request })

/** The headers about the person, as they stand. */
const identity = ({ headers }: Answer): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-imid-')))
/** One of them, of an answer to this rule. */
const told = async (name: string, query: string, request: Request = {}) =>
  identity(await ask(query, request))[`x-imid-${name}`] ?? ''

const list = (text: string): string[] => (text === '' ? [] : text.split(',').map(decodeURIComponent))

describe('GET /authorize: who it is', () => {
  it('answers 200 without a body, with the whole list of headers', async () => {
    const answer = await ask('org=demo')
    const { 'x-imid-req-id': id, 'x-imid-sub': sub, ...rest } = identity(answer)
    const { 'content-type': type, 'cache-control': cache } = answer.headers
    deepEqual([answer.statusCode, answer.body, type, cache], [200, undefined, undefined, 'no-store'])
    ok(sub?.startsWith('demo_') && id?.startsWith('request-'))
    deepEqual(rest, {
      'x-imid-org': 'demo',
      'x-imid-unit': '',
      'x-imid-units': 'north,south',
      'x-imid-permissions':
        'north/content%3Aread,north/content%3Awrite,north/planning%3Aread,south/content%3Aread',
      'x-imid-name': 'Edith%20Reyes',
      'x-imid-email': 'editor%40demo.example.com',
      'x-imid-token': '',
      'x-imid-cookie': '',
    })
  })

  it('sends every header to a person about whom nothing is known', async () => {
    const bearer = await token({ groups: [], userinfo: null, sub: 'x' })
    const { 'x-imid-req-id': _, ...rest } = identity(await ask('org=demo', { bearer }))
    equal(Object.values(rest).join(), 'x,demo,,,,,,,')
  })

  it('names the preferred unit', async () => {
    const cookies = [`imidToken=${await token({ sub: 'chooser' })}`]
    const headers = { ...fromOurPage, 'content-type': 'application/json' }
    await call('unit', { cookies, headers, body: '{"unit":"south"}' })
    equal(await told('unit', 'org=demo', { cookies }), 'south')
  })

  const atTheDesk = ['content:read', 'content:write', 'planning:read']
  const ofTheChief = ['content:publish', 'content:read', 'content:write']
  each('lists the permissions of the unit of the rule as they hold there', [
    ['org=demo&unit=north', editor, atTheDesk],
    ['org=demo&unit=south', chief, ofTheChief],
    ['org=demo', chief, ofTheChief],
  ])(async ([query, cookies, held]) => deepEqual(list(await told('permissions', query, { cookies })), held))

  it("takes an access token's own permissions, whatever the directory grants", async () => {
    const units = { north: ['c:d'], __proto__: ['e:f'], constructor: 'g:h' }
    const permissions = { org: ['a:b'], units }
    const bearer = await token({ ntt: 'access_token', groups: ['chiefs'], permissions })
    deepEqual(list(await told('permissions', 'org=demo', { bearer })), ['a:b', 'north/c:d'])
    deepEqual(list(await told('units', 'org=demo', { bearer })), ['constructor', 'north', 'south', 'west'])
    const statuses = await Promise.all(
      ['permission=content:publish', 'permission=c:d&unit=north', 'permission=c:d'].map(
        async (rule) => (await ask(`org=demo&${rule}`, { bearer })).statusCode,
      ),
    )
    deepEqual(statuses, [403, 200, 403])
  })

  it('encodes what cannot stand in a header, and cuts lists off at 2 kB with a line in the log', async () => {
    const units = Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`räksmörgås, ${n}`, []]))
    const bearer = await token({
      ntt: 'access_token',
      permissions: { org: [], units: { '...': [], ...units } },
      userinfo: { given_name: `å\r\n${'x'.repeat(600)}`, email: '\ud800@x' },
    })
    const answer = identity(await ask('org=demo', { bearer }))
    const { 'x-imid-units': held = '', 'x-imid-name': name = '', 'x-imid-email': email } = answer
    ok(held.length <= 2048 && held.length > 1900, String(held.length))
    const items = held.split(',')
    deepEqual([items[0], items.at(-1)], ['%2E%2E%2E', '...'])
    ok(list(items.slice(1, -1).join(',')).every((unit) => /^räksmörgås, \d+$/.test(unit)))
    ok(name.startsWith('%C3%A5%0D%0Axxx') && name.length < 300)
    equal(email, '%EF%BF%BD%40x')
    equal(logs.at(-1)?.code, 'list_cut_off')
    equal((await ask(`org=demo&unit=${encodeURIComponent('räksmörgås, 119')}`, { bearer })).statusCode, 200)
  })
})

describe('GET /authorize: the rule', () => {
  each('answers each rule with its status', [
    [200, 'org=*', editor],
    [200, 'org=demo&unit=north&permission=content:write', editor],
    [200, 'permission=content%3Apublish&org=demo', chief],
    [200, 'org=demo&unit=west&permission=content:publish', chief],
    [403, 'org=second', editor],
    [403, 'org=demo&unit=west', editor],
    [403, 'org=demo&unit=nowhere', chief],
    [403, 'org=demo&unit=west&permission=planning:read', chief],
    [403, 'org=demo&permission=content:write', editor],
    [403, 'org=demo&unit=south&permission=content:write', editor],
    [403, 'org=demo&permission=content:publish&sub=somebody', chief],
    [403, 'org=demo&unit=north&permission=a:b', chief],
    [403, 'org=*&permission=constructor:name', chief],
    ...[
      ...['', 'org=', 'org=demo&org=demo', 'org=demo&permision=content:publish', 'org=demo&permission'],
      ...['org=demo&permission=', 'org=demo&unit=', 'org=demo&permission=publish', 'org=demo&Unit=north'],
      ...['org=demo&permission=content:publish&permission=content:read', 'org=demo&unit[]=north'],
      ...[
        'org=demo&',
        'org=demo&permission=content:publish:all',
        'org=d%65mo&%6frg=demo',
        'org=de%20mo',
        'org=demo&redirect=true',
        'org=%zz',
      ],
    ].map((rule) => [400, rule, chief] as const),
  ])(async ([status, query, cookies]) => {
    const answer = await ask(query, { cookies })
    equal(answer.statusCode, status, answer.body)
    if (status !== 200) deepEqual(identity(answer), {})
  })

  it('names the subject', async () => {
    const sub = await told('sub', 'org=demo')
    equal((await ask(`org=demo&sub=${sub}`)).statusCode, 200)
    equal((await ask(`org=demo&sub=${sub}0`)).statusCode, 403)
  })

  each('is judged before the person, and logged as an error of configuration', [
    ['org=demo&rol=x', 'unknown parameter'],
    ['org=demo&unit=', 'empty parameter'],
    ['org=demo&org=demo', 'repeated parameter'],
    ['unit=north', 'no organisation'],
    ['org=de%20mo', 'not the name of an organisation'],
    ['org=demo&permission=publish', 'not service:permission'],
    ['org=demo&redirect=true', 'redirect is not 1'],
  ])(async ([query, expected]) => {
    front.reset()
    const answer = await ask(query, { headers: asProblem })
    deepEqual([codeOf(answer), front.calls.read], ['bad_rule', 0])
    const { level, code, cause } = logs.at(-1) ?? {}
    deepEqual([level, code, cause], ['error', 'bad_rule', expected])
  })

  each('says in the log which part fails', [
    ['org=second', 'org'],
    ['org=demo&sub=x', 'sub'],
    ['org=demo&unit=west', 'unit'],
    ['org=demo&permission=a:b', 'permission'],
  ])(async ([query, part]) => {
    equal(codeOf(await ask(query, { headers: asProblem })), 'rule_not_met')
    equal(logs.at(-1)?.cause, part)
  })

  it('follows the directory: a group loses a permission with the next refresh', async () => {
    const query = 'org=demo&unit=north&permission=planning:read'
    equal((await ask(query)).statusCode, 200)
    await control({ do: 'mapping', remove: { org: 'demo', group: 'north-desk', unit: 'north' } })
    await gateway.refreshEverywhere()
    equal((await ask(query)).statusCode, 403)
    await control({ do: 'reset' })
    await control({ do: 'organisation', org: 'demo', set: { whitelistCallbackUrls: '["app.example.test"]' } })
    await gateway.refreshEverywhere()
  })
})

describe('GET /authorize: nobody is signed in', () => {
  const page = 'https://app.example.test/article?id=1&x=%20#y'
  const loginFor = (callback: string, org = 'demo') =>
    `https://gw.example.test/imsg-service/v1/org/${org}/login?callback=${encodeURIComponent(callback)}`
  const nobody = (query: string, headers: Record<string, string> = {}) =>
    call('authorize', { query, headers })
  const at = (url: string) => ({ 'x-original-url': url })
  const forwarded = {
    'x-forwarded-host': 'app.example.test',
    'x-forwarded-uri': '/x',
    'x-forwarded-proto': 'https',
  }

  each('offers the login to those who can follow it', [
    ['org=demo', { ...navigation, ...at(page) }, loginFor(page)],
    ['org=demo', at(page), loginFor(page)],
    // A page elsewhere, without TLS, of our own login, or of another organisation; and none that is believed.
    ['org=demo', at('https://evil.test/'), loginFor('/')],
    ['org=demo', at('http://app.example.test/'), loginFor('/')],
    ['org=demo', at('/imsg-service/v1/authorize?org=demo'), loginFor('/')],
    ['org=second', at(page), loginFor('/', 'second')],
    ['org=demo', navigation, loginFor('/')],
    ['org=demo', forwarded, loginFor('/')],
    // Any organisation, a fetch, a prefetch.
    ['org=*', { ...navigation, ...at(page) }, undefined],
    ['org=demo', { 'sec-fetch-mode': 'cors', ...at(page) }, undefined],
    ['org=demo', { ...navigation, 'sec-purpose': 'prefetch' }, undefined],
  ])(async ([query, headers, login]) => {
    const refused = await nobody(query, headers)
    deepEqual([refused.statusCode, identity(refused)], [401, login ? { 'x-imid-login': login } : {}])
    const { statusCode, headers: sent } = await nobody(`${query}&redirect=1`, headers)
    deepEqual([statusCode, sent.location], login ? [302, login] : [401, undefined])
  })

  it('offers it too when the session has ended', async () => {
    const raw = await token()
    await call('logout', { bearer: raw })
    const answer = await ask('org=demo&redirect=1', { cookies: [`imidToken=${raw}`], headers: navigation })
    deepEqual([answer.statusCode, answer.headers.location], [302, loginFor('/')])
    equal(logs.at(-1)?.code, 'token_revoked')
  })

  it('never redirects somebody who is signed in, nor when it cannot know', async () => {
    equal((await ask('org=second&redirect=1', { headers: navigation })).statusCode, 403)
    // The organisation in memory is too old to say where a login may lead.
    gateway.clock.ahead += organisationTtl
    await gateway.whileTableFails(async () => {
      equal((await ask('org=demo&redirect=1', { headers: navigation })).statusCode, 503)
      equal((await nobody('org=demo&redirect=1', navigation)).statusCode, 503)
    })
  })
})

describe('GET /authorize: token and cookies', () => {
  const fromProxy = { 'sec-imid-proxy': '1' }
  const cookies = [
    ...['theme=dark', ...editor, '__Host-imsg-login-abcdefgh=x', '__Host-imsg-rounds=x'],
    `__Host-imsg-seal=${sealOf(unverifiedToken(editorToken).unverifiedClaims)}`,
    ...['raw={"a":1,"b":"imidToken=x"}', 'name=värde', 'no-value'],
  ]

  it('gives a proxy the cookies of others alone, and a script none', async () => {
    const passed = (headers: Record<string, string>) => told('cookie', 'org=demo', { cookies, headers })
    equal(await passed(fromProxy), 'theme=dark; raw={"a":1,"b":"imidToken=x"}; no-value')
    const answer = await ask('org=demo', { cookies, headers: { ...fromOurPage, accept: '*/*' } })
    equal(identity(answer)['x-imid-cookie'], '')
    ok(!JSON.stringify(answer).includes('dark'))
  })

  each('gives a proxy alone the token, when the setting says so', [
    [editorToken, { INCLUDE_IMID_TOKEN_IN_REQUEST: 'true' }, fromProxy],
    ['', {}, fromProxy],
    ...[{}, { 'sec-imid-proxy': '0' }, { 'sec-imid-proxy': '1, 1' }, { 'x-imid-proxy': '1' }].map(
      (headers) => ['', { INCLUDE_IMID_TOKEN_IN_REQUEST: 'true' }, headers] as const,
    ),
  ])(async ([raw, settings, headers]) => {
    const handing = await open('authorize', gateway.instance(settings))
    const answer = await handing({ query: 'org=demo', cookies, headers: { ...headers } })
    equal(identity(answer)['x-imid-token'], raw)
  })
})
