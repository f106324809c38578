import type { Config } from '../../lib/config.ts'
import { readerOf, startPage } from '../../lib/errors/error-response.ts'
import type { Handle } from '../../lib/lambda/endpoint.ts'
import { Problem } from '../../lib/problem.ts'

type Deps = { config: Config }

/**
 * What no route matches: a person at `/` reads what this host is for. Everything else is 404 with the headers
 * of every other answer, which API Gateway's own 404 lacks.
 */
export const notFound =
  ({ config }: Deps): Handle =>
  async (request) => {
    if (request.rawPath === '/' && readerOf(request) === 'page') return startPage(request, config)
    throw new Problem('not_found')
  }
