import { deepEqual, equal } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { each } from '../../test/support/each.ts'
import { json, type Wrong } from './support/faulty-provider.ts'
import { claimsIn, codeIn, identity, openService, tokenIn } from './support/service.ts'

const on = await openService({
  demo: {},
  posting: { clientAuthentication: 'client_secret_post' },
  public: { clientAuthentication: 'none', useUserinfoEndpoint: true },
})
const { provider } = on

const now = Math.floor(Date.now() / 1000)
/** Signs in at newly started functions, while the provider is wrong in this way. */
const signInWith = (wrong: Partial<Wrong>, org = 'demo') => {
  provider.well()
  Object.assign(provider.wrong, wrong)
  return on.signIn({ call: on.open(), org })
}

describe('The token request', () => {
  it('sends the PKCE verifier of this sign-in and the redirect URI of this organisation', async () => {
    const { person, asked, query } = await on.begin()
    const headers = { host: 'evil.test', 'x-forwarded-host': 'evil.test' }
    await on.call('login-callback', { query, headers, cookies: person.pairs() })
    const sent = new URLSearchParams(provider.asked.body)
    const digest = createHash('sha256').update(sent.get('code_verifier') ?? '')
    equal(digest.digest('base64url'), asked.get('code_challenge'))
    equal(sent.get('redirect_uri'), `${identity}/v1/org/demo/login-callback`)
  })

  each('uses the client authentication that the organisation configures', [
    // RFC 6749 section 2.3.1 form-encodes both.
    ['demo', `Basic ${Buffer.from('imsg%2Ddemo:client%2Dsecret').toString('base64')}`, null],
    ['posting', undefined, 'client-secret'],
    ['public', undefined, null],
  ])(async ([org, header, secret]) => {
    await on.signIn({ org })
    const posted = new URLSearchParams(provider.asked.body).get('client_secret')
    deepEqual([provider.asked.authorization, posted], [header, secret])
  })
})

describe('An ID token from a provider', () => {
  each<readonly [string, Partial<Wrong>]>('is refused when its signature, its header or a claim is wrong', [
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
    ['without exp', { claims: { exp: undefined } }],
    ['issued a quarter of an hour ago', { claims: { iat: now - 900 } }],
    ['issued two minutes from now', { claims: { iat: now + 120 } }],
    ['without iat', { claims: { iat: undefined } }],
    ['not valid yet', { claims: { nbf: now + 120 } }],
    ['with an empty subject', { claims: { sub: '' } }],
    ['with a number as its subject', { claims: { sub: 7 } }],
    ['with a subject of 256 characters', { claims: { sub: 'x'.repeat(256) } }],
    ['of the type of an access token', { header: { typ: 'at+jwt' } }],
    ['of a type that is not a string', { header: { typ: 7 } }],
    ['with an unknown critical header', { header: { crit: ['x'], x: 1 } }],
  ])(async ([, wrong]) => equal(codeIn(await signInWith(wrong)), 'provider_answer_refused'))

  each('is refused when its algorithm is not in idTokenAlg, even if discovery lists it', [
    'none',
    'HS256',
    'RS512',
  ])(async (signature) => {
    const metadata = { id_token_signing_alg_values_supported: ['none', 'HS256', 'RS512'] }
    equal(codeIn(await signInWith({ metadata, signature })), 'provider_answer_refused')
    equal((await signInWith({ metadata })).statusCode, 303)
  })

  each<Partial<Wrong>>('is accepted with small clock skew, a long lifetime, azp, or typ JWT', [
    // Clocks may differ by a minute.
    { claims: { iat: now + 30, nbf: now + 45, exp: now - 45 } },
    { claims: { iat: now - 500, exp: now + 604_000 } },
    { claims: { azp: 'imsg-demo', sub: 'x'.repeat(255) }, header: { typ: 'JWT' } },
  ])(async (unusual) => equal((await signInWith(unusual)).statusCode, 303))
})

describe('The response of a provider', () => {
  each('is refused when its iss parameter is missing or names another issuer (RFC 9207)', [
    '&iss=https%3A%2F%2Fevil.test',
    '',
  ])(async (iss) => {
    const { person, query } = await on.begin()
    const told = { query: query.replace(/&iss=.*/, iss), cookies: person.pairs() }
    equal(codeIn(await on.call('login-callback', told)), 'provider_answer_refused')
  })

  it('is refused without an ID token', async () => {
    provider.wrong.answers['/token'] = (response) =>
      json(response, 200, { access_token: 'access', token_type: 'Bearer' })
    equal(codeIn(await on.signIn({ call: on.open() })), 'provider_answer_refused')
  })

  it('is refused when the sub of userinfo differs from that of the ID token', async () =>
    equal(codeIn(await signInWith({ userinfo: { sub: 'person-2' } }, 'public')), 'provider_answer_refused'))

  it('is completed with claims from userinfo, which never override those of the ID token', async () => {
    const answer = await signInWith({ userinfo: { given_name: 'Other', groups: ['south-desk'] } }, 'public')
    const { userinfo, groups } = claimsIn(tokenIn(answer))
    deepEqual([userinfo, groups], [{ given_name: 'Edith', family_name: 'Reyes' }, ['north-desk']])
  })

  each('that is an OAuth error shows our code on the page; its error is only logged', [
    [400, { error: 'invalid_grant' }, '', 'code_refused', 'invalid_grant'],
    [400, { error: 'invalid_client' }, '', 'provider_misconfigured', 'invalid_client'],
    [401, {}, 'Basic realm="x", error="invalid_client"', 'provider_misconfigured', 'invalid_client'],
    [400, { error: '<b>\n' }, '', 'provider_misconfigured', 'other'],
  ])(async ([status, body, challenge, code, cause]) => {
    provider.wrong.answers['/token'] = (response) => {
      if (challenge !== '') response.setHeader('www-authenticate', challenge)
      json(response, status, body)
    }
    equal(codeIn(await on.signIn({ call: on.open() })), code)
    const line = on.lines.at(-1)
    deepEqual([line?.cause, line?.org], [cause, 'demo'])
  })
})
