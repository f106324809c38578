import { deepEqual, equal, match } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, describe, it } from 'node:test'
import { each } from '../../test/support/each.ts'
import { providersVerdict } from '../doctor.ts'
import { json, startFaultyProvider } from './support/faulty-provider.ts'
import { organisation, providerOf } from './support/service.ts'

const provider = await startFaultyProvider('imsg-demo')
after(provider.close)
afterEach(provider.well)
const folder = mkdtempSync(join(tmpdir(), 'imsg-doctor-'))
after(() => rmSync(folder, { recursive: true, force: true }))

type Json = Readonly<Record<string, unknown>>

const complete = {
  code_challenge_methods_supported: ['S256'],
  backchannel_logout_supported: true,
  scopes_supported: ['openid', 'profile', 'email'],
  claims_supported: ['groups'],
}
/** The verdict on a provider that offers everything but this, with these settings. */
const verdictOf = (metadata: Json, settings: Json = {}) => {
  provider.wrong.metadata = { ...complete, ...metadata }
  const file = join(folder, 'organisations.json')
  const document = { organisations: [organisation('demo', providerOf(provider.issuer, settings))] }
  writeFileSync(file, JSON.stringify(document))
  return providersVerdict(file, true)
}

describe('npm run doctor -- --providers', () => {
  const nothingMissing = { good: true, lines: [`demo: ${provider.issuer} answers, with 1 keys`] }

  each<readonly [Json, Json?]>('reports no problem for a provider that offers everything required', [
    [{}],
    [{}, { idTokenAlg: ['ES256', 'RS256'], useUserinfoEndpoint: true }],
    [{ backchannel_logout_supported: false, frontchannel_logout_supported: true }],
    [{ scopes_supported: undefined, claims_supported: undefined }],
    [{ token_endpoint_auth_methods_supported: [] }, { clientAuthentication: 'none' }],
    [{ end_session_endpoint: undefined }, { logoutAtProvider: false }],
  ])(async ([metadata, settings]) => deepEqual(await verdictOf(metadata, settings), nothingMissing))

  each<readonly [good: boolean, RegExp, Json, Json?]>(
    'reports each defect of the discovery document, as an error or a warning',
    [
      [false, /✗ signs ID tokens with none/, { id_token_signing_alg_values_supported: ['ES256'] }],
      [
        false,
        /✗ does not take client_secret_basic/,
        { token_endpoint_auth_methods_supported: ['client_secret_post'] },
      ],
      [false, /✗ has no userinfo/, { userinfo_endpoint: undefined }, { useUserinfoEndpoint: true }],
      [true, /! does not list the scope profile, email$/, { scopes_supported: ['openid'] }],
      [true, /! does not announce PKCE/, { code_challenge_methods_supported: undefined }],
      [true, /! does not name itself/, { authorization_response_iss_parameter_supported: undefined }],
      [true, /! does not list the claim groups/, { claims_supported: ['sub'] }],
      [true, /! cannot be asked to sign somebody out/, { end_session_endpoint: undefined }],
      [true, /! announces no sign-out/, { backchannel_logout_supported: false }],
      [false, /✗ discovery: another issuer/, { issuer: 'https://evil.test' }],
    ],
  )(async ([good, says, metadata, settings]) => {
    const verdict = await verdictOf(metadata, settings)
    equal(verdict.good, good)
    equal(verdict.lines.length, 2, verdict.lines.join('\n'))
    match(verdict.lines[1] ?? '', says)
  })

  it('reports a provider without keys or that is down, and mistakes in the organisations file', async () => {
    provider.wrong.answers['/jwks'] = (response) => json(response, 200, {})
    const keyless = await verdictOf({})
    deepEqual(keyless.lines, ['demo: provider_misconfigured', '  ✗ keys: no key set'])
    provider.wrong.answers['/.well-known/openid-configuration'] = (response) => void response.destroy()
    const away = await verdictOf({})
    deepEqual([away.good, away.lines[0]], [false, 'demo: provider_unavailable'])
    deepEqual(await verdictOf({}, { clientId: '' }), {
      good: false,
      lines: ['✗ demo: clientId has to be a text', 'No organisation has a provider.'],
    })
  })
})
