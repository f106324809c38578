import { deepEqual, equal, match, ok } from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { after, afterEach, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { json, startFaultyProvider, type Wrong } from './support/faulty-provider.ts'
import {
  browser,
  callback,
  claimsIn,
  codeIn,
  openService,
  organisation,
  providerOf,
} from './support/service.ts'
import { begin, signIn, tokenIn } from './support/sign-in.ts'

const provider = await startFaultyProvider('imsg-demo')
after(provider.close)
const settings = (more = {}) => providerOf(provider.issuer, more)
const service = await openService([
  organisation('demo', settings()),
  organisation('asking', settings({ useUserinfoEndpoint: true, clientAuthentication: 'none' })),
  organisation('strict', settings({ requiredClaims: { hd: 'example.test' }, clientAuthentication: 'none' })),
  organisation('path', settings({ groupsClaim: 'realm_access.roles', clientAuthentication: 'none' })),
  organisation('url', settings({ groupsClaim: 'https://example.test/groups', clientAuthentication: 'none' })),
  organisation('oid', settings({ subjectClaim: 'oid', clientAuthentication: 'none' })),
  organisation('moved', settings({ trustOriginalSubject: true, clientAuthentication: 'none' })),
])
afterEach(provider.well)

const now = Math.floor(Date.now() / 1000)
/** A fresh instance of every function, so that nothing is remembered from another test. */
const fresh = () => ({ call: service.open(), lines: service.lines })
const codeOf = async (wrong: Partial<Wrong>, org = 'demo', more = '') => {
  Object.assign(provider.wrong, wrong)
  return codeIn(await signIn(fresh(), provider, { org, more }))
}

describe('An ID token of a provider', () => {
  for (const [what, wrong] of [
    ['with the signature of a stranger', { signature: 'forged' }],
    ['signed as nobody agreed to', { signature: 'RS512' }],
    ['without a signature', { signature: 'none' }],
    ['signed with a secret that everybody knows', { signature: 'HS256' }],
    ['for another client', { claims: { aud: 'another' } }],
    ['for us, asked for by another client', { claims: { azp: 'another' } }],
    ['for two clients, without the one that asked', { claims: { aud: ['imsg-demo', 'another'] } }],
    ['of another issuer', { claims: { iss: 'https://evil.test' } }],
    ['with the nonce of another sign-in', { claims: { nonce: 'another' } }],
    ['without a nonce', { claims: { nonce: undefined } }],
    ['that has run out', { claims: { exp: now - 120 } }],
    ['that lives ten years', { claims: { exp: now + 315_360_000 } }],
    ['made an hour ago', { claims: { iat: now - 3600 } }],
    ['made in two minutes', { claims: { iat: now + 120 } }],
    ['without a time', { claims: { iat: undefined } }],
    ['not yet good', { claims: { nbf: now + 120 } }],
    ['with an empty subject', { claims: { sub: '' } }],
    ['with a subject that is no text', { claims: { sub: 7 } }],
    ['that is an access token', { header: { typ: 'at+jwt' } }],
    ['that demands what nobody knows', { header: { crit: ['x'], x: 1 } }],
    ['with a key that is not published', { header: { kid: 'another' } }],
  ] satisfies [string, Partial<Wrong>][])
    it(`is refused: ${what}`, async () => equal(await codeOf(wrong), 'provider_answer_refused'))

  it('counts within a minute of our clock', async () => {
    Object.assign(provider.wrong, { claims: { iat: now + 30, nbf: now + 45, exp: now - 45 } })
    equal((await signIn(fresh(), provider)).statusCode, 303)
  })

  it('is accepted by a list of ours alone, whatever discovery offers', async () => {
    const metadata = { id_token_signing_alg_values_supported: ['none'] }
    Object.assign(provider.wrong, { metadata })
    equal((await signIn(fresh(), provider)).statusCode, 303)
    equal(await codeOf({ metadata, signature: 'none' }), 'provider_answer_refused')
  })
})

describe('The answer of a provider', () => {
  it('is refused when it comes from another issuer, or from none (RFC 9207)', async () => {
    for (const iss of ['&iss=https%3A%2F%2Fevil.test', '']) {
      const { person, asked } = await begin(service)
      provider.asked.nonce = asked.get('nonce') ?? ''
      const query = `code=c&state=${asked.get('state')}${iss}`
      equal(
        codeIn(await service.call('login-callback', { query, cookies: person.pairs() })),
        'provider_answer_refused',
      )
    }
  })

  it('is refused when userinfo is of another person', async () =>
    equal(await codeOf({ userinfo: { sub: 'person-2' } }, 'asking'), 'provider_answer_refused'))

  it('is completed by userinfo, and the ID token wins', async () => {
    Object.assign(provider.wrong, { userinfo: { given_name: 'Other', groups: ['south-desk'] } })
    const { userinfo, groups } = claimsIn(tokenIn(await signIn(fresh(), provider, { org: 'asking' })))
    deepEqual([userinfo, groups], [{ given_name: 'Edith', family_name: 'Reyes' }, ['north-desk']])
  })

  for (const [what, status, body, headers, code, cause] of [
    ['a code that was used', 400, { error: 'invalid_grant' }, {}, 'code_refused', 'invalid_grant'],
    ['a wrong secret', 400, { error: 'invalid_client' }, {}, 'provider_misconfigured', 'invalid_client'],
    [
      'a wrong secret, in a challenge',
      401,
      {},
      { 'www-authenticate': 'Basic realm="x", error="invalid_client"' },
      'provider_misconfigured',
      'invalid_client',
    ],
    ['an error that is no word', 400, { error: '<b>\n' }, {}, 'provider_misconfigured', 'other'],
  ] as const)
    it(`tells of ${what} by a code, and its error in the log alone`, async () => {
      provider.wrong.answers['/token'] = (response) =>
        void response
          .writeHead(status, { 'content-type': 'application/json', ...headers })
          .end(JSON.stringify(body))
      equal(codeIn(await signIn(fresh(), provider)), code)
      const line = service.lines.at(-1)
      deepEqual([line?.cause, line?.org], [cause, 'demo'])
    })
})

describe('A provider that fails', () => {
  const down = (response: ServerResponse) => void response.destroy()
  const large = (response: ServerResponse) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(`{"x":"${'x'.repeat(1_000_000)}"}`)
  const page = (response: ServerResponse) =>
    void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Hello')
  const away = (response: ServerResponse) =>
    void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
  const broken = (response: ServerResponse) => json(response, 503, {})

  for (const [path, what, answer, code] of [
    ['/.well-known/openid-configuration', 'is down at discovery', down, 'provider_unavailable'],
    ['/.well-known/openid-configuration', 'sends 1 MB at discovery', large, 'provider_unavailable'],
    ['/.well-known/openid-configuration', 'sends a page at discovery', page, 'provider_misconfigured'],
    ['/.well-known/openid-configuration', 'redirects at discovery', away, 'provider_misconfigured'],
    ['/.well-known/openid-configuration', 'answers 503 at discovery', broken, 'provider_unavailable'],
    ['/token', 'is down at the code', down, 'provider_unavailable'],
    ['/token', 'sends 1 MB at the code', large, 'provider_unavailable'],
    ['/token', 'sends a page at the code', page, 'provider_answer_refused'],
    ['/token', 'redirects at the code', away, 'provider_answer_refused'],
    ['/jwks', 'is down at its keys', down, 'provider_unavailable'],
    ['/jwks', 'sends 1 MB at its keys', large, 'provider_unavailable'],
  ] as const)
    it(`${what}: ${code}, and a way to begin again`, async () => {
      const at = fresh()
      if (path.startsWith('/.well-known')) {
        provider.wrong.answers[path] = answer
        const answered = await at.call('login', {
          query: `callback=${encodeURIComponent(callback)}`,
        })
        deepEqual([answered.statusCode, codeIn(answered), answered.cookies], [503, code, undefined])
        if (code === 'provider_unavailable')
          match(answered.body ?? '', /class="action" href="http:\/\/localhost:4000\/v1\/org\/demo\/login\?/)
        return
      }
      provider.wrong.answers[path] = answer
      const person = browser()
      const answered = await signIn(at, provider, { person })
      equal(codeIn(answered), code)
      match(answered.body ?? '', /class="action"/)
      equal(person.jar.size, 0, 'a code works once, so the sign-in is spent')
    })

  for (const [what, metadata] of [
    ['lies about its issuer', { issuer: 'https://evil.test' }],
    ['has its token endpoint elsewhere, without TLS', { token_endpoint: 'http://example.test/token' }],
    ['has its keys at an address of numbers', { jwks_uri: 'https://10.0.0.1/keys' }],
    ['has its userinfo on an inner name', { userinfo_endpoint: 'https://db.internal/x' }],
    ['names no keys', { jwks_uri: undefined }],
  ] as const)
    it(`${what}: provider_misconfigured`, async () => {
      Object.assign(provider.wrong, { metadata })
      equal(
        codeIn(await fresh().call('login', { query: `callback=${encodeURIComponent(callback)}` })),
        'provider_misconfigured',
      )
    })

  it('serves who begins while it is away, from what is remembered for ten minutes', async () => {
    const at = fresh()
    const query = `callback=${encodeURIComponent(callback)}`
    await at.call('login', { query })
    provider.wrong.answers['/.well-known/openid-configuration'] = down
    equal((await at.call('login', { query })).statusCode, 303)
    service.clock.ahead = 601
    equal((await at.call('login', { query })).statusCode, 503)
    service.clock.ahead = 0
  })

  it('changes its keys: the new one is known a minute after the last fetch', async () => {
    const at = fresh()
    equal((await signIn(at, provider)).statusCode, 303)
    provider.wrong.keys.set('k2', provider.newKey())
    equal(codeIn(await signIn(at, provider)), 'provider_answer_refused')
    equal((await signIn(fresh(), provider)).statusCode, 303, 'another instance asks at once')
  })

  it('keeps keys and metadata for more than one sign-in', async () => {
    const at = fresh()
    await signIn(at, provider)
    await signIn(at, provider)
    deepEqual(
      ['/.well-known/openid-configuration', '/jwks', '/token'].map(
        (path) => provider.requests.filter((each) => each === path).length,
      ),
      [1, 1, 2],
    )
  })

  it('trickles, or takes 9 s for each answer: one deadline of 10 s bounds all of it', {
    timeout: 40_000,
  }, async () => {
    const trickle = async (response: ServerResponse) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      while (!response.destroyed) {
        response.write(' ')
        await pause(200)
      }
    }
    const slow = await startFaultyProvider('imsg-demo')
    after(slow.close)
    const { open } = await openService([organisation('demo', providerOf(slow.issuer))])
    const timed = async (work: Promise<unknown>) => {
      const began = performance.now()
      return [await work, Math.round((performance.now() - began) / 1000)]
    }
    const finishSlowly = async () => {
      const at = { call: open(), lines: service.lines }
      const { person, asked } = await begin(at)
      slow.asked.nonce = asked.get('nonce') ?? ''
      slow.wrong.delay = 9000
      const query = `code=c&state=${asked.get('state')}&iss=${encodeURIComponent(slow.issuer)}`
      return timed(at.call('login-callback', { query, cookies: person.pairs() }).then(codeIn))
    }
    provider.wrong.answers['/token'] = trickle
    deepEqual(await Promise.all([timed(signIn(fresh(), provider).then(codeIn)), finishSlowly()]), [
      ['provider_unavailable', 10],
      ['provider_unavailable', 10],
    ])
  })
})

describe('A person', () => {
  it('in three hundred groups gets those that a mapping names', async () => {
    const groups = [
      ...Array.from({ length: 300 }, (_, index) => `group-${index}`),
      'south-desk',
      'north-desk',
    ]
    provider.wrong.claims = { groups }
    const token = tokenIn(await signIn(fresh(), provider))
    deepEqual(claimsIn(token).groups, ['north-desk', 'south-desk'])
    ok(token.length < 1200, String(token.length))
  })

  for (const [what, claims, org, groups] of [
    ['without groups', { groups: undefined }, 'demo', []],
    ['with one group that is no list', { groups: 'north-desk' }, 'demo', ['north-desk']],
    ['with groups that are no texts', { groups: [1, null, { a: 1 }, 'north-desk'] }, 'demo', ['north-desk']],
    ['with groups at a path', { realm_access: { roles: ['north-desk'] } }, 'path', ['north-desk']],
    [
      'with groups under an address',
      { 'https://example.test/groups': ['north-desk'] },
      'url',
      ['north-desk'],
    ],
    ['with a path that ends early', { realm_access: 'x' }, 'path', []],
  ] as const)
    it(`${what} comes in`, async () => {
      provider.wrong.claims = claims
      deepEqual(claimsIn(tokenIn(await signIn(fresh(), provider, { org }))).groups, groups)
    })

  it('whose groups Entra left out is told what to configure', async () => {
    const claims = { groups: undefined, _claim_names: { groups: 'src1' } }
    equal(await codeOf({ claims }), 'groups_overage')
  })

  it('without a claim that the organisation asks for stays outside', async () => {
    equal(await codeOf({ claims: { hd: 'evil.test' } }, 'strict'), 'person_not_allowed')
    equal(await codeOf({ claims: {} }, 'strict'), 'person_not_allowed')
    provider.wrong.claims = { hd: 'example.test' }
    equal((await signIn(fresh(), provider, { org: 'strict' })).statusCode, 303)
  })

  it('is named by another claim where the organisation says so, and nobody is without it', async () => {
    const subject = async (claims: Record<string, unknown>) => {
      provider.wrong.claims = claims
      return claimsIn(tokenIn(await signIn(fresh(), provider, { org: 'oid' }))).sub
    }
    equal(await subject({ oid: 'o-1', sub: 'a' }), await subject({ oid: 'o-1', sub: 'b' }))
    equal(await codeOf({ claims: {} }, 'oid'), 'provider_misconfigured')
  })

  it('keeps an earlier subject only where that is trusted, and only as a UUID of this organisation', async () => {
    const name = 'http://infomaker.io/originalSubject'
    const uuid = 'ffffffff-5eed-4000-8000-000000000001'
    for (const [value, subject] of [
      [uuid, uuid],
      [`moved_${uuid}`, `moved_${uuid}`],
    ]) {
      provider.wrong.claims = { [name]: value }
      equal(claimsIn(tokenIn(await signIn(fresh(), provider, { org: 'moved' }))).sub, subject)
    }
    for (const value of [`demo_${uuid}`, 'admin', 7, `${uuid}\n`])
      equal(await codeOf({ claims: { [name]: value } }, 'moved'), 'provider_answer_refused')
    provider.wrong.claims = { [name]: uuid }
    const { sub } = claimsIn(tokenIn(await signIn(fresh(), provider)))
    ok(String(sub).startsWith('demo_') && !String(sub).includes(uuid))
  })
})
