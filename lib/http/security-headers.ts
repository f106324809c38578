import type { Answer } from './messages.ts'

/** Security headers of answers. */

/** On every response. HSTS lasts a year, without subdomains. `vary` lists every header that is read. */
const always = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  vary: 'accept, accept-language, authorization, cookie, origin, purpose, sec-fetch-dest, sec-fetch-mode, sec-fetch-site, sec-purpose, x-moz, x-purpose',
  'x-content-type-options': 'nosniff',
}

const { 'strict-transport-security': _, ...overHttp } = always

/**
 * For JSON. Pages have their own policies (`errorResponse`). On redirects, COOP would break a login in a
 * popup.
 */
const ofJson = { 'cross-origin-resource-policy': 'same-site' }

const isJson = (type = ''): boolean => type.includes('json')

/** Adds the security headers that the answer does not set itself. No HSTS on loopback, which may be http. */
export const withSecurityHeaders = (answer: Answer, loopback = false): Answer => ({
  ...answer,
  headers: {
    ...(loopback ? overHttp : always),
    ...(isJson(answer.headers['content-type']) ? ofJson : {}),
    ...answer.headers,
  },
})
