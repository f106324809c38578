import type { Dependencies } from '../../lib/lambda/dependencies.ts'
import { endpoint, served } from '../../lib/lambda/endpoint.ts'
import { notFound } from './handler.ts'

/** The route for every path and method without another route. */
export const wire = (on: Dependencies) => endpoint('not-found', notFound(on), on)

/** The handler that Lambda calls. */
export const handler = served(wire)
