import type { Config } from '../config.ts'

/**
 * Speaks to the identity service and the Admin API. Only refresh-state does; a request never waits for
 * another system.
 */

/**
 * The identity service did not answer as documented. The message says where and how, and quotes nothing of
 * the answer.
 */
export class UpstreamError extends Error {
  /** Whether trying again at once may help. */
  readonly passing: boolean
  /** The status of the answer, if there was one. */
  readonly status: number | undefined
  constructor(message: string, passing: boolean, cause?: unknown, status?: number) {
    super(message, { cause })
    this.name = 'UpstreamError'
    this.passing = passing
    this.status = status
  }
}

/** What an application signs in with at the Access Token service. */
export type ClientCredentials = Readonly<{ id: string; secret: string }>

type Limits = Readonly<{ milliseconds: number; bytes: number }>

const small: Limits = { milliseconds: 5_000, bytes: 1_000_000 }
const large: Limits = { milliseconds: 20_000, bytes: 100_000_000 }
/**
 * Of one organisation: several of these answers are in memory at a time, and none may use up the time of
 * the others.
 */
const ofOneOrganisation: Limits = { milliseconds: 10_000, bytes: 40_000_000 }
const pause = 200

/**
 * `once`: a failure in passing is not tried again, for whoever may ask only once. `signal`: gives up early.
 */
type Options = Readonly<{ once?: true; signal?: AbortSignal | undefined }>

/** Reads a body up to a limit: an answer that never ends must not fill the memory. */
const textOf = async (answer: Response, { bytes }: Limits, what: string): Promise<string> => {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of answer.body ?? []) {
    size += piece.length
    if (size > bytes) throw new UpstreamError(`${what}: answer too large`, false)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

const attempt = async (
  what: string,
  url: string,
  { signal, ...init }: RequestInit,
  limits: Limits,
): Promise<unknown> => {
  const timeout = AbortSignal.timeout(limits.milliseconds)
  const failed = (error: unknown): never => {
    if (error instanceof UpstreamError) throw error
    const late = error instanceof Error && error.name === 'TimeoutError'
    throw new UpstreamError(`${what}: ${late ? 'no answer in time' : 'no connection'}`, !late, error)
  }
  const answer = await fetch(url, {
    ...init,
    redirect: 'error',
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  }).catch(failed)
  const text = await textOf(answer, limits, what).catch(failed)
  if (!answer.ok)
    throw new UpstreamError(
      `${what}: status ${answer.status}`,
      answer.status >= 500,
      undefined,
      answer.status,
    )
  try {
    return JSON.parse(text)
  } catch {
    throw new UpstreamError(`${what}: not JSON`, false)
  }
}

/** One call, tried again once when it failed in passing. */
const call = async (what: string, url: string, init: RequestInit, limits = small): Promise<unknown> => {
  try {
    return await attempt(what, url, init, limits)
  } catch (error) {
    if (!(error instanceof UpstreamError && error.passing) || init.signal?.aborted) throw error
    await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())))
    return attempt(what, url, init, limits)
  }
}

/** The lists of the Admin API from which the state is made. */
export type AdminList =
  | 'organizations.list'
  | 'organizations.listGroupToRoleMappings'
  | 'units.list'
  | 'roles.list'
  | 'services.list'
  | 'permissions.list'
  | 'subjects.list'

export type Upstream = Readonly<{
  /** The key set document, not yet judged. */
  keySet(options?: Options): Promise<unknown>
  /** One list of the Admin API, not yet judged. `organizationId`: of this organisation alone. */
  list(name: AdminList, organizationId?: string, signal?: AbortSignal): Promise<unknown>
  /** Whether there is an Admin API to ask. */
  hasAdmin: boolean
}>

type Bearer = Readonly<{ token: string; until: number }>

const bearerFrom = (document: unknown, now: number): Bearer => {
  const { access_token: token, expires_in: seconds } = Object(document)
  if (typeof token !== 'string' || !/^[\w.~+/=-]+$/.test(token))
    throw new UpstreamError('access token: none in the answer', false)
  // Renewed half a minute early, so that none runs out between two calls.
  return { token, until: now + (Number.isSafeInteger(seconds) ? seconds : 300) - 30 }
}

/**
 * The systems of this configuration. An access token is used until it expires: upstream documentation asks
 * for it.
 */
export const upstreamOf = (
  { imasUrl, adminApiUrl, accessTokenUrl }: Pick<Config, 'imasUrl' | 'adminApiUrl' | 'accessTokenUrl'>,
  credentials: () => Promise<ClientCredentials>,
  now: () => number,
): Upstream => {
  let bearer: Bearer | undefined
  let asking: Promise<Bearer> | undefined

  const freshBearer = async (signal: AbortSignal | undefined): Promise<Bearer> => {
    const { id, secret } = await credentials()
    const body = JSON.stringify({ grant_type: 'client_credentials', client_id: id, client_secret: secret })
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body,
      ...(signal ? { signal } : {}),
    }
    return bearerFrom(await call('access token', `${accessTokenUrl}/v1/token`, init), now())
  }

  /** One access token for all calls at a time, however many find that there is none. */
  const bearerNow = async (signal: AbortSignal | undefined): Promise<Bearer> => {
    if (bearer !== undefined && bearer.until > now()) return bearer
    asking ??= freshBearer(signal).finally(() => {
      asking = undefined
    })
    bearer = await asking
    return bearer
  }

  return {
    hasAdmin: adminApiUrl !== undefined,
    keySet: ({ once, signal } = {}) => {
      const init = { headers: { accept: 'application/json' }, ...(signal ? { signal } : {}) }
      const document = ['key set', `${imasUrl}/v1/jwks`, init] as const
      return once ? attempt(...document, small) : call(...document)
    },
    list: async (name, organizationId, signal) => {
      const { token } = await bearerNow(signal)
      const isOfOne = organizationId !== undefined
      const query = isOfOne ? `?organizationId=${encodeURIComponent(organizationId)}` : ''
      const headers = { accept: 'application/json', authorization: `Bearer ${token}` }
      const init = { headers, ...(signal ? { signal } : {}) }
      try {
        return await call(
          name,
          `${adminApiUrl}/v1/${name}${query}`,
          init,
          isOfOne ? ofOneOrganisation : large,
        )
      } catch (error) {
        if (error instanceof UpstreamError && (error.status === 401 || error.status === 403))
          bearer = undefined
        throw error
      }
    },
  }
}
