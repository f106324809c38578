import { endpoint, served } from '../../lib/endpoint.ts'
import { accessIn, type Surroundings } from '../../lib/surroundings.ts'
import { unitsIn } from '../../lib/units.ts'
import { unit } from './handler.ts'

export const wire = (on: Surroundings) => {
  const units = unitsIn(on.table)
  return endpoint('unit', unit({ ...on, access: accessIn(on, units.keys), units }), on)
}

export const handler = served(wire)
