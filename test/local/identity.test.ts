import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { type Identity, startIdentity } from '../../local/identity/server.ts'
import { each } from '../support/each.ts'
import { send, type Wish } from '../support/visitor.ts'

/** The stand-in speaks the documented wire: what the gateway is tested with has to be what it will meet. */

const credentials = { clientId: 'gateway', clientSecret: 'a secret for tests' }
const client = {
  grant_type: 'client_credentials',
  client_id: credentials.clientId,
  client_secret: credentials.clientSecret,
}
const lines: string[] = []
let identity: Identity

const ask = (path: string, wish?: Wish) => send(identity.url + path, wish)
const post = (path: string, body: object) => ask(path, { method: 'POST', body: JSON.stringify(body) })
const control = (command: object) => post('/_control', command)
const login = (org: string, callback: string, subject = 'editor') =>
  `/v1/org/${org}/login?callback=${encodeURIComponent(callback)}&subject=${subject}`
const list = (call: string, token: string) =>
  ask(`/v1/${call}`, { headers: { authorization: `Bearer ${token}` } })
const accessToken = async (): Promise<string> =>
  JSON.parse((await post('/v1/token', client)).body).access_token

before(async () => {
  identity = await startIdentity({ port: 0, ...credentials, log: (line) => lines.push(line) })
})
beforeEach(() => control({ do: 'reset' }))
after(() => identity.close())

describe('A login at the stand-in', () => {
  each('appends the token to the callback, and changes no other byte of it', [
    ['https://a.example/x', 'https://a.example/x?imid_token=T'],
    ['https://a.example/?b=1#f', 'https://a.example/?b=1&imid_token=T#f'],
    ['HTTPS://A.example:443/../x?b=%2f&c', 'HTTPS://A.example:443/../x?b=%2f&c&imid_token=T'],
  ])(async ([from, to]) => {
    const { status, headers } = await ask(login('demo', from))
    deepEqual([status, headers.location?.replace(/imid_token=[\w.-]+/, 'imid_token=T')], [302, to])
  })

  it('hands out the documented ID token, signed by a documented key, and logs no query', async () => {
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

  each('is refused with a page and no token', [
    ['an unknown organisation', login('%3Cscript%3E', 'https://a.example'), 404],
    ['a blocked organisation', login('closed', 'https://a.example', 'nobody'), 403],
    ['two callbacks', `${login('demo', 'https://a.example')}&callback=https://b.example`, 400],
    ['a callback that is a script', login('demo', 'javascript:alert(1)'), 400],
    ['a callback that would break the header', login('demo', 'https://a.example/\r\nx: y'), 400],
    ["another organisation's user", login('demo', 'https://a.example', 'guest'), 404],
  ])(async ([, path, expected]) => {
    const { status, headers, body } = await ask(path)
    deepEqual([status, headers.location, /<script/.test(body)], [expected, undefined, false])
    match(headers['content-type'] ?? '', /^text\/html/)
  })

  it('offers the users of the organisation, and escapes what it repeats', async () => {
    const { body } = await ask(
      `/v1/org/demo/login?callback=${encodeURIComponent('https://a.example/?b="<i>')}`,
    )
    ok(!body.includes('<i>') && body.includes('Edith Reyes') && !body.includes('Gita Olsen'), body)
  })
})

describe('The services of the stand-in', () => {
  it('give an access token for the credentials of the gateway alone', async () => {
    equal((await post('/v1/token', { ...client, client_secret: 'wrong' })).status, 401)
    equal((await post('/v1/token', { grant_type: 'password' })).status, 400)
  })

  it('list what the Admin API documents, to an access token alone', async () => {
    const [demo] = JSON.parse((await list('organizations.list', await accessToken())).body)
    deepEqual(demo, {
      id: 'aaaaaaaa-5eed-4000-8000-000000000001',
      name: 'demo',
      displayName: 'Demo News',
      whitelistCallbackUrls: '["demo.example.com"]',
      blocked: false,
      groupsClaim: 'groups',
    })
    const subjects = await list(`subjects.list?organizationId=${demo.id}`, await accessToken())
    deepEqual(Object.keys(JSON.parse(subjects.body)[0]), [
      'id',
      'organizationId',
      'organizationSubject',
      'blocked',
    ])
    for (const token of ['', JSON.parse((await control({ do: 'issue' })).body).token]) {
      const { status, body } = await list('roles.list', token)
      deepEqual([status, body], [401, '"errors.auth.MissingToken"'])
    }
  })
})

each('The switches of the stand-in say what is wrong with a command, and change nothing', [
  [{}, /"do" has to be a text/],
  [{ do: 'constructor' }, /"do" has to be one of down, /],
  [{ do: 'slow', ms: -1 }, /"ms" has to be a whole number/],
  [{ do: 'subject', user: 'editor', set: { block: true } }, /"block" is not known/],
  [{ do: 'organisation', org: 'demo', set: { blocked: true, notBefore: '1' } }, /notBefore/],
])(async ([command, words]) => {
  const { status, body } = await control(command)
  equal(status, 400)
  match(JSON.parse(body).error, words)
  equal((await ask(login('demo', 'https://a.example'))).status, 302)
})
