import { createHash } from 'node:crypto'
import { type Jar, roundsLifetime, type SetCookie } from './cookies.ts'
import type { Incoming } from './http.ts'
import type { ReturnUrl } from './return-url.ts'

/**
 * Notices a login that goes round in circles: the same browser comes back from the identity service for the same return URL
 * again and again within a minute. Only finished rounds count, so twenty tabs that sign in at once for twenty pages are no loop.
 */

export type Rounds = Readonly<{
  /** Whether this browser has gone round for this return URL too often. */
  tooMany(request: Incoming, to: ReturnUrl): boolean
  /** One more round. */
  count(request: Incoming, to: string): SetCookie
}>

const mostRounds = 5
const mostRemembered = 20

const mark = (to: string): string => createHash('sha256').update(to).digest('base64url').slice(0, 8)

/** Rounds are remembered by the browser: `<seconds in base 36>!<mark of the return URL>`, joined by dots. */
export const roundsIn = (jar: Jar, now: () => number): Rounds => {
  const recent = (request: Incoming): string[] =>
    request.cookies
      .values(jar.roundsName)
      .flatMap((value) => value.split('.'))
      .filter((entry) => {
        const begun = /^([0-9a-z]{1,8})![A-Za-z0-9_-]{8}$/.exec(entry)?.[1]
        return begun !== undefined && now() - Number.parseInt(begun, 36) < roundsLifetime
      })

  return {
    tooMany: (request, to) =>
      recent(request).filter((entry) => entry.endsWith(`!${mark(to)}`)).length >= mostRounds,
    count: (request, to) =>
      jar.rounds([...recent(request), `${now().toString(36)}!${mark(to)}`].slice(-mostRemembered).join('.')),
  }
}
