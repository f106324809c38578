import { endpoint, served } from '../../lib/endpoint.ts'
import { roundsIn } from '../../lib/rounds.ts'
import { sessionsIn } from '../../lib/sessions.ts'
import { accessIn, type Surroundings } from '../../lib/surroundings.ts'
import { logout } from './handler.ts'

export const wire = (on: Surroundings) => {
  const rounds = roundsIn(on.jar, on.now)
  return endpoint(
    'logout',
    logout({ ...on, access: accessIn(on), sessions: sessionsIn(on.table), rounds }),
    on,
  )
}

export const handler = served(wire)
