import * as oidc from 'openid-client'
import { type Items, type Table, textIn } from '../../lib/store/table.ts'
import type { Organisation } from '../organisations.ts'
import { boundedFetch, discover, fetchKeys } from './discovery.ts'

/**
 * Builds the configurations of `openid-client`, with a cache of each provider's metadata and keys. These are
 * in the table too, so that logout tokens can be verified from a cold start within the 2.5 seconds that
 * providers wait.
 */

/** Cache TTL of metadata and keys, seconds. */
const cacheTtl = 600

/** A provider's metadata and keys, in a form that can be stored. */
export type ProviderData = Readonly<{
  metadata: oidc.ServerMetadata
  keys: oidc.ExportedJWKSCache | undefined
  /** Seconds since the epoch. */
  at: number
}>

type ProviderDataWithKeys = ProviderData & Readonly<{ keys: oidc.ExportedJWKSCache }>

/** Seconds by which the clock of a provider may differ from ours. */
export const clockTolerance = 60

/** An unknown `kid` causes at most one fetch in this many seconds. */
export const keyCooldown = 60

const authentications = {
  client_secret_basic: oidc.ClientSecretBasic,
  client_secret_post: oidc.ClientSecretPost,
  none: oidc.None,
} as const

/** A provider during one request. */
export type Provider = Readonly<{
  config: oidc.Configuration
  /** Metadata and keys, if new keys were fetched during this request. */
  fetched: () => ProviderData | undefined
}>

export type Providers = Readonly<{
  /**
   * Throws `provider_unavailable` or `provider_misconfigured`. `deadline` bounds all its requests together;
   * `secret` is needed only to exchange a code.
   */
  of(organisation: Organisation, deadline: AbortSignal, secret?: string): Promise<Provider>
  /** Fetches metadata and keys. The caller limits how often: `keyCooldown`. */
  withKeys(organisation: Organisation, deadline: AbortSignal): Promise<ProviderDataWithKeys>
}>

/** The providers as one instance knows them. `now` in seconds. */
export const providersOf = (loopback: boolean, now: () => number): Providers => {
  const cache = new Map<string, ProviderData>()

  return {
    of: async (organisation, deadline, secret) => {
      const { provider, name } = organisation
      const fetching = boundedFetch(deadline, loopback)
      const kept = cache.get(name)
      const fresh = kept !== undefined && now() - kept.at < cacheTtl ? kept : undefined
      const before =
        fresh ??
        ({ metadata: await discover(provider, fetching, loopback), keys: undefined, at: now() } as const)
      cache.set(name, before)

      // The organisation's list replaces the provider's, so discovery cannot widen it.
      const metadata = { ...before.metadata, id_token_signing_alg_values_supported: [...provider.idTokenAlg] }
      const config = new oidc.Configuration(
        metadata,
        provider.clientId,
        { [oidc.clockTolerance]: clockTolerance },
        secret === undefined ? oidc.None() : authentications[provider.clientAuthentication](secret),
      )
      if (loopback) oidc.allowInsecureRequests(config)
      config[oidc.customFetch] = fetching
      if (before.keys !== undefined) oidc.setJwksCache(config, before.keys)
      // Without this, signatures of ID tokens from the token endpoint are not verified.
      oidc.enableNonRepudiationChecks(config)

      const fetched = (): ProviderData | undefined => {
        const keys = oidc.getJwksCache(config)
        if (keys === undefined || keys.uat === before.keys?.uat) return undefined
        const after = { ...before, keys: { jwks: keys.jwks, uat: keys.uat } }
        cache.set(name, after)
        return after
      }
      return { config, fetched }
    },
    withKeys: async (organisation, deadline) => {
      const fetching = boundedFetch(deadline, loopback)
      const metadata = await discover(organisation.provider, fetching, loopback)
      const jwks = { keys: [...(await fetchKeys(metadata, fetching)).keys] }
      return { metadata, keys: { jwks, uat: now() }, at: now() }
    },
  }
}

export const providerKey = (org: string): string => `PROVIDER#${encodeURIComponent(org)}`

/** Stores metadata and keys, if new ones were fetched. */
export const rememberProvider = async (
  table: Table,
  org: string,
  data: ProviderData | undefined,
): Promise<void> => {
  if (data !== undefined) await table.put(providerKey(org), { data: { S: JSON.stringify(data) } })
}

/** The stored metadata and keys. */
export const providerIn = (items: Items, org: string): ProviderData | undefined => {
  const text = textIn(items.get(providerKey(org)), 'data')
  return text === undefined ? undefined : JSON.parse(text)
}
