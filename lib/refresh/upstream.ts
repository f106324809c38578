import type { Config } from '../config.ts'

/** The client of the identity service and the Admin API. Only refresh-state uses it. */

/** Thrown when the identity service does not answer as documented. The message never quotes the answer. */
export class UpstreamError extends Error {
  /** Whether an immediate retry may help. */
  readonly transient: boolean
  /** The HTTP status, if there was an answer. */
  readonly status: number | undefined
  constructor(message: string, transient: boolean, cause?: unknown, status?: number) {
    super(message, { cause })
    this.name = 'UpstreamError'
    this.transient = transient
    this.status = status
  }
}

/** The gateway's credentials at the Access Token service. */
export type ClientCredentials = Readonly<{ id: string; secret: string }>

type Limits = Readonly<{ milliseconds: number; bytes: number }>

const small: Limits = { milliseconds: 5_000, bytes: 1_000_000 }
const large: Limits = { milliseconds: 20_000, bytes: 100_000_000 }
/** For lists of one organisation, of which several are read at the same time. */
const perOrganisation: Limits = { milliseconds: 10_000, bytes: 40_000_000 }
/** Mean pause before a retry, in milliseconds. */
const retryPause = 200

/** `once`: no retry, for callers that may ask only once. `signal`: aborts the call. */
type Options = Readonly<{ once?: true; signal?: AbortSignal | undefined }>

/** Reads a body up to a limit, so that an endless response cannot fill the memory. */
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

/**
 * Runs `work` with a signal that is aborted after this time or with `signal`. `AbortSignal.any` does the
 * same, but takes an eighth of the processor time of a run with thousands of calls.
 */
const withTimeout = async <T>(
  milliseconds: number,
  signal: AbortSignal | null | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  signal?.throwIfAborted()
  const controller = new AbortController()
  const abort = () => controller.abort(signal?.reason)
  const late = () => controller.abort(new DOMException('', 'TimeoutError'))
  const timer = setTimeout(late, milliseconds)
  signal?.addEventListener('abort', abort)
  try {
    return await work(controller.signal)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

const attempt = async (
  what: string,
  url: string,
  { signal, ...init }: RequestInit,
  limits: Limits,
): Promise<unknown> => {
  const failed = (error: unknown): never => {
    if (error instanceof UpstreamError) throw error
    const late = error instanceof Error && error.name === 'TimeoutError'
    throw new UpstreamError(`${what}: ${late ? 'no answer in time' : 'no connection'}`, !late, error)
  }
  const { ok, status, text } = await withTimeout(limits.milliseconds, signal, async (within) => {
    const answer = await fetch(url, { ...init, redirect: 'error', signal: within })
    return { ok: answer.ok, status: answer.status, text: await textOf(answer, limits, what) }
  }).catch(failed)
  if (!ok) throw new UpstreamError(`${what}: status ${status}`, status >= 500, undefined, status)
  try {
    return JSON.parse(text)
  } catch {
    throw new UpstreamError(`${what}: not JSON`, false)
  }
}

/** Makes a call, with one retry after a transient failure. */
const call = async (what: string, url: string, init: RequestInit, limits = small): Promise<unknown> => {
  try {
    return await attempt(what, url, init, limits)
  } catch (error) {
    if (!(error instanceof UpstreamError && error.transient) || init.signal?.aborted) throw error
    await new Promise((resolve) => setTimeout(resolve, retryPause * (0.5 + Math.random())))
    return attempt(what, url, init, limits)
  }
}

/** The lists of the Admin API in use. */
export type AdminList =
  | 'organizations.list'
  | 'organizations.listGroupToRoleMappings'
  | 'units.list'
  | 'roles.list'
  | 'services.list'
  | 'permissions.list'
  | 'subjects.list'

/** The identity service and the Admin API. Every method throws `UpstreamError`. */
export type Upstream = Readonly<{
  /** The key set document, unchecked. */
  keySet(options?: Options): Promise<unknown>
  /** One list of the Admin API, unchecked. `organizationId`: only the rows of this organisation. */
  list(name: AdminList, organizationId?: string, signal?: AbortSignal): Promise<unknown>
  /** Whether an Admin API is configured. */
  hasAdmin: boolean
}>

type Bearer = Readonly<{ token: string; until: number }>

const bearerFrom = (document: unknown, now: number): Bearer => {
  const { access_token: token, expires_in: seconds } = Object(document)
  if (typeof token !== 'string' || !/^[\w.~+/=-]+$/.test(token))
    throw new UpstreamError('access token: none in the answer', false)
  // Renewed 30 seconds early, so that it does not expire during a call.
  return { token, until: now + (Number.isSafeInteger(seconds) ? seconds : 300) - 30 }
}

/** Access tokens. Each is used until it expires, as the upstream documentation asks. */
const accessTokens = (fetchToken: (signal?: AbortSignal) => Promise<unknown>, now: () => number) => {
  let bearer: Bearer | undefined
  let fetching: Promise<Bearer> | undefined
  return {
    /** The current token. Concurrent calls share one fetch. */
    current: async (signal?: AbortSignal): Promise<string> => {
      if (bearer === undefined || bearer.until <= now()) {
        fetching ??= fetchToken(signal)
          .then((document) => bearerFrom(document, now()))
          .finally(() => {
            fetching = undefined
          })
        bearer = await fetching
      }
      return bearer.token
    },
    /** Called when the Admin API refuses the token. */
    drop: (): void => {
      bearer = undefined
    },
  }
}

const isRefused = (error: unknown): boolean =>
  error instanceof UpstreamError && (error.status === 401 || error.status === 403)

/** The client of the systems that these settings name. */
export const upstreamOf = (
  { imasUrl, adminApiUrl, accessTokenUrl }: Pick<Config, 'imasUrl' | 'adminApiUrl' | 'accessTokenUrl'>,
  credentials: () => Promise<ClientCredentials>,
  now: () => number,
): Upstream => {
  const tokens = accessTokens(async (signal) => {
    const { id, secret } = await credentials()
    const body = JSON.stringify({ grant_type: 'client_credentials', client_id: id, client_secret: secret })
    const headers = { 'content-type': 'application/json', accept: 'application/json' }
    const init = { method: 'POST', headers, body, ...(signal ? { signal } : {}) }
    return call('access token', `${accessTokenUrl}/v1/token`, init)
  }, now)

  return {
    hasAdmin: adminApiUrl !== undefined,
    keySet: ({ once, signal } = {}) => {
      const init = { headers: { accept: 'application/json' }, ...(signal ? { signal } : {}) }
      const document = ['key set', `${imasUrl}/v1/jwks`, init] as const
      return once ? attempt(...document, small) : call(...document)
    },
    list: async (name, organizationId, signal) => {
      const token = await tokens.current(signal)
      const isOfOne = organizationId !== undefined
      const query = isOfOne ? `?organizationId=${encodeURIComponent(organizationId)}` : ''
      const headers = { accept: 'application/json', authorization: `Bearer ${token}` }
      const init = { headers, ...(signal ? { signal } : {}) }
      const limits = isOfOne ? perOrganisation : large
      try {
        return await call(name, `${adminApiUrl}/v1/${name}${query}`, init, limits)
      } catch (error) {
        if (isRefused(error)) tokens.drop()
        throw error
      }
    },
  }
}
