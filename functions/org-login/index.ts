import { bindingsIn } from '../../lib/binding.ts'
import { endpoint, served } from '../../lib/endpoint.ts'
import { startLogin } from '../../lib/login.ts'
import { roundsIn } from '../../lib/rounds.ts'
import type { Surroundings } from '../../lib/surroundings.ts'
import { orgLogin } from './handler.ts'

export const wire = (on: Surroundings) => {
  const start = startLogin({
    ...on,
    bindings: bindingsIn(on.jar, on.random, on.now),
    rounds: roundsIn(on.jar, on.now),
  })
  return endpoint('org-login', orgLogin({ start }), on)
}

export const handler = served(wire)
