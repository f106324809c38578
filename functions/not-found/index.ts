import type { Dependencies } from '../../lib/lambda/dependencies.ts'
import { endpoint, served } from '../../lib/lambda/endpoint.ts'
import { notFound } from './handler.ts'

export const wire = (on: Dependencies) => endpoint('not-found', notFound(on), on)

export const handler = served(wire)
