import { accessIn, type Dependencies } from '../../lib/lambda/dependencies.ts'
import { endpoint, served } from '../../lib/lambda/endpoint.ts'
import { loginBindingIn } from '../../lib/login/login-binding.ts'
import { loginLoopIn } from '../../lib/login/login-loop.ts'
import { callback } from './handler.ts'

/** The route. It finishes logins that `login` and `org-login` started. */
export const wire = (on: Dependencies) => {
  const bindings = loginBindingIn(on.jar, on.random)
  return endpoint(
    'callback',
    callback({ ...on, access: accessIn(on), bindings, loop: loginLoopIn(on.jar) }),
    on,
  )
}

/** The handler that Lambda calls. */
export const handler = served(wire)
