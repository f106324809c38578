import type { Answer } from './messages.ts'

/** Security headers of answers. */

/** On every answer. HSTS says a year and leaves subdomains to the site; `vary` names all that is read. */
const always = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  vary: 'accept, accept-language, authorization, cookie, origin, purpose, sec-fetch-dest, sec-fetch-mode, sec-fetch-site, sec-purpose, x-moz, x-purpose',
  'x-content-type-options': 'nosniff',
}

const { 'strict-transport-security': _, ...overHttp } = always

/**
 * Pages bring their own policies (`errorResponse`); redirects have none: COOP would cut a login in a popup
 * from its opener.
 */
const ofJson = { 'cross-origin-resource-policy': 'same-site' }

const isJson = (type = ''): boolean => /^application\/([a-z-]+\+)?json\b/.test(type)

/**
 * Adds the security headers that the answer does not set itself. No HSTS on loopback, which may be plain
 * http.
 */
export const withSecurityHeaders = (answer: Answer, loopback = false): Answer => ({
  ...answer,
  headers: {
    ...(loopback ? overHttp : always),
    ...(isJson(answer.headers['content-type']) ? ofJson : {}),
    ...answer.headers,
  },
})
