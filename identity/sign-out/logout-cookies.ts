import { plainName, type SetCookie, setCookie } from '../../lib/http/cookies.ts'
import type { Incoming } from '../../lib/http/messages.ts'
import { pathOf } from '../addresses.ts'
import type { Organisation } from '../organisations.ts'

/** The two cookies of a logout: the provider's ID token as a hint, and the return URL. */

/** RP-Initiated Logout section 2 recommends a hint; one that is longer than this is left out of the URL. */
const longestHint = 2048
/** How long a person may take at the provider, seconds. */
const returnLifetime = 60

const nameOf = (name: string, loopback: boolean): string => (loopback ? plainName(name) : name)
const hintName = (loopback: boolean): string => nameOf('__Secure-imsg-hint', loopback)
const returnName = (loopback: boolean): string => nameOf('__Host-imsg-logout', loopback)

const hintPath = ({ name }: Organisation): string => `Path=${pathOf('logout', name)}`

/** Keeps the provider's ID token for the logout of this organisation and for no other path. */
export const hintCookie = (
  loopback: boolean,
  organisation: Organisation,
  idToken: string,
): readonly SetCookie[] => {
  if (!organisation.provider.logoutAtProvider || idToken.length > longestHint) return []
  const { sessionLifetime } = organisation.provider
  return [setCookie(hintName(loopback), idToken, sessionLifetime, [hintPath(organisation)], loopback)]
}

/** The hint of this request. If there are two, one may have been planted, so neither is used. */
export const hintOf = (loopback: boolean, request: Incoming): string | undefined => {
  const [hint, second] = request.cookies.values(hintName(loopback))
  return second === undefined && /^[\w.-]+$/.test(hint ?? '') ? hint : undefined
}

export const noHint = (loopback: boolean, organisation: Organisation): SetCookie =>
  setCookie(hintName(loopback), '', 0, [hintPath(organisation)], loopback)

/** Remembers where a logout goes on: `state` is what the provider hands back. */
export const returnCookie = (loopback: boolean, state: string, callback: string): SetCookie => {
  const value = `${state}!${Buffer.from(callback).toString('base64url')}`
  return setCookie(returnName(loopback), value, returnLifetime, ['Path=/'], loopback)
}

/**
 * The return URL of the logout with this `state`, unchecked; empty if it has none, `undefined` if it did not
 * begin in this browser.
 */
export const returnOf = (loopback: boolean, request: Incoming, state: string): string | undefined => {
  const [value = '', second] = request.cookies.values(returnName(loopback))
  const [kept, callback = ''] = value.split('!')
  if (second !== undefined || kept !== state || state === '') return undefined
  return Buffer.from(callback, 'base64url').toString()
}

export const noReturn = (loopback: boolean): SetCookie =>
  setCookie(returnName(loopback), '', 0, ['Path=/'], loopback)
