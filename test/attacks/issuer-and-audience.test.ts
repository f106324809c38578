import { describe, it, mock } from 'node:test'
import { forged } from '../support/forger.ts'
import { acceptedEverywhere, openForgedGateway, refusedEverywhere } from '../support/present.ts'

mock.timers.enable({ apis: ['Date'], now: Date.now() })
const issuer = 'https://identity.example.test'
const gateway = await openForgedGateway({ TOKEN_ISSUER: issuer, TOKEN_AUDIENCE: 'gateway' })
const ours = { iss: issuer, aud: 'gateway' }

const refused: readonly (readonly [what: string, claims: Record<string, unknown>, code: string])[] = [
  ['no issuer', { iss: undefined }, 'token_issuer'],
  ['an empty issuer', { iss: '' }, 'token_issuer'],
  ['an issuer that is null', { iss: null }, 'token_issuer'],
  ['an issuer with a slash more', { iss: `${issuer}/` }, 'token_issuer'],
  ['an issuer with a port', { iss: `${issuer}:443` }, 'token_issuer'],
  ['an issuer in another case', { iss: 'https://Identity.example.test' }, 'token_issuer'],
  ['an issuer by http', { iss: 'http://identity.example.test' }, 'token_issuer'],
  ['an issuer with more behind it', { iss: `${issuer}.evil.test` }, 'token_issuer'],
  ['an issuer with a space', { iss: ` ${issuer}` }, 'token_issuer'],
  ['an issuer in a list', { iss: [issuer] }, 'token_issuer'],
  ['ours among several issuers', { iss: ['https://evil.test', issuer] }, 'token_issuer'],
  ['an issuer that is an object', { iss: { [issuer]: true } }, 'token_issuer'],
  ['no audience', { aud: undefined }, 'token_audience'],
  ['an audience that is null', { aud: null }, 'token_audience'],
  ['an empty audience', { aud: '' }, 'token_audience'],
  ['no audience in the list', { aud: [] }, 'token_audience'],
  ['a foreign audience', { aud: 'somebody else' }, 'token_audience'],
  ['foreign audiences', { aud: ['a', 'b'] }, 'token_audience'],
  ['an audience in another case', { aud: 'Gateway' }, 'token_audience'],
  ['an audience that holds ours', { aud: 'my gateway' }, 'token_audience'],
  ['two audiences in one text', { aud: 'gateway other' }, 'token_audience'],
  ['an audience in a list in a list', { aud: [['gateway']] }, 'token_audience'],
  ['an audience that is an object', { aud: { 0: 'gateway', length: 1 } }, 'token_audience'],
]

describe('Issuer and audience, when configured', () => {
  for (const [what, claims, code] of refused)
    it(`refuse ${what}`, () => refusedEverywhere(gateway, forged({ claims: { ...ours, ...claims } }), code))

  it('take ours', () => acceptedEverywhere(gateway, forged({ claims: ours })))
  it('take ours in a list of one', () =>
    acceptedEverywhere(gateway, forged({ claims: { ...ours, aud: ['gateway'] } })))
  it('take ours among several audiences', () =>
    acceptedEverywhere(gateway, forged({ claims: { ...ours, aud: ['other', 'gateway'] } })))
})
