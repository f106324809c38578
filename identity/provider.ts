import * as oidc from 'openid-client'
import { isIssuerOf, isProviderAddress, type Organisation } from './organisations.ts'
import { SignInProblem } from './problem.ts'

/** Speaks to the providers: discovery, keys, and a bounded fetch for everything that `openid-client` asks of them. */

/** Bytes of an answer: metadata, keys, tokens and userinfo of real providers stay below 100 kB. */
const largestAnswer = 262_144
/** How long metadata and keys are believed in memory, seconds. */
const cacheTtl = 600

/** What is known of a provider, in a form that can be stored: its metadata and its keys. */
export type Known = Readonly<{
  metadata: oidc.ServerMetadata
  keys: oidc.ExportedJWKSCache | undefined
  /** Seconds since the epoch. */
  at: number
}>

export type KnownKeys = Known & Readonly<{ keys: oidc.ExportedJWKSCache }>

/** An unknown `kid` causes one fetch in this many seconds, however many forged tokens come. */
export const keyCooldown = 60

const failure = (error: unknown): never => {
  if (error instanceof SignInProblem) throw error
  const late = error instanceof Error && ['TimeoutError', 'AbortError'].includes(error.name)
  throw new SignInProblem('provider_unavailable', late ? 'no answer in time' : error)
}

const bodyOf = async (answer: Response): Promise<Buffer<ArrayBuffer>> => {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of answer.body ?? []) {
    size += piece.length
    if (size > largestAnswer) throw new SignInProblem('provider_unavailable', 'answer too large')
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** A fetch under one deadline for all calls: public https, no redirects, an answer of limited size. */
export const boundedFetch =
  (deadline: AbortSignal, loopback: boolean): oidc.CustomFetch =>
  async (url, { signal, body: sent, ...init }) => {
    if (!isProviderAddress(url, loopback)) throw new SignInProblem('provider_misconfigured', 'endpoint')
    const within = AbortSignal.any([deadline, ...(signal ? [signal] : [])])
    const answer = await fetch(url, {
      ...init,
      body: sent ?? null,
      redirect: 'manual',
      signal: within,
    }).catch(failure)
    const body = await bodyOf(answer).catch(failure)
    if (answer.status >= 500) throw new SignInProblem('provider_unavailable', `status ${answer.status}`)
    const bare = [204, 205, 304].includes(answer.status)
    return new Response(bare ? null : body, { status: answer.status, headers: answer.headers })
  }

const endpoints = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const
const optionalEndpoints = ['userinfo_endpoint', 'end_session_endpoint'] as const

const misconfigured = (reason: string): never => {
  throw new SignInProblem('provider_misconfigured', reason)
}

/** Fetches and judges the metadata of a provider: OpenID Connect Discovery section 4.3. */
const discover = async (
  { provider }: Organisation,
  fetching: oidc.CustomFetch,
  loopback: boolean,
): Promise<oidc.ServerMetadata> => {
  const answer = await fetching(provider.wellKnownConfigUrl, request)
  if (answer.status !== 200) misconfigured(`discovery: status ${answer.status}`)
  const document: unknown = await answer.json().catch(() => misconfigured('discovery: not JSON'))
  const metadata = { ...Object(document) } as oidc.ServerMetadata
  if (!isIssuerOf(provider, metadata.issuer)) misconfigured('discovery: another issuer')
  for (const name of endpoints)
    if (!isProviderAddress(metadata[name], loopback)) misconfigured(`discovery: ${name}`)
  for (const name of optionalEndpoints)
    if (metadata[name] !== undefined && !isProviderAddress(metadata[name], loopback))
      misconfigured(`discovery: ${name}`)
  return metadata
}

const authentications = {
  client_secret_basic: oidc.ClientSecretBasic,
  client_secret_post: oidc.ClientSecretPost,
  none: oidc.None,
} as const

const request = {
  method: 'GET',
  headers: { accept: 'application/json' },
  body: null,
  redirect: 'manual',
} as const

const fetchKeys = async (
  { jwks_uri: address = '' }: oidc.ServerMetadata,
  fetching: oidc.CustomFetch,
): Promise<oidc.ExportedJWKSCache['jwks']> => {
  const answer = await fetching(address, request)
  const document: unknown = await answer.json().catch(() => misconfigured('keys: not JSON'))
  const { keys } = Object(document)
  return Array.isArray(keys) ? { keys } : misconfigured('keys: no key set')
}

/** A provider for the time of one request. */
export type Provider = Readonly<{
  config: oidc.Configuration
  /** What is known now, when keys were fetched on the way. */
  learned: () => Known | undefined
}>

export type Providers = Readonly<{
  /**
   * Throws `provider_unavailable` or `provider_misconfigured`. `deadline` bounds all its requests together; a secret is for whoever
   * exchanges a code.
   */
  of(organisation: Organisation, deadline: AbortSignal, secret?: string): Promise<Provider>
  /** Fetches metadata and keys. How often is up to the caller: `keyCooldown`. */
  withKeys(organisation: Organisation, deadline: AbortSignal): Promise<KnownKeys>
}>

/** The providers as one instance knows them. `now` in seconds. */
export const providersOf = (loopback: boolean, now: () => number): Providers => {
  const cache = new Map<string, Known>()

  return {
    of: async (organisation, deadline, secret) => {
      const { provider, name } = organisation
      const fetching = boundedFetch(deadline, loopback)
      const kept = cache.get(name)
      const fresh = kept !== undefined && now() - kept.at < cacheTtl ? kept : undefined
      const before =
        fresh ??
        ({ metadata: await discover(organisation, fetching, loopback), keys: undefined, at: now() } as const)
      cache.set(name, before)

      // What is accepted is ours to say: discovery widens nothing.
      const metadata = { ...before.metadata, id_token_signing_alg_values_supported: [...provider.idTokenAlg] }
      const config = new oidc.Configuration(
        metadata,
        provider.clientId,
        { [oidc.clockTolerance]: 60 },
        secret === undefined ? oidc.None() : authentications[provider.clientAuthentication](secret),
      )
      if (loopback) oidc.allowInsecureRequests(config)
      config[oidc.customFetch] = fetching
      if (before.keys !== undefined) oidc.setJwksCache(config, before.keys)
      // Without this, signatures of ID tokens from the token endpoint are not verified.
      oidc.enableNonRepudiationChecks(config)

      const learned = (): Known | undefined => {
        const keys = oidc.getJwksCache(config)
        if (keys === undefined || keys.uat === before.keys?.uat) return undefined
        const after = { ...before, keys: { jwks: keys.jwks, uat: keys.uat } }
        cache.set(name, after)
        return after
      }
      return { config, learned }
    },
    withKeys: async (organisation, deadline) => {
      const fetching = boundedFetch(deadline, loopback)
      const metadata = await discover(organisation, fetching, loopback)
      const jwks = await fetchKeys(metadata, fetching)
      const known = { metadata, keys: { jwks, uat: now() }, at: now() }
      cache.set(organisation.name, known)
      return known
    },
  }
}
