import type { Dependencies } from '../../lib/lambda/dependencies.ts'
import { endpoint, served } from '../../lib/lambda/endpoint.ts'
import { loginBindingIn } from '../../lib/login/login-binding.ts'
import { loginLoopIn } from '../../lib/login/login-loop.ts'
import { startLogin } from '../../lib/login/start-login.ts'
import { orgLogin } from './handler.ts'

export const wire = (on: Dependencies) => {
  const start = startLogin({
    ...on,
    bindings: loginBindingIn(on.jar, on.random, on.now),
    rounds: loginLoopIn(on.jar, on.now),
  })
  return endpoint('org-login', orgLogin({ start }), on)
}

export const handler = served(wire)
