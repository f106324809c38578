import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeJwt } from 'jose'
import { startIdentity } from '../local/identity/server.ts'
import {
  accessToken,
  ask,
  callback,
  clientGrant,
  control,
  credentials,
  exchanged,
  exchangeGrant,
  identity,
  issue,
  type Json,
  jsonOf,
  kids,
  lines,
  loginPath,
  post,
  verify,
} from './support/stand-in.ts'

describe('starting and stopping the identity stand-in', () => {
  it('refuses a port that is taken', async () => {
    const port = Number(new URL(identity.url).port)
    await rejects(startIdentity({ port, ...credentials }), { code: 'EADDRINUSE' })
  })

  it('ends open connections, and may be closed twice', async () => {
    const short = await startIdentity({ port: 0, ...credentials })
    await fetch(`${short.url}/_control`, post({ do: 'malformed-jwks', as: 'endless' }))
    const endless = await fetch(`${short.url}/v1/jwks`)
    await short.close()
    await rejects(endless.text())
    await rejects(fetch(short.url))
    await short.close()
  })

  it('says on every answer what it is', async () => {
    for (const path of ['/', '/v1/jwks', '/nowhere', '/v1/org/demo/login'])
      equal((await ask(path)).headers.get('x-stand-in'), 'identity')
  })

  it('lists organisations, users and switches on its front page', async () => {
    const { status, text } = await ask('/')
    equal(status, 200)
    for (const word of [
      'demo',
      'editor',
      'chief',
      'visitor',
      'guest',
      'nobody',
      'malformed-jwks',
      'withdraw',
    ])
      ok(text.includes(word), word)
  })

  it('answers 404 to anything else', async () => {
    for (const path of ['/v1', '/v1/org/demo', '/v1/token', '/v1/roles.constructor', '/favicon.ico'])
      equal((await ask(path)).status, 404, path)
    equal((await ask('/v1/jwks', { method: 'POST' })).status, 404)
  })

  it('logs path and status, and no query', async () => {
    lines.length = 0
    await ask(loginPath('demo', callback, '&subject=editor'))
    deepEqual(lines, ['GET /v1/org/demo/login 302'])
  })
})

describe('GET /v1/jwks', () => {
  it('has the documented shape', async () => {
    const { keys, keysMeta, maxTokenTTL, ...rest } = (await jsonOf('/v1/jwks')) as {
      keys: Json[]
      keysMeta: Record<string, Json>
      maxTokenTTL: number
    }
    deepEqual(rest, {})
    equal(maxTokenTTL, 604_800)
    equal(keys.length, 2)
    deepEqual(
      keys.map(({ n, kid, ...key }) => key),
      Array(2).fill({ kty: 'RSA', use: 'sig', alg: 'RS512', e: 'AQAB' }),
    )
    deepEqual(Object.keys(keysMeta), await kids())
    for (const meta of Object.values(keysMeta)) ok(Number.isSafeInteger(meta.at))
  })
})

describe('GET /v1/org/<org>/login', () => {
  const arrivals = [
    ['no query', 'https://a.example/x', 'https://a.example/x?imid_token=T'],
    ['a query', 'https://a.example/x?b=%2f&c', 'https://a.example/x?b=%2f&c&imid_token=T'],
    ['an empty query', 'https://a.example/?', 'https://a.example/?imid_token=T'],
    ['an open query', 'https://a.example/?b=1&', 'https://a.example/?b=1&imid_token=T'],
    ['a fragment', 'https://a.example/x#f?g', 'https://a.example/x?imid_token=T#f?g'],
    ['a query and a fragment', 'http://a.example/?b=1#f', 'http://a.example/?b=1&imid_token=T#f'],
    ['what a parser would tidy up', 'HTTPS://A.example:443/../x', 'HTTPS://A.example:443/../x?imid_token=T'],
  ] as const
  for (const [what, from, to] of arrivals)
    it(`appends the token to ${what}`, async () => {
      const { status, headers } = await ask(loginPath('demo', from, '&subject=editor'))
      equal(status, 302)
      const location = headers.get('location') ?? ''
      equal(location.replace(/imid_token=[\w.-]+/, 'imid_token=T'), to)
    })

  it('hands out a documented ID token that verifies and fits into a cookie', async () => {
    const { headers } = await ask(loginPath('demo', callback, '&subject=editor'))
    const token = new URL(headers.get('location') ?? '').searchParams.get('imid_token') ?? ''
    ok(token.length < 3000)
    const { payload, protectedHeader } = await verify(token)
    const { kid, ...header } = protectedHeader
    deepEqual(header, { alg: 'RS512', typ: 'JWT' })
    const { iat = 0, exp = 0, jti, ...claims } = payload
    equal(exp - iat, 8 * 3600)
    match(jti ?? '', /^[0-9a-f-]{36}$/)
    deepEqual(claims, {
      ntt: 'id_token',
      sub: 'demo_ffffffff-5eed-4000-8000-000000000001',
      org: 'demo',
      groups: ['staff', 'north-desk', 'south-desk'],
      userinfo: {
        given_name: 'Edith',
        family_name: 'Reyes',
        email: 'editor@demo.example.com',
        picture: 'https://demo.example.com/pictures/editor.png',
      },
    })
  })

  it('offers the users of the organisation, as links that go on', async () => {
    const { status, headers, text } = await ask(loginPath('demo', 'https://a.example/?b="<i>&c'))
    equal(status, 200)
    match(headers.get('content-security-policy') ?? '', /^default-src 'none'; style-src 'sha256-/)
    ok(!text.includes('<i>'))
    const links = [...text.matchAll(/href="([^"]+)"/g)].map(([, link = '']) => link.replaceAll('&amp;', '&'))
    equal(links.length, 3)
    for (const link of links) {
      const arrived = (await ask(`/v1/org/demo/login${link}`)).headers.get('location') ?? ''
      ok(arrived.startsWith('https://a.example/?b="<i>&c&imid_token='), arrived)
    }
  })

  const refusals = [
    ['an unknown organisation', loginPath('nowhere', callback), 404],
    ['an organisation that cannot be decoded', loginPath('%ff', callback), 404],
    ['a blocked organisation', loginPath('closed', callback, '&subject=nobody'), 403],
    ['no callback', '/v1/org/demo/login?subject=editor', 400],
    ['two callbacks', loginPath('demo', callback, '&callback=https://b.example'), 400],
    ['a callback that is a script', loginPath('demo', 'javascript:alert(1)', '&subject=editor'), 400],
    ['a callback without scheme', loginPath('demo', '//a.example/', '&subject=editor'), 400],
    ['a callback that would break the header', loginPath('demo', 'https://a.example/\r\nx: y'), 400],
    ['an unknown user', loginPath('demo', callback, '&subject=%3Cb%3E'), 404],
    ["another organisation's user", loginPath('demo', callback, '&subject=guest'), 404],
  ] as const
  for (const [what, path, expected] of refusals)
    it(`refuses ${what} with a page and no token`, async () => {
      const { status, headers, text } = await ask(path)
      equal(status, expected)
      match(headers.get('content-type') ?? '', /^text\/html/)
      equal(headers.get('location'), null)
      ok(!text.includes('<b>editor') && !text.includes('<b><b>'))
    })

  it('escapes what it repeats', async () => {
    const { text } = await ask(loginPath('%3Cscript%3E', callback))
    ok(text.includes('&lt;script&gt;') && !text.includes('<script'))
  })
})

describe('POST /v1/token', () => {
  it('gives an application a token, for JSON and for a form', async () => {
    const form = { method: 'POST', body: new URLSearchParams(clientGrant) }
    for (const init of [post(clientGrant), form]) {
      const { payload } = await verify(await accessToken(init))
      equal(payload.ntt, 'access_token')
      equal((payload.exp ?? 0) - (payload.iat ?? 0), 600)
    }
  })

  const refusals = [
    ['a wrong secret', { ...clientGrant, client_secret: 'wrong' }, 401, 'invalid_client'],
    ['a missing id', { ...clientGrant, client_id: undefined }, 401, 'invalid_client'],
    ['another grant', { grant_type: 'password' }, 400, 'unsupported_grant_type'],
    ['no grant', {}, 400, 'invalid_request'],
    ['a list', [], 400, 'invalid_request'],
    ['an exchange without a token', exchangeGrant, 400, 'invalid_request'],
  ] as const
  for (const [what, body, status, error] of refusals)
    it(`refuses ${what}`, async () => {
      const answer = await ask('/v1/token', post(body))
      deepEqual([answer.status, JSON.parse(answer.text)], [status, { error }])
    })

  it('takes an ID token from the query, the cookie and the bearer header', async () => {
    const token = await issue()
    const query = `?imid_token=${token}`
    for (const made of [
      accessToken(post(exchangeGrant), query),
      accessToken(post(exchangeGrant, { cookie: `other=1; imidToken=${token}` })),
      accessToken(post(exchangeGrant, { authorization: `Bearer ${token}` })),
    ])
      equal(decodeJwt<Json>(await made).sub, decodeJwt(token).sub)
  })

  it('computes permissions from mappings and inherited roles, and keeps mapped groups alone', async () => {
    const { groups, permissions } = await exchanged(await issue())
    deepEqual(groups, ['north-desk', 'south-desk'])
    deepEqual(permissions, {
      org: [],
      units: { north: ['content:read', 'content:write', 'planning:read'], south: ['content:read'] },
    })
    deepEqual((await exchanged(await issue({ user: 'chief' }))).permissions, {
      org: ['content:publish', 'content:read', 'content:write'],
      units: {},
    })
    deepEqual((await exchanged(await issue({ user: 'visitor' }))).permissions, { org: [], units: {} })
  })

  it('refuses to exchange an access token, an expired one, a foreign one and one whose owner is blocked', async () => {
    const [, payload] = (await issue()).split('.')
    const nobody = await issue({ user: 'nobody' })
    const ended = await issue()
    await control({ do: 'subject', user: 'editor', set: { notBefore: Math.floor(Date.now() / 1000) + 5 } })
    const foreign = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`
    for (const token of [await accessToken(), await issue({ claims: { exp: 1 } }), foreign, nobody, ended]) {
      const { status } = await ask('/v1/token', post(exchangeGrant, { authorization: `Bearer ${token}` }))
      equal(status, 400)
    }
  })
})
