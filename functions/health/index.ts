import type { Dependencies } from '../../lib/lambda/dependencies.ts'
import { endpoint, served } from '../../lib/lambda/endpoint.ts'
import { health } from './handler.ts'

export const wire = (on: Dependencies) => endpoint('health', health(on), on)

export const handler = served(wire)
