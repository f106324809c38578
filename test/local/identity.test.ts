import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import { type Identity, startIdentity } from '../../local/identity/server.ts'
import { each } from '../support/each.ts'

/** The stand-in speaks the documented wire: what the gateway is tested with has to be what it will meet. */

const credentials = { clientId: 'gateway', clientSecret: 'a secret for tests' }
const client = {
  grant_type: 'client_credentials',
  client_id: credentials.clientId,
  client_secret: credentials.clientSecret,
}
const lines: string[] = []
let identity: Identity

const ask = async (path: string, body?: unknown, headers: Record<string, string> = {}) => {
  const type = { 'content-type': 'application/json' }
  const init = body === undefined ? { headers } : { method: 'POST', headers: { ...type, ...headers } }
  const response = await fetch(identity.url + path, {
    redirect: 'manual',
    ...init,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}
const json = async (...request: Parameters<typeof ask>) => JSON.parse((await ask(...request)).text)
const control = (command: object) => json('/_control', command)
const issue = async (more: object = {}): Promise<string> => (await control({ do: 'issue', ...more })).token
const verify = async (token: string) => jwtVerify(token, createLocalJWKSet(await json('/v1/jwks')))
const accessToken = async (grant: object): Promise<string> => (await json('/v1/token', grant)).access_token
const listed = async (call: string) =>
  json(`/v1/${call}`, undefined, { authorization: `Bearer ${await accessToken(client)}` })
const login = (org: string, callback: string, subject = 'editor') =>
  `/v1/org/${org}/login?callback=${encodeURIComponent(callback)}&subject=${subject}`

before(async () => {
  identity = await startIdentity({ port: 0, ...credentials, log: (line) => lines.push(line) })
})
beforeEach(() => control({ do: 'reset' }))
after(() => identity.close())

describe('A login at the stand-in', () => {
  each('appends the token to whatever query the callback has', [
    ['https://a.example/x', 'https://a.example/x?imid_token=T'],
    ['https://a.example/x?b=%2f&c', 'https://a.example/x?b=%2f&c&imid_token=T'],
    ['https://a.example/?b=1#f', 'https://a.example/?b=1&imid_token=T#f'],
    ['HTTPS://A.example:443/../x', 'HTTPS://A.example:443/../x?imid_token=T'],
  ])(async ([from, to]) => {
    const { status, headers } = await ask(login('demo', from))
    equal(status, 302)
    equal(headers.get('location')?.replace(/imid_token=[\w.-]+/, 'imid_token=T'), to)
  })

  it('hands out a documented ID token that verifies and fits into a cookie, and logs no query', async () => {
    lines.length = 0
    const { headers } = await ask(login('demo', 'https://a.example/'))
    deepEqual(lines, ['GET /v1/org/demo/login 302'])
    const token = new URL(headers.get('location') ?? '').searchParams.get('imid_token') ?? ''
    ok(token.length < 3000, `${token.length} characters`)
    const { payload, protectedHeader } = await verify(token)
    const { iat = 0, exp = 0, jti, userinfo, ...claims } = payload
    deepEqual([protectedHeader.alg, protectedHeader.typ, exp - iat], ['RS512', 'JWT', 8 * 3600])
    const sub = 'demo_ffffffff-5eed-4000-8000-000000000001'
    deepEqual(claims, { ntt: 'id_token', sub, org: 'demo', groups: ['staff', 'north-desk', 'south-desk'] })
    match(String(jti), /^[0-9a-f-]{36}$/)
  })

  it('offers the users of the organisation, and escapes what it repeats', async () => {
    const { text } = await ask(
      `/v1/org/demo/login?callback=${encodeURIComponent('https://a.example/?b="<i>')}`,
    )
    ok(!text.includes('<i>'), text)
    const [, link = ''] = /href="([^"]+)"/.exec(text) ?? []
    const { headers } = await ask(`/v1/org/demo/login${link.replaceAll('&amp;', '&')}`)
    match(headers.get('location') ?? '', /^https:\/\/a\.example\/\?b="<i>&imid_token=/)
  })

  each('is refused with a page and no token', [
    ['an unknown organisation', login('%3Cscript%3E', 'https://a.example'), 404],
    ['a blocked organisation', login('closed', 'https://a.example', 'nobody'), 403],
    ['no callback', '/v1/org/demo/login?subject=editor', 400],
    ['two callbacks', `${login('demo', 'https://a.example')}&callback=https://b.example`, 400],
    ['a callback that is a script', login('demo', 'javascript:alert(1)'), 400],
    ['a callback that would break the header', login('demo', 'https://a.example/\r\nx: y'), 400],
    ["another organisation's user", login('demo', 'https://a.example', 'guest'), 404],
  ])(async ([, path, expected]) => {
    const { status, headers, text } = await ask(path)
    deepEqual([status, headers.get('location'), /<script/.test(text)], [expected, null, false])
    match(headers.get('content-type') ?? '', /^text\/html/)
  })
})

describe('The services of the stand-in', () => {
  it('publish keys in the documented shape', async () => {
    const { keys, keysMeta, maxTokenTTL } = await json('/v1/jwks')
    const [{ n, kid, ...key }] = keys
    deepEqual(
      [key, Object.keys(keysMeta).length, maxTokenTTL],
      [{ kty: 'RSA', use: 'sig', alg: 'RS512', e: 'AQAB' }, keys.length, 604_800],
    )
  })

  it('give the gateway an access token for its credentials alone', async () => {
    equal(decodeJwt(await accessToken(client)).ntt, 'access_token')
    equal((await ask('/v1/token', { ...client, client_secret: 'wrong' })).status, 401)
    equal((await ask('/v1/token', { grant_type: 'password' })).status, 400)
  })

  it('list what the Admin API documents, to an access token alone', async () => {
    const [demo] = await listed('organizations.list')
    deepEqual(demo, {
      id: 'aaaaaaaa-5eed-4000-8000-000000000001',
      name: 'demo',
      displayName: 'Demo News',
      whitelistCallbackUrls: '["demo.example.com"]',
      blocked: false,
      groupsClaim: 'groups',
    })
    const [subject] = await listed(`subjects.list?organizationId=${demo.id}`)
    deepEqual(Object.keys(subject), ['id', 'organizationId', 'organizationSubject', 'blocked'])
    for (const bearer of ['', await issue()]) {
      const { status, text } = await ask('/v1/roles.list', undefined, { authorization: `Bearer ${bearer}` })
      deepEqual([status, text], [401, '"errors.auth.MissingToken"'])
    }
  })
})

describe('The switches of the stand-in', () => {
  it('block a subject and an organisation', async () => {
    await control({ do: 'subject', user: 'editor', set: { blocked: true } })
    equal((await ask(login('demo', 'https://a.example'))).status, 403)
    await control({ do: 'organisation', org: 'demo', set: { blocked: true } })
    equal((await listed('organizations.list'))[0].blocked, true)
  })

  it('cut, fail and slow every answer but their own', async () => {
    await control({ do: 'down' })
    await rejects(ask('/v1/jwks'))
    await control({ do: 'up' })
    await control({ do: 'fail' })
    equal((await ask('/v1/jwks')).status, 500)
    await control({ do: 'reset' })
    await control({ do: 'slow', ms: 80 })
    const began = performance.now()
    await ask('/v1/jwks')
    ok(performance.now() - began >= 75, 'answered at once')
  })

  it('rotate and withdraw keys, and sign what is asked for', async () => {
    const old = await issue()
    await control({ do: 'rotate' })
    const token = await issue({ claims: { iss: 'me', groups: null }, header: { typ: null } })
    for (const one of [old, token]) await verify(one)
    const { payload, protectedHeader } = await verify(token)
    deepEqual([payload.iss, 'groups' in payload, 'typ' in protectedHeader], ['me', false, false])
    await control({ do: 'withdraw' })
    await rejects(verify(old), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
  })

  each('say what is wrong with a command, and change nothing', [
    [{}, /"do" has to be a text/],
    [{ do: 'constructor' }, /"do" has to be one of down, /],
    [{ do: 'slow', ms: -1 }, /"ms" has to be a whole number/],
    [{ do: 'withdraw', kid: 'k' }, /no key "k"/],
    [{ do: 'subject', user: 'editor', set: { block: true } }, /"block" is not known/],
    [{ do: 'organisation', org: 'demo', set: { blocked: true, notBefore: '1' } }, /notBefore/],
  ])(async ([command, words]) => {
    const { status, text } = await ask('/_control', command)
    equal(status, 400)
    match(JSON.parse(text).error, words)
    equal((await listed('organizations.list'))[0].blocked, false)
  })
})
