import type { Config } from '../../lib/config.ts'
import { opensStartPage, startPage } from '../../lib/errors/error-response.ts'
import type { Handle } from '../../lib/lambda/endpoint.ts'
import { Problem } from '../../lib/problem.ts'

type Deps = { config: Config }

/**
 * Requests that no route matches: a page for people who open `/`, and otherwise 404. API Gateway's own 404
 * would lack the security headers.
 */
export const notFound =
  ({ config }: Deps): Handle =>
  async (request) => {
    if (opensStartPage(request)) return startPage(request, config)
    throw new Problem('not_found')
  }
