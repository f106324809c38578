import { accessIn, type Dependencies } from '../../lib/lambda/dependencies.ts'
import { endpoint, served } from '../../lib/lambda/endpoint.ts'
import { unitsIn } from '../../lib/session/units.ts'
import { unit } from './handler.ts'

export const wire = (on: Dependencies) => {
  const units = unitsIn(on.table)
  return endpoint('unit', unit({ ...on, access: accessIn(on, units.keys), units }), on)
}

export const handler = served(wire)
