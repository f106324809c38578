import type { Handle } from '../../lib/lambda/endpoint.ts'
import { Problem } from '../../lib/problem.ts'

/** What no route matches: 404 with the headers of every other answer, which API Gateway's own 404 lacks. */
export const notFound: Handle = async () => {
  throw new Problem('not_found')
}
