import { endpoint, served } from '../../lib/endpoint.ts'
import type { Surroundings } from '../../lib/surroundings.ts'
import { health } from './handler.ts'

export const wire = (on: Surroundings) => endpoint('health', health(on), on)

export const handler = served(wire)
