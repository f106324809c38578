import { clientSecrets } from '../../client-secrets.ts'
import { keysOf, tables } from '../../clients.ts'
import { type Dependencies, endpoint, served } from '../../lambda.ts'
import { pendingSignIns } from '../../pending-sign-ins.ts'
import { type CallbackDependencies, loginCallback } from './handler.ts'

export const wire = (on: Dependencies & Omit<CallbackDependencies, 'pending'>) =>
  endpoint('login-callback', loginCallback({ ...on, pending: pendingSignIns({ ...on, ...on.settings }) }), on)

export const handler = served(
  (on, env) => {
    const secretOf = clientSecrets(env.CLIENT_SECRETS ?? '', env.AWS_ENDPOINT_URL_SECRETS_MANAGER)
    return wire({ ...on, ...tables(env), keys: keysOf(on.settings, env), secretOf })
  },
  import.meta.dirname,
)
