import { createHash } from 'node:crypto'
import { type Jar, loginLifetime, type SetCookie } from '../http/cookies.ts'
import type { Incoming } from '../http/messages.ts'
import { isOrganisationName, type OrganisationName } from '../redirect/organisation-name.ts'
import type { ReturnUrl } from '../redirect/return-url.ts'

/**
 * Ties a login to the browser, organisation and return URL for which it was started (RFC 9700 sections 2.1,
 * 4.7).
 *
 * The callback URL carries a secret of 24 random bytes. For each login the browser keeps a `__Host-` cookie
 * with a digest of that secret, the organisation and the return URL. Another browser has no such cookie, and
 * another host cannot set one. The gateway stores nothing, and each tab has its own cookie.
 */

/** A login that was started in this browser and has not expired. */
export type PendingLogin = Readonly<{ cookie: string; org: OrganisationName }>

/** Starts, finds and ends logins of one browser. */
export type LoginBinding = Readonly<{
  /** Starts a login. `cookies` are its cookie and the removal of old ones beyond the limit. */
  begin(request: Incoming, org: string, to: ReturnUrl): { proof: string; cookies: SetCookie[] }
  /** The login with this proof and return URL, or undefined when it was not started in this browser. */
  find(request: Incoming, proof: string, to: string): PendingLogin | undefined
  /** The cookie that ends a login, so that its proof works only once. */
  spend(login: PendingLogin): SetCookie
}>

/** Maximum number of pending logins per browser. Each cookie adds about 120 bytes to every request. */
const maxPending = 5
/** Number of characters of the proof in the cookie's name. The other 144 bits stay secret. */
const nameLength = 8
const proofShape = /^[A-Za-z0-9_-]{32}$/
const nameShape = /^[A-Za-z0-9_-]{8}$/

const digest = (proof: string, begun: number, org: string, to: string): string =>
  createHash('sha256')
    .update(JSON.stringify([proof, begun, org, to]))
    .digest('base64url')

/** The parts of a login cookie: start time (seconds, base 36), organisation and digest. */
const parsed = (value: string): { begun: number; org: OrganisationName; digest: string } | undefined => {
  const match = /^([0-9a-z]{1,8})!([^!]*)!([A-Za-z0-9_-]{43})$/.exec(value)
  const [, begun = '', org = '', sum = ''] = match ?? []
  if (!isOrganisationName(org)) return undefined
  return { begun: Number.parseInt(begun, 36), org, digest: sum }
}

/** `random` returns the given number of bytes from a CSPRNG as base64url. */
export const loginBindingIn = (jar: Jar, random: (bytes: number) => string): LoginBinding => {
  const cookieOf = (proof: string): string => `${jar.loginPrefix}${proof.slice(0, nameLength)}`
  const begunAt = ([, value]: readonly [string, string]): number => parsed(value)?.begun ?? 0

  return {
    begin: (request, org, to) => {
      const proof = random(24)
      const ours = request.cookies
        .beginning(jar.loginPrefix)
        .filter(([name]) => nameShape.test(name.slice(jar.loginPrefix.length)))
      // The sort is stable: for logins of the same second the order of the header decides, in which browsers
      // send older cookies first (RFC 6265 section 5.4).
      const pending = [...ours].sort((a, b) => begunAt(a) - begunAt(b))
      const surplus = pending.slice(0, Math.max(0, pending.length - maxPending + 1))
      const dropped = [...new Set(surplus.map(([name]) => name))].filter((name) => name !== cookieOf(proof))
      const begun = request.now
      const value = `${begun.toString(36)}!${org}!${digest(proof, begun, org, to)}`
      return {
        proof,
        cookies: [
          jar.login(cookieOf(proof), value),
          ...dropped.slice(0, 20).map((name) => jar.noLogin(name)),
        ],
      }
    },
    find: (request, proof, to) => {
      if (!proofShape.test(proof)) return undefined
      const cookie = cookieOf(proof)
      const [value = '', second] = request.cookies.values(cookie)
      const login = second === undefined ? parsed(value) : undefined
      if (login === undefined || login.digest !== digest(proof, login.begun, login.org, to)) return undefined
      return request.now - login.begun <= loginLifetime ? { cookie, org: login.org } : undefined
    },
    spend: (login) => jar.noLogin(login.cookie),
  }
}
