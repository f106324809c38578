import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Authorization, ConfigError, type Person, type Rule } from './index.ts'
import { signedIn } from './person.ts'
import { queryOf } from './rule.ts'

const people = new WeakMap<object, Person | undefined>()

type Next = (error?: unknown) => void

/**
 * Middleware for Express 4 and 5. A navigation without a session is redirected to the login. Any other
 * refusal goes to the error handler, as an error with `status` 401, 403 or 503.
 */
export const protect = (auth: Authorization, rule: Rule) => {
  queryOf(rule)
  return (request: IncomingMessage, response: ServerResponse, next: Next): void => {
    const { method, headers, url } = request
    auth.authorize(headers, rule).then(
      (person) => {
        people.set(request, person)
        next()
      },
      (error: unknown) => {
        const asked = 'originalUrl' in request ? String(request.originalUrl) : url
        const location = auth.loginFor(error, rule, { method, headers, url: asked })
        if (location === undefined) return next(error)
        response.writeHead(302, { location, 'cache-control': 'no-store' }).end()
      },
    )
  }
}

/** The person of a request behind `protect`, or undefined with `required: false` in the rule. */
export const visitorOf = (request: object): Person | undefined => {
  if (!people.has(request)) throw new ConfigError('this request did not pass protect()')
  return people.get(request)
}

/** The person of a request behind `protect`. Throws `Unauthorized` when nobody is signed in. */
export const personOf = (request: object): Person => signedIn(visitorOf(request))
