import { readFileSync } from 'node:fs'
import type { ServerMetadata } from 'openid-client'
import { errorName } from '../lib/log.ts'
import { type Organisation, organisationsFrom, type ProviderSettings } from './organisations.ts'
import { SignInProblem } from './problem.ts'
import { boundedFetch, discover, fetchKeys, providerTimeout } from './provider/discovery.ts'

/**
 * `npm run doctor -- --providers`: asks each provider of the organisations file what it offers, and says what
 * is missing.
 */

type Verdict = Readonly<{ good: boolean; lines: readonly string[] }>

const lists = (value: unknown, wanted: string): boolean => Array.isArray(value) && value.includes(wanted)

/** The texts whose condition holds. */
const found = (rows: readonly (readonly [holds: boolean, text: string])[]): readonly string[] =>
  rows.filter(([holds]) => holds).map(([, text]) => text)

/** Without these nobody can sign in. */
const missing = (provider: ProviderSettings, metadata: ServerMetadata): readonly string[] => {
  const { clientAuthentication: method, idTokenAlg, useUserinfoEndpoint } = provider
  const methods = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  const signsWith = (name: string) => lists(metadata.id_token_signing_alg_values_supported, name)
  const hasUserinfo = metadata.userinfo_endpoint !== undefined
  return found([
    [!idTokenAlg.some(signsWith), `signs ID tokens with none of ${idTokenAlg.join(', ')}: idTokenAlg`],
    [method !== 'none' && !lists(methods, method), `does not take ${method}: clientAuthentication`],
    [useUserinfoEndpoint && !hasUserinfo, 'has no userinfo endpoint: useUserinfoEndpoint'],
  ])
}

/** People can sign in without these. */
const notOffered = (provider: ProviderSettings, metadata: ServerMetadata): readonly string[] => {
  const { scopes_supported: scopes, claims_supported: claims } = metadata
  const { scope, groupsClaim, logoutAtProvider } = provider
  const unlisted = scope.split(' ').filter((each) => Array.isArray(scopes) && !scopes.includes(each))
  const [claim = ''] = groupsClaim.split('.')
  const signsOut =
    metadata.backchannel_logout_supported === true || metadata.frontchannel_logout_supported === true
  return found([
    [unlisted.length > 0, `does not list the scope ${unlisted.join(', ')}`],
    [!lists(metadata.code_challenge_methods_supported, 'S256'), 'does not announce PKCE with S256'],
    [
      metadata.authorization_response_iss_parameter_supported !== true,
      'does not name itself in its answer (RFC 9207)',
    ],
    [
      Array.isArray(claims) && !claims.includes(claim),
      `does not list the claim ${groupsClaim}: it may have to be configured there`,
    ],
    [
      logoutAtProvider && metadata.end_session_endpoint === undefined,
      'cannot be asked to sign somebody out: people are told so after a logout',
    ],
    [!signsOut, 'announces no sign-out from there, neither back-channel nor front-channel'],
  ])
}

const checkProvider = async ({ name, provider }: Organisation, loopback: boolean): Promise<Verdict> => {
  const fetching = boundedFetch(AbortSignal.timeout(providerTimeout), loopback)
  try {
    const metadata = await discover(provider, fetching, loopback)
    const { keys } = await fetchKeys(metadata, fetching)
    const lacks = missing(provider, metadata)
    const lines = [
      `${name}: ${metadata.issuer} answers, with ${keys.length} keys`,
      ...lacks.map((text) => `  ✗ ${text}`),
      ...notOffered(provider, metadata).map((text) => `  ! ${text}`),
    ]
    return { good: lacks.length === 0, lines }
  } catch (error) {
    if (!(error instanceof SignInProblem)) throw error
    return { good: false, lines: [`${name}: ${error.code}`, `  ✗ ${errorName(error.cause)}`] }
  }
}

/** Judges the providers of a file. `loopback`: of this machine, for trying things out. */
export const providersVerdict = async (file: string, loopback = false): Promise<Verdict> => {
  const { organisations, problems } = organisationsFrom(JSON.parse(readFileSync(file, 'utf8')), loopback)
  const verdicts = await Promise.all([...organisations.values()].map((one) => checkProvider(one, loopback)))
  return {
    good: problems.length === 0 && verdicts.every(({ good }) => good),
    lines: [
      ...problems.map((problem) => `✗ ${problem}`),
      ...verdicts.flatMap(({ lines }) => lines),
      ...(verdicts.length === 0 ? ['No organisation has a provider.'] : []),
    ],
  }
}
