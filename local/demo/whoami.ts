import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose'

/** What a service behind the gateway knows of the person in front of it, from the shared cookie alone. */
export type Person = {
  subject: string
  org: string
  givenName?: string
  familyName?: string
  email?: string
  groups: string[]
  /** When the token ends, in ISO 8601. */
  expires: string
}

// Without a symmetric algorithm: a public key must never serve as a shared secret.
const algorithms = ['RS', 'PS', 'ES'].flatMap((kind) => ['256', '384', '512'].map((bits) => kind + bits))

/** Failures that say nothing of the token: the key set could not be read. */
const noKeys = new Set(['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID'])

/** The value of the one cookie of this name. Of two, either may be an attacker's, so neither counts. */
const onlyCookie = (header: string, name: string): string | undefined => {
  const pairs = header.split(';').map((pair) => pair.trim())
  const values = pairs
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
  return values.length === 1 ? values[0] : undefined
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const personFrom = ({ sub, org, exp, ntt, groups, userinfo }: JWTPayload): Person | undefined => {
  const organisation = text(org)
  if (!sub || !organisation || exp === undefined || ntt !== 'id_token') return undefined
  const { given_name, family_name, email } = Object(userinfo) as Record<string, unknown>
  const named = { givenName: text(given_name), familyName: text(family_name), email: text(email) }
  return {
    subject: sub,
    org: organisation,
    ...(Object.fromEntries(Object.entries(named).filter(([, value]) => value)) as Partial<Person>),
    groups: Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [],
    expires: new Date(exp * 1000).toISOString(),
  }
}

/**
 * How a sibling service reads the session: it verifies the cookie itself against the identity service's keys.
 * That needs no call to the gateway, and the price is that a session ended elsewhere is not noticed here:
 * a service that has to notice asks `token-is-set` as well.
 */
export const whoami = (imasUrl: string, cookieName: string) => {
  const keys = createRemoteJWKSet(new URL(`${imasUrl}/v1/jwks`), { cooldownDuration: 5_000 })

  /** The person, `undefined` for nobody, or a rejection when that cannot be known. */
  return async (cookies: string): Promise<Person | undefined> => {
    const token = onlyCookie(cookies, cookieName)
    if (token === undefined) return undefined
    try {
      const { payload } = await jwtVerify(token, keys, { algorithms: [...algorithms, 'EdDSA'] })
      return personFrom(payload)
    } catch (error) {
      if (error instanceof errors.JOSEError && !noKeys.has(error.code)) return undefined
      throw error
    }
  }
}
