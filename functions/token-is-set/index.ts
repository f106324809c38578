import { endpoint, served } from '../../lib/endpoint.ts'
import { accessIn, type Surroundings } from '../../lib/surroundings.ts'
import { tokenIsSet } from './handler.ts'

export const wire = (on: Surroundings) => endpoint('token-is-set', tokenIsSet({ access: accessIn(on) }), on)

export const handler = served(wire)
