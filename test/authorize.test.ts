import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Answer } from '../lib/http/messages.ts'
import { organisationTtl } from '../lib/state/organisation.ts'
import { each } from './support/each.ts'
import { asProblem, codeOf, fromOurPage, navigation, openGateway, type Request } from './support/gateway.ts'

const gateway = await openGateway()
const { call, open, token, front, logs } = gateway

const editorToken = await token()
const editor = [`imidToken=${editorToken}`]
const chief = [`imidToken=${await token({}, { user: 'chief' })}`]

const ask = (query: string, request: Request = {}): Promise<Answer> =>
  call('authorize', { query, cookies: editor, ...request })

/** The headers about the person. */
const identity = ({ headers }: Answer): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-imid-')))

describe('The headers of a 200 from GET /authorize', () => {
  it('describe the person; the body is empty', async () => {
    const answer = await ask('org=demo')
    const { 'x-imid-req-id': id, 'x-imid-sub': sub, ...rest } = identity(answer)
    const { 'content-type': type, 'cache-control': cache } = answer.headers
    deepEqual([answer.statusCode, answer.body, type, cache], [200, undefined, undefined, 'no-store'])
    equal(logs.at(-1)?.code, 'ok')
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

  it('are all present even when nothing is known', async () => {
    const bearer = await token({ groups: [], userinfo: null, sub: 'x' })
    const { 'x-imid-req-id': _, ...rest } = identity(await ask('org=demo', { bearer }))
    equal(Object.values(rest).join(), 'x,demo,,,,,,,')
  })

  it('contain the preferred unit, and the permissions in the unit of the rule', async () => {
    const cookies = [`imidToken=${await token({ sub: 'chooser' })}`]
    const headers = { ...fromOurPage, 'content-type': 'application/json' }
    await call('unit', { cookies, headers, body: '{"unit":"south"}' })
    const told = identity(await ask('org=demo&unit=north', { cookies }))
    const permissions = 'content%3Aread,content%3Awrite,planning%3Aread'
    deepEqual([told['x-imid-unit'], told['x-imid-permissions']], ['south', permissions])
  })

  it('are logged as list_cut_off when a list is too long', async () => {
    const units = Object.fromEntries(Array.from({ length: 250 }, (_, n) => [`unit-${n}`, []]))
    const bearer = await token({ ntt: 'access_token', permissions: { org: [], units } })
    equal((await ask('org=demo&unit=unit-249', { bearer })).statusCode, 200)
    equal(logs.at(-1)?.code, 'list_cut_off')
  })
})

describe('The rule of GET /authorize', () => {
  each('is met', [
    ['org=*', editor],
    ['org=demo&unit=north&permission=content:write', editor],
    ['permission=content%3Apublish&org=demo', chief],
    ['org=demo&unit=west&permission=content:publish', chief],
  ])(async ([query, cookies]) => equal((await ask(query, { cookies })).statusCode, 200))

  each('is not met: 403, and the log names the part', [
    ['org', 'org=second', editor],
    ['sub', 'org=demo&permission=content:publish&sub=somebody', chief],
    ['unit', 'org=demo&unit=west', editor],
    ['unit', 'org=demo&unit=nowhere', chief],
    ['permission', 'org=demo&permission=content:write', editor],
    ['permission', 'org=demo&unit=south&permission=content:write', editor],
    ['permission', 'org=demo&unit=west&permission=planning:read', chief],
    ['permission', 'org=*&permission=constructor:name', chief],
  ])(async ([part, query, cookies]) => {
    const answer = await ask(query, { cookies, headers: asProblem })
    deepEqual([answer.statusCode, codeOf(answer), identity(answer)], [403, 'rule_not_met', {}])
    equal(logs.at(-1)?.cause, part)
  })

  it('may name the subject', async () => {
    const sub = identity(await ask('org=demo'))['x-imid-sub']
    equal((await ask(`org=demo&sub=${sub}`)).statusCode, 200)
  })

  each('is parsed before the session is checked, and an error in it is logged', [
    ['no organisation', ''],
    ['no organisation', 'unit=north'],
    ['empty parameter', 'org='],
    ['empty parameter', 'org=demo&permission'],
    ['repeated parameter', 'org=demo&org=demo'],
    ['repeated parameter', 'org=d%65mo&%6frg=demo'],
    ['repeated parameter', 'org=demo&permission=content:publish&permission=content:read'],
    ['unknown parameter', 'org=demo&permision=content:publish'],
    ['unknown parameter', 'org=demo&Unit=north'],
    ['unknown parameter', 'org=demo&unit[]=north'],
    ['unknown parameter', 'org=demo&'],
    ['not the name of an organisation', 'org=de%20mo'],
    ['not service:permission', 'org=demo&permission=publish'],
    ['not service:permission', 'org=demo&permission=content:publish:all'],
    ['redirect is not 1', 'org=demo&redirect=true'],
  ])(async ([expected, query]) => {
    front.reset()
    const answer = await ask(query, { headers: asProblem })
    deepEqual([answer.statusCode, codeOf(answer), front.calls.read], [400, 'bad_rule', 0])
    const { level, cause } = logs.at(-1) ?? {}
    deepEqual([level, cause], ['error', expected])
  })
})

describe('GET /authorize without a session', () => {
  const page = 'https://app.example.test/article?id=1&x=%20#y'
  const loginFor = (callback: string, org = 'demo') =>
    `https://gw.example.test/imsg-service/v1/org/${org}/login?callback=${encodeURIComponent(callback)}`
  const nobody = (query: string, headers: Record<string, string> = {}) =>
    call('authorize', { query, headers })
  const at = (url: string) => ({ 'x-original-url': url })

  each('offers a login to a navigation when the rule names an organisation', [
    ['org=demo', { ...navigation, ...at(page) }, loginFor(page)],
    ['org=demo', at(page), loginFor(page)],
    // No return URL, or one that is not allowed for this organisation.
    ['org=demo', navigation, loginFor('/')],
    ['org=demo', at('https://evil.test/'), loginFor('/')],
    ['org=second', at(page), loginFor('/', 'second')],
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

  it('offers a login when the session has ended', async () => {
    const raw = await token()
    await call('logout', { bearer: raw })
    const answer = await ask('org=demo&redirect=1', { cookies: [`imidToken=${raw}`], headers: navigation })
    deepEqual([answer.statusCode, answer.headers.location], [302, loginFor('/')])
    equal(logs.at(-1)?.code, 'token_revoked')
  })

  it('never redirects a signed-in person, nor when the session cannot be checked', async () => {
    equal((await ask('org=second&redirect=1', { headers: navigation })).statusCode, 403)
    // The organisation in memory is too old to say where a login may lead.
    gateway.clock.ahead += organisationTtl
    await gateway.whileTableFails(async () => {
      equal((await ask('org=demo&redirect=1', { headers: navigation })).statusCode, 503)
      equal((await nobody('org=demo&redirect=1', navigation)).statusCode, 503)
    })
    await gateway.later(3700, async () => {
      equal((await ask('org=demo&redirect=1', { headers: navigation })).statusCode, 503)
    })
  })
})

describe('The token in an answer of GET /authorize', () => {
  const fromProxy = { 'sec-imid-proxy': '1' }
  each('is sent only to a proxy, and only if the setting allows it', [
    [editorToken, { INCLUDE_IMID_TOKEN_IN_REQUEST: 'true' }, fromProxy],
    ['', {}, fromProxy],
    ['', { INCLUDE_IMID_TOKEN_IN_REQUEST: 'true' }, {}],
  ])(async ([raw, settings, headers]) => {
    const including = await open('authorize', gateway.instance(settings))
    const answer = await including({ query: 'org=demo', cookies: editor, headers: { ...headers } })
    equal(identity(answer)['x-imid-token'], raw)
  })
})
