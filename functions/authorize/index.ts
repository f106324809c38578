import { accessIn, type Dependencies } from '../../lib/lambda/dependencies.ts'
import { endpoint, served } from '../../lib/lambda/endpoint.ts'
import { directoriesIn } from '../../lib/session/directory.ts'
import { permissionsIn } from '../../lib/session/permissions.ts'
import { unitsIn } from '../../lib/session/units.ts'
import { authorize } from './handler.ts'

/** The route, which reads the directory in the same call as the session. */
export const wire = (on: Dependencies) => {
  const directories = directoriesIn(on.table)
  const units = unitsIn(on.table, directories)
  const access = accessIn(on, directories.keys)
  return endpoint(
    'authorize',
    authorize({ ...on, access, units, permissionsOf: permissionsIn(directories) }),
    on,
  )
}

/** The handler that Lambda calls. */
export const handler = served(wire)
