import { accessIn, type Dependencies } from '../../lib/lambda/dependencies.ts'
import { endpoint, served } from '../../lib/lambda/endpoint.ts'
import { directoriesIn } from '../../lib/session/directory.ts'
import { unitsIn } from '../../lib/session/units.ts'
import { unitList } from './handler.ts'

/** The route, which reads the directory in the same call as the session. */
export const wire = (on: Dependencies) => {
  const directories = directoriesIn(on.table)
  const units = unitsIn(on.table, directories)
  return endpoint('units', unitList({ access: accessIn(on, directories.keys), units }), on)
}

/** The handler that Lambda calls. */
export const handler = served(wire)
