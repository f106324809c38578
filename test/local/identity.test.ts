import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { type Identity, startIdentity } from '../../local/identity/server.ts'
import { each } from '../support/each.ts'
import { send, type Wish } from '../support/visitor.ts'

const credentials = { clientId: 'gateway', clientSecret: 'a secret for tests' }
const lines: string[] = []
let identity: Identity

const ask = (path: string, wish?: Wish) => send(identity.url + path, wish)
const post = (path: string, body: object) => ask(path, { method: 'POST', body: JSON.stringify(body) })
const control = (command: object) => post('/_control', command)
const login = (org: string, callback: string, subject = 'editor') =>
  `/v1/org/${org}/login?callback=${encodeURIComponent(callback)}&subject=${subject}`
const askForToken = (client_secret: string) =>
  post('/v1/token', { grant_type: 'client_credentials', client_id: credentials.clientId, client_secret })

before(async () => {
  identity = await startIdentity({ port: 0, ...credentials, log: (line) => lines.push(line) })
})
beforeEach(() => control({ do: 'reset' }))
after(() => identity.close())

describe('the identity stand-in', () => {
  each('appends the token to the query of the callback, and changes nothing else', [
    ['https://a.example/x', 'https://a.example/x?imid_token=T'],
    ['https://a.example/?b=1#f', 'https://a.example/?b=1&imid_token=T#f'],
    ['HTTPS://A.example:443/../x?b=%2f&c', 'HTTPS://A.example:443/../x?b=%2f&c&imid_token=T'],
  ])(async ([from, to]) => {
    const { status, headers } = await ask(login('demo', from))
    deepEqual([status, headers.location?.replace(/imid_token=[\w.-]+/, 'imid_token=T')], [302, to])
  })

  it('issues the documented ID token, signed with a key of the documented key set, and logs no query', async () => {
    lines.length = 0
    const { headers } = await ask(login('demo', 'https://a.example/'))
    deepEqual(lines, ['GET /v1/org/demo/login 302'])
    const keySet = JSON.parse((await ask('/v1/jwks')).body)
    const [{ n, kid, ...key }] = keySet.keys
    deepEqual(key, { kty: 'RSA', use: 'sig', alg: 'RS512', e: 'AQAB' })
    deepEqual([Object.keys(keySet.keysMeta).includes(kid), keySet.maxTokenTTL], [true, 604_800])

    const token = new URL(headers.location ?? '').searchParams.get('imid_token') ?? ''
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keySet))
    const { iat = 0, exp = 0, jti, userinfo, ...claims } = payload
    deepEqual([protectedHeader.alg, protectedHeader.typ, exp - iat], ['RS512', 'JWT', 8 * 3600])
    const sub = 'demo_ffffffff-5eed-4000-8000-000000000001'
    deepEqual(claims, { ntt: 'id_token', sub, org: 'demo', groups: ['staff', 'north-desk', 'south-desk'] })
    match(String(jti), /^[0-9a-f-]{36}$/)
  })

  each('refuses a login without a valid organisation, user and callback with a page', [
    ['an unknown organisation', login('%3Cscript%3E', 'https://a.example'), 404],
    ['a blocked organisation', login('closed', 'https://a.example', 'nobody'), 403],
    ['a script as callback', login('demo', 'javascript:alert(1)'), 400],
    ['a callback with a line break', login('demo', 'https://a.example/\r\nx: y'), 400],
    ['a user of another organisation', login('demo', 'https://a.example', 'guest'), 404],
  ])(async ([, path, expected]) => {
    const { status, headers, body } = await ask(path)
    deepEqual([status, headers.location, /<script/.test(body)], [expected, undefined, false])
  })

  it('gives an access token only for the credentials of the gateway', async () => {
    equal((await askForToken('wrong')).status, 401)
  })

  it('gives the documented lists of the Admin API only for an access token', async () => {
    const list = (name: string, token: string) =>
      ask(`/v1/${name}`, { headers: { authorization: `Bearer ${token}` } })
    const { access_token } = JSON.parse((await askForToken(credentials.clientSecret)).body)
    const [demo] = JSON.parse((await list('organizations.list', access_token)).body)
    deepEqual(demo, {
      id: 'aaaaaaaa-5eed-4000-8000-000000000001',
      name: 'demo',
      displayName: 'Demo News',
      whitelistCallbackUrls: '["demo.example.com"]',
      blocked: false,
      groupsClaim: 'groups',
    })
    const [subject] = JSON.parse((await list(`subjects.list?organizationId=${demo.id}`, access_token)).body)
    deepEqual(Object.keys(subject), ['id', 'organizationId', 'organizationSubject', 'blocked'])

    const { token } = JSON.parse((await control({ do: 'issue' })).body)
    const { status, body } = await list('roles.list', token)
    deepEqual([status, body], [401, '"errors.auth.MissingToken"'])
  })

  each('explains a wrong command, and changes nothing', [
    [{ do: 'constructor' }, /"do" has to be one of down, /],
    [{ do: 'subject', user: 'editor', set: { block: true } }, /"block" is not known/],
    [{ do: 'organisation', org: 'demo', set: { blocked: true, nonsense: 1 } }, /"nonsense" is not known/],
  ])(async ([command, words]) => {
    const { status, body } = await control(command)
    equal(status, 400)
    match(JSON.parse(body).error, words)
    ok((await ask(login('demo', 'https://a.example'))).headers.location)
  })
})
