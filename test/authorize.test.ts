import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Answer } from '../lib/http/messages.ts'
import { Problem } from '../lib/problem.ts'
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
const fromProxy = { 'sec-imid-proxy': '1' }

const ask = (query: string, request: Request = {}): Promise<Answer> =>
  call('authorize', { query, cookies: editor, ...request })

/** The headers about the person, as they stand. */
const identity = ({ headers }: Answer): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-imid-')))

const list = (text = ''): string[] => (text === '' ? [] : text.split(',').map(decodeURIComponent))

describe('GET /authorize: who it is', () => {
  it('answers 200 without a body, with the whole list of headers', async () => {
    const answer = await ask('org=demo')
    const { 'x-imid-req-id': id, 'x-imid-sub': sub, ...rest } = identity(answer)
    deepEqual([answer.statusCode, answer.body, answer.headers['content-type']], [200, undefined, undefined])
    equal(answer.headers['cache-control'], 'no-store')
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
    const bare = await token({ groups: [], userinfo: null, sub: 'x' })
    const { 'x-imid-req-id': _, ...rest } = identity(await ask('org=demo', { bearer: bare }))
    deepEqual(Object.values(rest), ['x', 'demo', '', '', '', '', '', '', ''])
  })

  it('names the preferred unit', async () => {
    const mine = [`imidToken=${await token({ sub: 'chooser' })}`]
    const headers = { ...fromOurPage, 'content-type': 'application/json' }
    await call('unit', { cookies: mine, headers, body: '{"unit":"south"}' })
    equal(identity(await ask('org=demo', { cookies: mine }))['x-imid-unit'], 'south')
  })

  it('lists the permissions of the unit of the rule as they hold there', async () => {
    const permissions = async (query: string, cookies = editor) =>
      list(identity(await ask(query, { cookies }))['x-imid-permissions'])
    deepEqual(await permissions('org=demo&unit=north'), ['content:read', 'content:write', 'planning:read'])
    deepEqual(await permissions('org=demo&unit=south', chief), [
      'content:publish',
      'content:read',
      'content:write',
    ])
    deepEqual(await permissions('org=demo', chief), ['content:publish', 'content:read', 'content:write'])
  })

  it("takes an access token's own permissions, whatever the directory grants", async () => {
    const claims = {
      ntt: 'access_token',
      groups: ['chiefs'],
      permissions: { org: ['a:b'], units: { north: ['c:d'], __proto__: ['e:f'], constructor: 'g:h' } },
    }
    const bearer = await token(claims)
    const { 'x-imid-permissions': permissions, 'x-imid-units': units } = identity(
      await ask('org=demo', { bearer }),
    )
    deepEqual(
      [list(permissions), list(units)],
      [
        ['a:b', 'north/c:d'],
        ['constructor', 'north', 'south', 'west'],
      ],
    )
    equal((await ask('org=demo&permission=content:publish', { bearer })).statusCode, 403)
    equal((await ask('org=demo&permission=c:d&unit=north', { bearer })).statusCode, 200)
    equal((await ask('org=demo&permission=c:d', { bearer })).statusCode, 403)
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
    [403, 'org=demo&permission=content:write', editor],
    [403, 'org=demo&unit=south&permission=content:write', editor],
    [403, 'org=demo&permission=content:publish&sub=somebody', chief],
    [403, 'org=*&permission=constructor:name', chief],
    [400, '', chief],
    [400, 'org=', chief],
    [400, 'org=demo&org=demo', chief],
    [400, 'org=demo&permision=content:publish', chief],
    [400, 'org=demo&permission', chief],
    [400, 'org=demo&permission=', chief],
    [400, 'org=demo&unit=', chief],
    [400, 'org=demo&permission=publish', chief],
    [400, 'org=demo&permission=content:publish&permission=content:read', chief],
    [400, 'org=demo&Unit=north', chief],
    [400, 'org=demo&unit[]=north', chief],
    [400, 'org=demo&', chief],
    [400, 'org=d%65mo&%6frg=demo', chief],
    [400, 'org=de%20mo', chief],
    [400, 'org=demo&redirect=true', chief],
    [400, 'org=%zz', chief],
  ])(async ([status, query, cookies]) => {
    const answer = await ask(query, { cookies })
    equal(answer.statusCode, status, answer.body)
    if (status !== 200) deepEqual(identity(answer), {})
  })

  it('names the subject', async () => {
    const { 'x-imid-sub': sub } = identity(await ask('org=demo'))
    equal((await ask(`org=demo&sub=${sub}`)).statusCode, 200)
    equal((await ask(`org=demo&sub=${sub}0`)).statusCode, 403)
  })

  it('is judged before the person, and logged as an error of configuration', async () => {
    front.reset()
    const answer = await ask('org=demo&rol=x', { headers: asProblem })
    deepEqual([codeOf(answer), front.calls.read], ['bad_rule', 0])
    const { level, code, cause } = logs.at(-1) ?? {}
    deepEqual([level, code, cause], ['error', 'bad_rule', 'unknown parameter'])
  })

  it('says in the log which part fails', async () => {
    equal(codeOf(await ask('org=demo&unit=west', { headers: asProblem })), 'rule_not_met')
    equal(logs.at(-1)?.cause, 'unit')
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

  each('offers the login to those who can follow it', [
    ['a navigation', 'org=demo', { ...navigation, 'x-original-url': page }, loginFor(page)],
    ['no Fetch Metadata at all', 'org=demo', { 'x-original-url': page }, loginFor(page)],
    ['a page elsewhere', 'org=demo', { 'x-original-url': 'https://evil.test/' }, loginFor('/')],
    ['a page without TLS', 'org=demo', { 'x-original-url': 'http://app.example.test/' }, loginFor('/')],
    [
      'a page that is our login',
      'org=demo',
      { 'x-original-url': '/imsg-service/v1/authorize?org=demo' },
      loginFor('/'),
    ],
    ['a page of another organisation', 'org=second', { 'x-original-url': page }, loginFor('/', 'second')],
    ['no page', 'org=demo', navigation, loginFor('/')],
    [
      'forwarded headers',
      'org=demo',
      { 'x-forwarded-host': 'app.example.test', 'x-forwarded-uri': '/x', 'x-forwarded-proto': 'https' },
      loginFor('/'),
    ],
    ['any organisation', 'org=*', { ...navigation, 'x-original-url': page }, undefined],
    ['a fetch', 'org=demo', { 'sec-fetch-mode': 'cors', 'x-original-url': page }, undefined],
    ['a prefetch', 'org=demo', { ...navigation, 'sec-purpose': 'prefetch' }, undefined],
  ])(async ([, query, headers, login]) => {
    const refused = await nobody(query, headers)
    deepEqual([refused.statusCode, identity(refused)], [401, login ? { 'x-imid-login': login } : {}])
    const { statusCode, headers: sent } = await nobody(`${query}&redirect=1`, headers)
    deepEqual([statusCode, sent.location], login ? [302, login] : [401, undefined])
  })

  it('offers it too when the session has ended', async () => {
    const raw = await token()
    await call('logout', { cookies: [`imidToken=${raw}`], headers: fromOurPage })
    const answer = await ask('org=demo&redirect=1', { cookies: [`imidToken=${raw}`], headers: navigation })
    deepEqual(
      [answer.statusCode, answer.headers.location, logs.at(-1)?.code],
      [302, loginFor('/'), 'token_revoked'],
    )
  })

  it('never redirects somebody who is signed in, nor when it cannot know', async () => {
    equal((await ask('org=second&redirect=1', { headers: navigation })).statusCode, 403)
    // The organisation in memory is too old to say where a login may lead.
    gateway.clock.ahead += organisationTtl
    front.fault.next = () => new Problem('table_unavailable')
    equal((await ask('org=demo&redirect=1', { headers: navigation })).statusCode, 503)
    equal((await nobody('org=demo&redirect=1', navigation)).statusCode, 503)
    delete front.fault.next
  })
})

describe('GET /authorize: token and cookies', () => {
  const cookies = [
    'theme=dark',
    ...editor,
    '__Host-imsg-login-abcdefgh=x',
    '__Host-imsg-rounds=x',
    `__Host-imsg-seal=${sealOf(unverifiedToken(editorToken).unverifiedClaims)}`,
    'raw={"a":1,"b":"imidToken=x"}',
    'name=värde',
    'no-value',
  ]

  it('gives a proxy the cookies of others alone', async () => {
    const { 'x-imid-cookie': passed } = identity(await ask('org=demo', { cookies, headers: fromProxy }))
    equal(passed, 'theme=dark; raw={"a":1,"b":"imidToken=x"}; no-value')
  })

  it('gives a proxy the token when the setting says so', async () => {
    const [, raw] = (editor[0] ?? '').split('=')
    const handing = await open('authorize', gateway.instance({ INCLUDE_IMID_TOKEN_IN_REQUEST: 'true' }))
    const given = async (send: typeof handing, headers: Record<string, string>) =>
      identity(await send({ query: 'org=demo', cookies, headers }))['x-imid-token']
    equal(await given(handing, fromProxy), raw)
    equal(await given(await open('authorize'), fromProxy), '')
    for (const headers of [
      {},
      { 'sec-imid-proxy': '0' },
      { 'sec-imid-proxy': '1, 1' },
      { 'x-imid-proxy': '1' },
    ])
      equal(await given(handing, headers as Record<string, string>), '')
  })

  it('gives a script neither', async () => {
    const answer = identity(await ask('org=demo', { cookies, headers: { ...fromOurPage, accept: '*/*' } }))
    deepEqual([answer['x-imid-token'], answer['x-imid-cookie']], ['', ''])
    ok(!JSON.stringify(answer).includes('dark'))
  })
})
