import { readFileSync } from 'node:fs'
import type { ServerMetadata } from 'openid-client'
import { named } from '../lib/log.ts'
import { boundedFetch, discover, fetchKeys } from './discovery.ts'
import { type Organisation, organisationsFrom, type ProviderSettings } from './organisations.ts'
import { SignInProblem } from './problem.ts'

/**
 * `npm run doctor -- --providers`: asks each provider of the organisations file what it offers, and says what
 * is missing.
 */

type Verdict = Readonly<{ good: boolean; lines: readonly string[] }>

const patience = 10_000

const lists = (value: unknown, wanted: string): boolean => Array.isArray(value) && value.includes(wanted)

/** Something that a provider does not offer. `false`: nobody can sign in without it. */
type Finding = readonly [wellEnough: boolean, says: string]

const findingsOf = (provider: ProviderSettings, metadata: ServerMetadata): readonly Finding[] => {
  const scopes = metadata.scopes_supported
  const methods = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  const missingScopes = provider.scope
    .split(' ')
    .filter((scope) => Array.isArray(scopes) && !scopes.includes(scope))
  const rows: readonly (readonly [found: boolean, ...Finding])[] = [
    [
      !provider.idTokenAlg.some((name) => lists(metadata.id_token_signing_alg_values_supported, name)),
      false,
      `signs ID tokens with none of ${provider.idTokenAlg.join(', ')}: idTokenAlg`,
    ],
    [
      !lists(methods, provider.clientAuthentication) && provider.clientAuthentication !== 'none',
      false,
      `does not take ${provider.clientAuthentication}: clientAuthentication`,
    ],
    [missingScopes.length > 0, true, `does not list the scope ${missingScopes.join(', ')}`],
    [
      provider.useUserinfoEndpoint && metadata.userinfo_endpoint === undefined,
      false,
      'has no userinfo endpoint: useUserinfoEndpoint',
    ],
    [!lists(metadata.code_challenge_methods_supported, 'S256'), true, 'does not announce PKCE with S256'],
    [
      metadata.authorization_response_iss_parameter_supported !== true,
      true,
      'does not name itself in its answer (RFC 9207)',
    ],
    [
      Array.isArray(metadata.claims_supported) &&
        !lists(metadata.claims_supported, provider.groupsClaim.split('.')[0] ?? ''),
      true,
      `does not list the claim ${provider.groupsClaim}: it may have to be configured there`,
    ],
    [
      provider.logoutAtProvider && metadata.end_session_endpoint === undefined,
      true,
      'cannot be asked to sign somebody out: people are told so after a logout',
    ],
    [
      metadata.backchannel_logout_supported !== true && metadata.frontchannel_logout_supported !== true,
      true,
      'announces no sign-out from there, neither back-channel nor front-channel',
    ],
  ]
  return rows.filter(([found]) => found).map(([, wellEnough, says]) => [wellEnough, says])
}

const judged = async ({ name, provider }: Organisation, loopback: boolean): Promise<Verdict> => {
  const fetching = boundedFetch(AbortSignal.timeout(patience), loopback)
  try {
    const metadata = await discover(provider, fetching, loopback)
    const { keys } = await fetchKeys(metadata, fetching)
    const findings = findingsOf(provider, metadata)
    const good = findings.every(([wellEnough]) => wellEnough)
    const head = `${name}: ${metadata.issuer} answers, with ${keys.length} keys`
    return {
      good,
      lines: [head, ...findings.map(([wellEnough, says]) => `  ${wellEnough ? '!' : '✗'} ${says}`)],
    }
  } catch (error) {
    if (!(error instanceof SignInProblem)) throw error
    return { good: false, lines: [`${name}: ${error.code}`, `  ✗ ${named(error.cause)}`] }
  }
}

/** Judges the providers of a file. `loopback`: of this machine, for trying things out. */
export const providersVerdict = async (file: string, loopback = false): Promise<Verdict> => {
  const { organisations, problems } = organisationsFrom(JSON.parse(readFileSync(file, 'utf8')), loopback)
  const verdicts = await Promise.all([...organisations.values()].map((one) => judged(one, loopback)))
  return {
    good: problems.length === 0 && verdicts.every(({ good }) => good),
    lines: [
      ...problems.map((problem) => `✗ ${problem}`),
      ...verdicts.flatMap(({ lines }) => lines),
      ...(verdicts.length === 0 ? ['No organisation has a provider.'] : []),
    ],
  }
}
