import { createHash } from 'node:crypto'
import { type Jar, loopLifetime, type SetCookie } from '../http/cookies.ts'
import type { Incoming } from '../http/messages.ts'
import type { ReturnUrl } from '../redirect/return-url.ts'

/**
 * Detects a login loop: the same browser returns from the identity service for the same page repeatedly,
 * each time within a minute of the last. Only finished logins count, so twenty tabs that sign in at once are
 * not a loop. The query of the page is ignored, because it may change each time; its fragment is not.
 */

/** Counts the finished logins of one browser for each page. */
export type LoginLoop = Readonly<{
  /** Whether this browser has signed in for this page too often. */
  tooMany(request: Incoming, to: ReturnUrl): boolean
  /** The cookie that counts one more login. */
  count(request: Incoming, to: string): SetCookie
  /** Clears the count, so that a person who signs out can sign in again. */
  forget(request: Incoming): SetCookie[]
}>

const maxLogins = 5
const maxPages = 20

const pageDigest = (to: string): string =>
  createHash('sha256')
    .update(to.replace(/^([^?#]*)\?[^#]*/, '$1'))
    .digest('base64url')
    .slice(0, 8)

type Count = Readonly<{ last: number; times: number }>

const entryShape = /^[0-9a-z]{1,8}![A-Za-z0-9_-]{8}![1-9]$/

const entryOf = (text: string): [page: string, Count] => {
  const [last = '', page = '', times = ''] = text.split('!')
  return [page, { last: Number.parseInt(last, 36), times: Number(times) }]
}

/**
 * Keeps counts in a cookie: `<seconds in base 36>!<digest of the page>!<count>`, joined by dots, latest last.
 */
export const loginLoopIn = (jar: Jar): LoginLoop => {
  const recent = (request: Incoming): Map<string, Count> => {
    const entries = request.cookies.values(jar.loopName).flatMap((value) => value.split('.'))
    const counts = entries.filter((entry) => entryShape.test(entry)).map(entryOf)
    return new Map(counts.filter(([, { last }]) => request.now - last < loopLifetime))
  }

  return {
    tooMany: (request, to) => (recent(request).get(pageDigest(to))?.times ?? 0) >= maxLogins,
    count: (request, to) => {
      const counts = recent(request)
      const page = pageDigest(to)
      const times = Math.min((counts.get(page)?.times ?? 0) + 1, maxLogins)
      counts.delete(page)
      counts.set(page, { last: request.now, times })
      const entries = [...counts].map(([name, count]) => `${count.last.toString(36)}!${name}!${count.times}`)
      return jar.loop(entries.slice(-maxPages).join('.'))
    },
    forget: (request) => (request.cookies.values(jar.loopName).length > 0 ? [jar.noLoop()] : []),
  }
}
