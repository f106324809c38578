import { bindingsIn } from '../../lib/binding.ts'
import { endpoint, served } from '../../lib/endpoint.ts'
import { roundsIn } from '../../lib/rounds.ts'
import { accessIn, type Surroundings } from '../../lib/surroundings.ts'
import { callback } from './handler.ts'

export const wire = (on: Surroundings) => {
  const bindings = bindingsIn(on.jar, on.random, on.now)
  return endpoint(
    'callback',
    callback({ ...on, access: accessIn(on), bindings, rounds: roundsIn(on.jar, on.now) }),
    on,
  )
}

export const handler = served(wire)
