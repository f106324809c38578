import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { type Identity, startIdentity } from '../local/identity/server.ts'

type Answer = { status: number; headers: Headers; text: string }
type Command = Record<string, unknown>
/** The members that these tests read by name, in answers and in claims. */
type Json = Partial<
  Record<
    | 'at'
    | 'blocked'
    | 'd'
    | 'displayName'
    | 'down'
    | 'fail'
    | 'group'
    | 'groups'
    | 'id'
    | 'kid'
    | 'kty'
    | 'malformed'
    | 'n'
    | 'name'
    | 'notBefore'
    | 'ntt'
    | 'org'
    | 'organisations'
    | 'organizationSubject'
    | 'parentRoleId'
    | 'permissions'
    | 'serviceId'
    | 'slow'
    | 'sub'
    | 'token'
    | 'whitelistCallbackUrls',
    unknown
  >
>

const credentials = { clientId: 'gateway', clientSecret: 'a secret for tests' }
const lines: string[] = []
let identity: Identity

const ask = async (path: string, init: RequestInit = {}): Promise<Answer> => {
  const response = await fetch(identity.url + path, { redirect: 'manual', ...init })
  return { status: response.status, headers: response.headers, text: await response.text() }
}
const jsonOf = async (path: string, init: RequestInit = {}): Promise<unknown> =>
  JSON.parse((await ask(path, init)).text)
const post = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json', ...headers },
})
const control = async (command: Command): Promise<Json> => {
  const { status, text } = await ask('/_control', post(command))
  equal(status, 200, text)
  return JSON.parse(text)
}
const issue = async (options: Command = {}): Promise<string> => {
  const { token } = await control({ do: 'issue', ...options })
  return String(token)
}
const keySet = async (): Promise<JSONWebKeySet> => JSON.parse((await ask('/v1/jwks')).text)
const kids = async (): Promise<unknown[]> => (await keySet()).keys.map(({ kid }) => kid)
const verify = async (token: string) =>
  jwtVerify<Json>(token, createLocalJWKSet(await keySet()), { algorithms: ['RS512'] })

const clientGrant = {
  grant_type: 'client_credentials',
  client_id: credentials.clientId,
  client_secret: credentials.clientSecret,
}
const exchangeGrant = { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange' }

const accessToken = async (init: RequestInit = post(clientGrant), query = ''): Promise<string> => {
  const { status, text } = await ask(`/v1/token${query}`, init)
  equal(status, 200, text)
  const { access_token, ...rest } = JSON.parse(text)
  deepEqual(rest, { token_type: 'Bearer', expires_in: 600 })
  return access_token
}
const exchanged = async (idToken: string): Promise<Json> =>
  decodeJwt<Json>(await accessToken(post(exchangeGrant, { authorization: `Bearer ${idToken}` })))
const admin = async (call: string, body?: Command): Promise<Answer> => {
  const authorization = { authorization: `Bearer ${await accessToken()}` }
  return ask(`/v1/${call}`, body ? post(body, authorization) : { headers: authorization })
}
const listed = async (call: string): Promise<Json[]> => JSON.parse((await admin(call)).text)
const organisation = async (name: string): Promise<Json> => {
  const found = (await listed('organizations.list')).find((one) => one.name === name)
  ok(found)
  return found
}
const loginPath = (org: string, callback: string, more = ''): string =>
  `/v1/org/${org}/login?callback=${encodeURIComponent(callback)}${more}`
const callback = 'https://gateway.example.com/callback?a=1'

before(async () => {
  identity = await startIdentity({ port: 0, ...credentials, log: (line) => lines.push(line) })
})
beforeEach(() => control({ do: 'reset' }))
after(() => identity.close())

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

describe('the Admin API', () => {
  it('wants an access token that holds', async () => {
    for (const token of [
      undefined,
      await issue(),
      await issue({ claims: { ntt: 'access_token', exp: 1 } }),
      `${await accessToken()}x`,
    ]) {
      const headers = token ? { authorization: `Bearer ${token}` } : {}
      const { status, text } = await ask('/v1/roles.list', { headers })
      deepEqual([status, text], [401, '"errors.auth.MissingToken"'])
    }
  })

  it('lists organisations with the documented members', async () => {
    const organisations = await listed('organizations.list')
    deepEqual(
      organisations.map(({ name, blocked }) => [name, blocked]),
      [
        ['demo', false],
        ['second', false],
        ['closed', true],
      ],
    )
    deepEqual(organisations[0], {
      id: 'aaaaaaaa-5eed-4000-8000-000000000001',
      name: 'demo',
      displayName: 'Demo News',
      whitelistCallbackUrls: '["demo.example.com"]',
      blocked: false,
      groupsClaim: 'groups',
    })
  })

  it('lists units, mappings and subjects of one organisation', async () => {
    const { id } = await organisation('demo')
    const units = await listed(`units.list?organizationId=${id}`)
    deepEqual(
      units.map(({ name, displayName }) => [name, displayName]),
      [
        ['north', 'North'],
        ['south', 'South'],
        ['west', 'West'],
      ],
    )
    const mappings = await listed(`organizations.listGroupToRoleMappings?organizationId=${id}`)
    equal(mappings.length, 5)
    deepEqual(Object.keys(mappings.find(({ group }) => group === 'chiefs') ?? {}).sort(), [
      'group',
      'organizationId',
      'roleId',
    ])
    const subjects = await listed(`subjects.list?organizationId=${id}`)
    equal(subjects.length, 3)
    deepEqual(subjects[0], {
      id: 'ffffffff-5eed-4000-8000-000000000001',
      organizationId: id,
      organizationSubject: 'demo_ffffffff-5eed-4000-8000-000000000001',
      blocked: false,
    })
    equal((await admin('units.list')).text, '"errors.api.BadRequestError"')
    deepEqual(await listed('units.list?organizationId=other'), [])
  })

  it('lists roles, services and permissions that fit together', async () => {
    const [roles, services, permissions] = [
      await listed('roles.list'),
      await listed('services.list'),
      await listed('permissions.list'),
    ]
    const ids = (list: Json[]) => list.map(({ id }) => id)
    for (const { serviceId } of [...roles, ...permissions]) ok(ids(services).includes(serviceId))
    for (const { permissions: held } of roles)
      for (const id of held as unknown[]) ok(ids(permissions).includes(id))
    const parents = roles.flatMap(({ parentRoleId }) => (parentRoleId === undefined ? [] : [parentRoleId]))
    equal(parents.length, 2)
    for (const parent of parents) ok(ids(roles).includes(parent))
  })

  it('logs out, blocks and unblocks organisations', async () => {
    const { id } = await organisation('demo')
    for (const call of ['logout', 'block'])
      deepEqual(await admin(`organizations.${call}`, { id: String(id) }).then(({ status }) => status), 204)
    const { blocked, notBefore } = await organisation('demo')
    equal(blocked, true)
    ok(Math.abs(Number(notBefore) - Date.now() / 1000) < 5)
    equal((await ask(loginPath('demo', callback))).status, 403)

    equal((await admin('organizations.unblock', { id: String(id) })).status, 204)
    equal((await organisation('demo')).blocked, false)
  })

  it('logs out, blocks and unblocks subjects', async () => {
    const { id: organizationId } = await organisation('demo')
    const list = `subjects.list?organizationId=${organizationId}`
    const [{ organizationSubject } = {}] = await listed(list)
    const whom = { organizationId, organizationSubject }
    for (const call of ['logout', 'block']) equal((await admin(`subjects.${call}`, whom)).status, 204)
    const [subject] = await listed(list)
    equal(subject?.blocked, true)
    ok(Math.abs(Number(subject?.notBefore) - Date.now() / 1000) < 5)
    equal((await ask(loginPath('demo', callback, '&subject=editor'))).status, 403)

    equal((await admin('subjects.unblock', whom)).status, 204)
    equal((await ask(loginPath('demo', callback, '&subject=editor'))).status, 302)
  })

  it('refuses bad bodies and unknown calls', async () => {
    for (const [call, body] of [
      ['organizations.block', {}],
      ['organizations.block', { id: 'other' }],
      ['subjects.logout', { organizationId: 1, organizationSubject: 'x' }],
      ['subjects.block', { organizationId: 'x', organizationSubject: 'x' }],
    ] as const) {
      const { status, text } = await admin(call, body)
      deepEqual([status, text], [400, '"errors.api.BadRequestError"'], call)
    }
    for (const call of ['organizations.remove', 'organizations.constructor', 'units.block', 'roles.list'])
      equal((await admin(call, {})).status, 404, call)
    equal((await admin('subjects.block')).status, 404)
  })
})

describe('the switches', () => {
  it('down cuts connections, the control apart, until up', async () => {
    equal((await control({ do: 'down' })).down, true)
    await rejects(ask('/v1/jwks'))
    await rejects(ask('/'))
    equal((await control({ do: 'up' })).down, false)
    equal((await ask('/v1/jwks')).status, 200)
  })

  it('slow makes answers wait, the control apart', async () => {
    await control({ do: 'slow', ms: 80 })
    const begun = performance.now()
    await ask('/v1/jwks')
    ok(performance.now() - begun >= 75)
  })

  it('fail answers 500 everywhere', async () => {
    await control({ do: 'fail' })
    for (const path of ['/', '/v1/jwks', '/nowhere', '/v1/roles.list']) {
      const { status, text } = await ask(path)
      deepEqual([status, text], [500, '"errors.api.InternalServerError"'])
    }
  })

  it('up ends slow, fail and malformed at once', async () => {
    await control({ do: 'slow', ms: 5000 })
    await control({ do: 'fail' })
    await control({ do: 'malformed-jwks', as: 'empty' })
    const { slow, fail, malformed } = await control({ do: 'up' })
    deepEqual({ slow, fail, malformed }, { slow: 0, fail: false, malformed: null })
    equal((await keySet()).keys.length, 2)
  })

  const lastKey = async (): Promise<Json> => ({ ...(await keySet()).keys.at(-1) })
  const malformed: Record<string, () => Promise<void>> = {
    html: async () => match((await ask('/v1/jwks')).headers.get('content-type') ?? '', /html/),
    empty: async () => equal((await ask('/v1/jwks')).text, ''),
    'not-json': async () => rejects(keySet(), SyntaxError),
    'no-keys': async () => deepEqual((await keySet()).keys, []),
    'duplicate-kid': async () => {
      const { keys } = await keySet()
      deepEqual([keys.length, new Set(keys.map(({ kid }) => kid)).size], [2, 1])
      notEqual(keys[0]?.n, keys[1]?.n)
    },
    symmetric: async () => equal((await lastKey()).kty, 'oct'),
    private: async () => {
      const { d, kid } = await lastKey()
      equal(typeof d, 'string')
      deepEqual([(await keySet()).keys.length, kid], [2, decodeProtectedHeader(await issue()).kid])
    },
    'weak-rsa': async () => equal(Buffer.from(String((await lastKey()).n), 'base64url').length, 128),
    huge: async () => ok(JSON.stringify(await keySet()).length > 10_000_000),
    redirect: async () => {
      const { status, headers } = await ask('/v1/jwks')
      equal(status, 302)
      equal((await ask(headers.get('location') ?? '')).status, 200)
    },
    endless: async () => {
      const { status, body } = await fetch(`${identity.url}/v1/jwks`)
      equal(status, 200)
      const reader = body?.getReader()
      for (let chunks = 0; chunks < 3; chunks++) equal((await reader?.read())?.done, false)
      await reader?.cancel()
    },
  }
  for (const [as, observe] of Object.entries(malformed))
    it(`malformed-jwks as ${as}`, async () => {
      equal((await control({ do: 'malformed-jwks', as })).malformed, as)
      await observe()
    })

  it('rotate signs with a new key and keeps the old ones published', async () => {
    const old = await issue()
    const { kid } = await control({ do: 'rotate' })
    const fresh = await issue()
    equal(decodeProtectedHeader(fresh).kid, kid)
    equal((await kids()).length, 3)
    for (const token of [old, fresh]) await verify(token)
  })

  it('withdraw leaves the signing key alone, and the others still sign what is asked for', async () => {
    const [spare] = await kids()
    await control({ do: 'withdraw' })
    deepEqual(await kids(), [decodeProtectedHeader(await issue()).kid])
    await rejects(verify(await issue({ kid: spare })), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
    equal(decodeProtectedHeader(await issue({ kid: spare })).kid, spare)
  })

  it('withdraw takes the key that is named, and the Admin API stays open', async () => {
    const { kid } = decodeProtectedHeader(await issue())
    await control({ do: 'withdraw', kid })
    ok(!(await kids()).includes(kid))
    equal((await admin('roles.list')).status, 200)
  })

  it('issue overrides and removes claims and header members, and really signs', async () => {
    const token = await issue({ claims: { iss: 'me', groups: null }, header: { typ: null, cty: 'x' } })
    const { payload, protectedHeader } = await verify(token)
    deepEqual([payload.iss, 'groups' in payload], ['me', false])
    deepEqual(['typ' in protectedHeader, protectedHeader.cty], [false, 'x'])
    const { keys } = await keySet()
    const [, key] = keys
    const pss = await issue({ header: { alg: 'PS256' } })
    await jwtVerify(pss, createLocalJWKSet({ keys: [{ ...key, alg: 'PS256', kty: 'RSA' }] }))
    match(await issue({ header: { alg: 'none' } }), /^[\w-]+\.[\w-]+\.$/)
  })

  it('issue knows users and organisations', async () => {
    equal(decodeJwt<Json>(await issue({ user: 'guest' })).org, 'second')
    equal(decodeJwt<Json>(await issue({ org: 'closed' })).org, 'closed')
    equal((await ask('/_control', post({ do: 'issue', org: 'second', user: 'editor' }))).status, 400)
  })

  it('organisation changes what is listed', async () => {
    const set = { blocked: true, notBefore: 7, whitelistCallbackUrls: 'not JSON' }
    await control({ do: 'organisation', org: 'demo', set })
    const { blocked, notBefore, whitelistCallbackUrls } = await organisation('demo')
    deepEqual({ blocked, notBefore, whitelistCallbackUrls }, set)
    await control({ do: 'organisation', org: 'demo', set: { notBefore: null } })
    ok(!('notBefore' in (await organisation('demo'))))
  })

  it('subject changes the person and the next token', async () => {
    await control({
      do: 'subject',
      user: 'editor',
      set: { groups: ['west-desk'], notBefore: 7, blocked: true },
    })
    deepEqual(decodeJwt<Json>(await issue()).groups, ['west-desk'])
    const [first] = await listed(`subjects.list?organizationId=${(await organisation('demo')).id}`)
    deepEqual([first?.blocked, first?.notBefore], [true, 7])
  })

  it('mapping adds and removes what a group may do', async () => {
    const permissions = async () => (await exchanged(await issue({ user: 'visitor' }))).permissions
    const inWest = { org: 'demo', group: 'visitors', unit: 'west' }
    await control({ do: 'mapping', add: inWest })
    deepEqual(await permissions(), { org: [], units: { west: ['content:read', 'content:write'] } })
    await control({ do: 'mapping', remove: inWest })
    await control({ do: 'mapping', add: { org: 'demo', group: 'visitors', unit: null, role: 'reader' } })
    deepEqual(await permissions(), { org: ['content:read'], units: {} })
  })

  it('organisations empties the list', async () => {
    equal((await control({ do: 'organisations', list: 'empty' })).organisations, 'empty')
    deepEqual(await listed('organizations.list'), [])
    await control({ do: 'organisations', list: 'normal' })
    equal((await listed('organizations.list')).length, 3)
  })

  it('count counts requests by path, those in vain too, and begins anew when told', async () => {
    await ask('/v1/jwks?x=1')
    await ask('/v1/jwks')
    await control({ do: 'down' })
    await rejects(ask('/v1/roles.list'))
    const expected = { requests: { '/v1/jwks': 2, '/v1/roles.list': 1 } }
    deepEqual(await control({ do: 'count' }), expected)
    deepEqual(await control({ do: 'count', reset: true }), expected)
    deepEqual(await control({ do: 'count' }), { requests: {} })
  })

  it('reset brings data, switches and the published keys back, and keeps the keys', async () => {
    const [published, token] = [await kids(), await issue()]
    await control({ do: 'rotate' })
    await control({ do: 'withdraw' })
    await control({ do: 'subject', user: 'editor', set: { groups: [] } })
    await control({ do: 'fail' })
    const { fail } = await control({ do: 'reset' })
    equal(fail, false)
    deepEqual(await kids(), published)
    await verify(token)
    equal(decodeProtectedHeader(await issue()).kid, decodeProtectedHeader(token).kid)
    deepEqual(decodeJwt<Json>(await issue()).groups, ['staff', 'north-desk', 'south-desk'])
  })

  const refusals = [
    ['no command', {}, /"do" has to be a text/],
    ['an unknown command', { do: 'constructor' }, /"do" has to be one of down, /],
    ['a list', [], /JSON object/],
    ['a time that is none', { do: 'slow', ms: -1 }, /"ms" has to be a whole number/],
    ['an unknown malformation', { do: 'malformed-jwks', as: 'odd' }, /one of html, empty/],
    ['an unknown key', { do: 'withdraw', kid: 'k' }, /no key "k"/],
    ['a misspelt member', { do: 'subject', user: 'editor', set: { block: true } }, /"block" is not known/],
    ['an unknown user', { do: 'subject', user: 'x', set: {} }, /no user "x"/],
    ['an unknown organisation', { do: 'organisation', org: 'x', set: {} }, /no organisation "x"/],
    [
      'a half-good change',
      { do: 'organisation', org: 'demo', set: { blocked: true, notBefore: '1' } },
      /notBefore/,
    ],
    ['groups that are none', { do: 'subject', user: 'editor', set: { groups: 'a' } }, /list of texts/],
    [
      'a mapping of no unit',
      { do: 'mapping', add: { org: 'demo', group: 'g', unit: 'east' } },
      /no unit "east"/,
    ],
    [
      'a mapping to remove',
      { do: 'mapping', remove: { org: 'demo', group: 'g', unit: null } },
      /no such mapping/,
    ],
    ['neither add nor remove', { do: 'mapping' }, /either "add" or "remove"/],
    ['another list', { do: 'organisations', list: 'odd' }, /empty, normal/],
  ] as const
  for (const [what, command, words] of refusals)
    it(`says what is wrong with ${what}, and changes nothing`, async () => {
      const { status, text } = await ask('/_control', post(command))
      equal(status, 400)
      match(JSON.parse(text).error, words)
      equal((await organisation('demo')).blocked, false)
    })

  it('takes commands by POST alone, and JSON alone', async () => {
    equal((await ask('/_control')).status, 405)
    equal((await ask('/_control', { method: 'POST', body: 'do=down' })).status, 400)
    equal((await ask('/_control', { method: 'POST', body: ' '.repeat(1_000_001) })).status, 413)
  })
})
