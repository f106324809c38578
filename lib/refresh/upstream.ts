import type { Config } from '../config.ts'

/** Speaks to the identity service and the Admin API. Only refresh-state does; a request never waits for another system. */

/** The identity service did not answer as documented. The message says where and how, and quotes nothing of the answer. */
export class UpstreamError extends Error {
  /** Whether trying again at once may help. */
  readonly passing: boolean
  constructor(message: string, passing: boolean, cause?: unknown) {
    super(message, { cause })
    this.name = 'UpstreamError'
    this.passing = passing
  }
}

/** What an application signs in with at the Access Token service. */
export type ClientCredentials = Readonly<{ id: string; secret: string }>

type Limits = Readonly<{ milliseconds: number; bytes: number }>

const small: Limits = { milliseconds: 5_000, bytes: 1_000_000 }
const large: Limits = { milliseconds: 20_000, bytes: 100_000_000 }
const pause = 200

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

const attempt = async (what: string, url: string, init: RequestInit, limits: Limits): Promise<unknown> => {
  const failed = (error: unknown): never => {
    if (error instanceof UpstreamError) throw error
    const late = error instanceof Error && error.name === 'TimeoutError'
    throw new UpstreamError(`${what}: ${late ? 'no answer in time' : 'no connection'}`, !late, error)
  }
  const answer = await fetch(url, {
    ...init,
    redirect: 'error',
    signal: AbortSignal.timeout(limits.milliseconds),
  }).catch(failed)
  const text = await textOf(answer, limits, what).catch(failed)
  if (!answer.ok) throw new UpstreamError(`${what}: status ${answer.status}`, answer.status >= 500)
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
    if (!(error instanceof UpstreamError && error.passing)) throw error
    // Stryker disable next-line ArithmeticOperator: it only takes longer, or less long.
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
  /** The key set document, not yet judged. `once`: a failure in passing is not tried again, for whoever may ask only once. */
  keySet(tries?: 'once'): Promise<unknown>
  /** One list of the Admin API, not yet judged. */
  list(name: AdminList, organizationId?: string): Promise<unknown>
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

/** The systems of this configuration. An access token is used until it expires: upstream documentation asks for it. */
export const upstreamOf = (
  { imasUrl, adminApiUrl, accessTokenUrl }: Pick<Config, 'imasUrl' | 'adminApiUrl' | 'accessTokenUrl'>,
  credentials: () => Promise<ClientCredentials>,
  now: () => number,
): Upstream => {
  let bearer: Bearer | undefined

  const freshBearer = async (): Promise<Bearer> => {
    const { id, secret } = await credentials()
    const body = JSON.stringify({ grant_type: 'client_credentials', client_id: id, client_secret: secret })
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body,
    }
    return bearerFrom(await call('access token', `${accessTokenUrl}/v1/token`, init), now())
  }

  return {
    hasAdmin: adminApiUrl !== undefined,
    keySet: (tries) => {
      const document = ['key set', `${imasUrl}/v1/jwks`, { headers: { accept: 'application/json' } }] as const
      return tries === 'once' ? attempt(...document, small) : call(...document)
    },
    list: async (name, organizationId) => {
      if (bearer === undefined || bearer.until <= now()) bearer = await freshBearer()
      const query =
        organizationId === undefined ? '' : `?organizationId=${encodeURIComponent(organizationId)}`
      const headers = { accept: 'application/json', authorization: `Bearer ${bearer.token}` }
      try {
        return await call(name, `${adminApiUrl}/v1/${name}${query}`, { headers }, large)
      } catch (error) {
        bearer = undefined
        throw error
      }
    },
  }
}
