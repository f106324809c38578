import { deepEqual, equal, match } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, describe, it } from 'node:test'
import { providersVerdict } from '../doctor.ts'
import { startFaultyProvider } from './support/faulty-provider.ts'
import { organisation, providerOf } from './support/service.ts'

const provider = await startFaultyProvider('imsg-demo')
after(provider.close)
afterEach(provider.well)
const folder = mkdtempSync(join(tmpdir(), 'imsg-doctor-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const verdictOf = (metadata: Record<string, unknown>, more: Record<string, unknown> = {}) => {
  provider.wrong.metadata = metadata
  const file = join(folder, 'organisations.json')
  const document = { organisations: [organisation('demo', providerOf(provider.issuer, more))] }
  writeFileSync(file, JSON.stringify(document))
  return providersVerdict(file, true)
}
const complete = {
  code_challenge_methods_supported: ['S256'],
  backchannel_logout_supported: true,
  scopes_supported: ['openid', 'profile', 'email'],
  claims_supported: ['groups'],
}

describe('npm run doctor -- --providers', () => {
  it('finds nothing missing at a provider that offers everything', async () =>
    deepEqual(await verdictOf(complete), {
      good: true,
      lines: [`demo: ${provider.issuer} answers, with 1 keys`],
    }))

  for (const [what, metadata, more, good, says] of [
    [
      'algorithms',
      { id_token_signing_alg_values_supported: ['ES256'] },
      {},
      false,
      /✗ signs ID tokens with none/,
    ],
    [
      'client authentication',
      { token_endpoint_auth_methods_supported: ['client_secret_post'] },
      {},
      false,
      /✗ does not take client_secret_basic/,
    ],
    ['userinfo', { userinfo_endpoint: undefined }, { useUserinfoEndpoint: true }, false, /✗ has no userinfo/],
    ['scopes', { scopes_supported: ['openid'] }, {}, true, /! does not list the scope profile, email/],
    ['PKCE', { code_challenge_methods_supported: undefined }, {}, true, /! does not announce PKCE/],
    [
      'its name in the answer',
      { authorization_response_iss_parameter_supported: undefined },
      {},
      true,
      /! does not name itself/,
    ],
    ['groups', { claims_supported: ['sub'] }, {}, true, /! does not list the claim groups/],
    [
      'sign-out there',
      { end_session_endpoint: undefined },
      {},
      true,
      /! cannot be asked to sign somebody out/,
    ],
    ['sign-out from there', { backchannel_logout_supported: false }, {}, true, /! announces no sign-out/],
    ['its issuer', { issuer: 'https://evil.test' }, {}, false, /✗ discovery: another issuer/],
  ] as const)
    it(`says what a provider does not offer: ${what}`, async () => {
      const verdict = await verdictOf({ ...complete, ...metadata }, more)
      equal(verdict.good, good)
      equal(verdict.lines.length, 2, verdict.lines.join('\n'))
      match(verdict.lines[1] ?? '', says)
    })

  it('says that a provider is down, and what is wrong with the file itself', async () => {
    provider.wrong.answers['/.well-known/openid-configuration'] = (response) => void response.destroy()
    const away = await verdictOf(complete)
    deepEqual([away.good, away.lines[0]], [false, 'demo: provider_unavailable'])
    const wrong = await verdictOf(complete, { clientId: '' })
    deepEqual(wrong, {
      good: false,
      lines: ['✗ demo: clientId has to be a text', 'No organisation has a provider.'],
    })
  })
})
