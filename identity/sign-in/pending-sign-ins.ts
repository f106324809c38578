import { createHash } from 'node:crypto'
import {
  loginLifetime,
  maxCookieBytes,
  plainName,
  type SetCookie,
  setCookie,
} from '../../lib/http/cookies.ts'
import type { Incoming } from '../../lib/http/messages.ts'
import type { OrganisationName } from '../../lib/redirect/organisation-name.ts'
import { type Destination, gatewayCallback } from '../addresses.ts'
import type { Dependencies } from '../lambda.ts'
import { refuse } from '../problem.ts'

/**
 * Sign-ins that wait for a provider, each in a `__Host-` cookie of its own. The cookie holds 32 random bytes;
 * `state`, `nonce` and the PKCE verifier are derived from them, so nothing is stored on our side and two tabs
 * do not interfere.
 */

/** The secrets of one sign-in, and the callback at which it ends. */
export type SignIn = Destination &
  Readonly<{ cookie: string; state: string; nonce: string; verifier: string }>

const derived = (label: 'state' | 'nonce' | 'pkce', secret: string): string =>
  createHash('sha256').update(`imsg identity ${label}\0`).update(secret).digest('base64url')

const cookiePattern = /^([A-Za-z0-9_-]{43})!([0-9a-z]{1,8})!([^!]*)!([A-Za-z0-9_-]*)$/

const startedAt = (value: string): number => Number.parseInt(cookiePattern.exec(value)?.[2] ?? '0', 36)

/** The pending sign-ins of a browser. */
export const pendingSignIns = ({
  settings: { loopback, gateways },
  random,
  now,
}: Pick<Dependencies, 'settings' | 'random' | 'now'>) => {
  const prefix = loopback ? plainName('__Host-imsg-sign-in-') : '__Host-imsg-sign-in-'
  const cookieOf = (state: string): string => `${prefix}${state.slice(0, 8)}`
  const remove = (name: string): SetCookie => setCookie(name, '', 0, ['Path=/'], loopback)

  const signInOf = (secret: string, destination: Destination): SignIn => {
    const state = derived('state', secret)
    const [nonce, verifier] = [derived('nonce', secret), derived('pkce', secret)]
    return { ...destination, state, nonce, verifier, cookie: cookieOf(state) }
  }

  return {
    /** A new sign-in and its cookie. The oldest are removed when all cookies together would be too large. */
    begin: (request: Incoming, org: OrganisationName, destination: Destination) => {
      const secret = random(32)
      const signIn = signInOf(secret, destination)
      const callback = Buffer.from(destination.callback).toString('base64url')
      const value = `${secret}!${now().toString(36)}!${org}!${callback}`
      const pending = [...request.cookies.beginning(prefix)].sort((a, b) => startedAt(b[1]) - startedAt(a[1]))
      let size = signIn.cookie.length + value.length
      const surplus = pending.filter(([name, text]) => {
        size += name.length + text.length
        return size > maxCookieBytes
      })
      const names = surplus.map(([name]) => name).filter((name) => /^[\w-]{1,40}$/.test(name))
      return {
        signIn,
        cookies: [setCookie(signIn.cookie, value, loginLifetime, ['Path=/'], loopback), ...names.map(remove)],
      }
    },
    /** The sign-in of this state and organisation. Throws `login_not_from_this_browser`. */
    find: (request: Incoming, org: OrganisationName, state: string): SignIn => {
      const [value = '', second] = request.cookies.values(cookieOf(state))
      const [, secret = '', , startedFor, callback = ''] = cookiePattern.exec(value) ?? []
      const age = now() - startedAt(value)
      const isOurs = second === undefined && startedFor === org && derived('state', secret) === state
      if (!isOurs || age > loginLifetime) refuse('login_not_from_this_browser')
      return signInOf(secret, gatewayCallback(Buffer.from(callback, 'base64url').toString(), gateways))
    },
    spend: ({ cookie }: SignIn) => remove(cookie),
  }
}

export type PendingSignIns = ReturnType<typeof pendingSignIns>
