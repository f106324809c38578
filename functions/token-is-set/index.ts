import { accessIn, type Dependencies } from '../../lib/lambda/dependencies.ts'
import { endpoint, served } from '../../lib/lambda/endpoint.ts'
import { tokenIsSet } from './handler.ts'

export const wire = (on: Dependencies) => endpoint('token-is-set', tokenIsSet({ access: accessIn(on) }), on)

export const handler = served(wire, undefined, 'token-is-set')
