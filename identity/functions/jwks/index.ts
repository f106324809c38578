import { type Dependencies, endpoint, served } from '../../lambda.ts'
import { jwks } from './handler.ts'

export const wire = (on: Dependencies) => endpoint('jwks', jwks(on), on)

export const handler = served(wire, import.meta.dirname)
