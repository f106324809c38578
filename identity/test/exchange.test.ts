import { deepEqual, equal } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, afterEach, describe, it } from 'node:test'
import { startFaultyProvider, type Wrong } from './support/faulty-provider.ts'
import { claimsIn, codeIn, identity, openService, organisation, providerOf } from './support/service.ts'
import { begin, signIn, tokenIn } from './support/sign-in.ts'

const provider = await startFaultyProvider('imsg-demo')
after(provider.close)
const settings = (more = {}) => providerOf(provider.issuer, more)
const service = await openService([
  organisation('demo', settings()),
  organisation('posting', settings({ clientAuthentication: 'client_secret_post' })),
  organisation('public', settings({ clientAuthentication: 'none', useUserinfoEndpoint: true })),
])
service.secrets.posting = 'client-secret'
afterEach(provider.well)

const now = Math.floor(Date.now() / 1000)
/** A fresh instance of every function, so that nothing is remembered from another test. */
const fresh = () => ({ call: service.open(), lines: service.lines })
const codeOf = async (wrong: Partial<Wrong>, org = 'demo') => {
  Object.assign(provider.wrong, wrong)
  return codeIn(await signIn(fresh(), provider, { org }))
}

describe('The exchange of a code', () => {
  it('shows the PKCE verifier of this sign-in, and names the redirect URI of this organisation', async () => {
    const { person, asked } = await begin(service)
    const query = `code=c&state=${asked.get('state')}&iss=${encodeURIComponent(provider.issuer)}`
    const headers = { host: 'evil.test', 'x-forwarded-host': 'evil.test' }
    await service.call('login-callback', { query, headers, cookies: person.pairs() })
    const sent = new URLSearchParams(provider.asked.body)
    const digest = createHash('sha256').update(sent.get('code_verifier') ?? '')
    equal(digest.digest('base64url'), asked.get('code_challenge'))
    equal(sent.get('redirect_uri'), `${identity}/v1/org/demo/login-callback`)
  })

  it('authenticates in the way that the organisation names', async () => {
    const sentFor = async (org: string) => {
      await signIn(fresh(), provider, { org })
      return [provider.asked.authorization, new URLSearchParams(provider.asked.body).get('client_secret')]
    }
    const encoded = Buffer.from('imsg%2Ddemo:client%2Dsecret').toString('base64')
    deepEqual(await sentFor('demo'), [`Basic ${encoded}`, null])
    deepEqual(await sentFor('posting'), [undefined, 'client-secret'])
    deepEqual(await sentFor('public'), [undefined, null])
  })
})

describe('An ID token of a provider', () => {
  for (const [what, wrong] of [
    ['signed with the key of a stranger', { signature: 'forged' }],
    ['with a key that is not published', { header: { kid: 'another' } }],
    ['for another client', { claims: { aud: 'another' } }],
    ['for us, but requested by another client', { claims: { azp: 'another' } }],
    ['for two clients, without azp', { claims: { aud: ['imsg-demo', 'another'] } }],
    ['of another issuer', { claims: { iss: 'https://evil.test' } }],
    ['with the nonce of another sign-in', { claims: { nonce: 'another' } }],
    ['without a nonce', { claims: { nonce: undefined } }],
    ['that has expired', { claims: { exp: now - 120 } }],
    ['that is valid for ten years', { claims: { exp: now + 315_360_000 } }],
    ['issued an hour ago', { claims: { iat: now - 3600 } }],
    ['issued two minutes from now', { claims: { iat: now + 120 } }],
    ['without iat', { claims: { iat: undefined } }],
    ['not valid yet', { claims: { nbf: now + 120 } }],
    ['with an empty subject', { claims: { sub: '' } }],
    ['with a number as its subject', { claims: { sub: 7 } }],
    ['with a subject of 256 characters', { claims: { sub: 'x'.repeat(256) } }],
    ['of the type of an access token', { header: { typ: 'at+jwt' } }],
    ['with an unknown critical header', { header: { crit: ['x'], x: 1 } }],
  ] satisfies [string, Partial<Wrong>][])
    it(`is refused: ${what}`, async () => equal(await codeOf(wrong), 'provider_answer_refused'))

  for (const signature of ['none', 'HS256', 'RS512'] as const)
    it(`is refused with ${signature}, which discovery offers and idTokenAlg does not`, async () => {
      const metadata = { id_token_signing_alg_values_supported: ['none', 'HS256', 'RS512'] }
      equal(await codeOf({ metadata, signature }), 'provider_answer_refused')
      provider.wrong.signature = 'good'
      equal((await signIn(fresh(), provider)).statusCode, 303)
    })

  it('may differ from our clock by a minute', async () => {
    Object.assign(provider.wrong, { claims: { iat: now + 30, nbf: now + 45, exp: now - 45 } })
    equal((await signIn(fresh(), provider)).statusCode, 303)
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

  it('is refused when userinfo is about another person', async () =>
    equal(await codeOf({ userinfo: { sub: 'person-2' } }, 'public'), 'provider_answer_refused'))

  it('is completed by userinfo, and the ID token wins', async () => {
    Object.assign(provider.wrong, { userinfo: { given_name: 'Other', groups: ['south-desk'] } })
    const { userinfo, groups } = claimsIn(tokenIn(await signIn(fresh(), provider, { org: 'public' })))
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
    [
      'an error that is not an OAuth error code',
      400,
      { error: '<b>\n' },
      {},
      'provider_misconfigured',
      'other',
    ],
  ] as const)
    it(`is reported for ${what} by a code, with its error in the log alone`, async () => {
      provider.wrong.answers['/token'] = (response) =>
        void response
          .writeHead(status, { 'content-type': 'application/json', ...headers })
          .end(JSON.stringify(body))
      equal(codeIn(await signIn(fresh(), provider)), code)
      const line = service.lines.at(-1)
      deepEqual([line?.cause, line?.org], [cause, 'demo'])
    })
})
