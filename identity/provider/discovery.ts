import type { CustomFetch, ServerMetadata } from 'openid-client'
import { isIssuerOf, isProviderAddress, type ProviderSettings } from '../organisations.ts'
import { refuse, SignInProblem } from '../problem.ts'

/**
 * Fetches a provider's metadata and keys, within limits. Does not load `openid-client`, so the doctor can use
 * it.
 */

/** Bytes of an answer: metadata, keys, tokens and userinfo of real providers stay below 100 kB. */
const largestAnswer = 262_144

/** Deadline for all requests to a provider together, milliseconds. A logout has less time. */
export const providerTimeout = 10_000

const misconfigured = (reason: string): never => refuse('provider_misconfigured', reason)

const unavailable = (error: unknown): never => {
  if (error instanceof SignInProblem) throw error
  const late = error instanceof Error && ['TimeoutError', 'AbortError'].includes(error.name)
  return refuse('provider_unavailable', late ? 'no answer in time' : error)
}

const bodyOf = async (answer: Response): Promise<Buffer<ArrayBuffer>> => {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of answer.body ?? []) {
    size += piece.length
    if (size > largestAnswer) refuse('provider_unavailable', 'answer too large')
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** A fetch under one deadline for all calls: public https, no redirects, an answer of limited size. */
export const boundedFetch =
  (deadline: AbortSignal, loopback: boolean): CustomFetch =>
  async (url, { signal, body: sent, ...init }) => {
    if (!isProviderAddress(url, loopback)) return misconfigured('endpoint')
    const within = AbortSignal.any([deadline, ...(signal ? [signal] : [])])
    const answer = await fetch(url, {
      ...init,
      body: sent ?? null,
      redirect: 'manual',
      signal: within,
    }).catch(unavailable)
    const body = await bodyOf(answer).catch(unavailable)
    if (answer.status >= 500) refuse('provider_unavailable', `status ${answer.status}`)
    const bare = [204, 205, 304].includes(answer.status)
    return new Response(bare ? null : body, { status: answer.status, headers: answer.headers })
  }

const getJson = async (what: string, url: string, fetching: CustomFetch): Promise<object> => {
  const headers = { accept: 'application/json' }
  const answer = await fetching(url, { method: 'GET', headers, body: null, redirect: 'manual' })
  if (answer.status !== 200) misconfigured(`${what}: status ${answer.status}`)
  const document: unknown = await answer.json().catch(() => misconfigured(`${what}: not JSON`))
  return { ...Object(document) }
}

const endpoints = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const
const optionalEndpoints = ['userinfo_endpoint', 'end_session_endpoint'] as const

/** Fetches and checks the metadata of a provider: OpenID Connect Discovery section 4.3. */
export const discover = async (
  provider: ProviderSettings,
  fetching: CustomFetch,
  loopback: boolean,
): Promise<ServerMetadata> => {
  const metadata = (await getJson('discovery', provider.wellKnownConfigUrl, fetching)) as ServerMetadata
  if (!isIssuerOf(provider, metadata.issuer)) misconfigured('discovery: another issuer')
  for (const name of [...endpoints, ...optionalEndpoints.filter((each) => metadata[each] !== undefined)])
    if (!isProviderAddress(metadata[name], loopback)) misconfigured(`discovery: ${name}`)
  return metadata
}

/** Fetches the key set of a provider: RFC 7517 section 5. Its keys are checked when one is used. */
export const fetchKeys = async (
  { jwks_uri: address = '' }: ServerMetadata,
  fetching: CustomFetch,
): Promise<Readonly<{ keys: object[] }>> => {
  const { keys } = { keys: undefined, ...(await getJson('keys', address, fetching)) }
  return Array.isArray(keys) ? { keys } : misconfigured('keys: no key set')
}
