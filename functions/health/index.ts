import type { Dependencies } from '../../lib/lambda/dependencies.ts'
import { endpoint, served } from '../../lib/lambda/endpoint.ts'
import { health } from './handler.ts'

/** The route, which reads only the state. */
export const wire = (on: Dependencies) => endpoint('health', health(on), on)

/** The handler that Lambda calls. */
export const handler = served(wire)
