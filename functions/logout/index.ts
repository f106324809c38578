import { endpoint, served } from '../../lib/endpoint.ts'
import { sessionsIn } from '../../lib/sessions.ts'
import { accessIn, type Surroundings } from '../../lib/surroundings.ts'
import { logout } from './handler.ts'

export const wire = (on: Surroundings) =>
  endpoint('logout', logout({ ...on, access: accessIn(on), sessions: sessionsIn(on.table) }), on)

export const handler = served(wire)
