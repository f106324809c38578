import { accessIn, type Dependencies } from '../../lib/lambda/dependencies.ts'
import { endpoint, served } from '../../lib/lambda/endpoint.ts'
import { tokenIsSet } from './handler.ts'

/** The route, which reads only the session. */
export const wire = (on: Dependencies) => endpoint('token-is-set', tokenIsSet({ access: accessIn(on) }), on)

/** The handler that Lambda calls. */
export const handler = served(wire, undefined, 'token-is-set')
