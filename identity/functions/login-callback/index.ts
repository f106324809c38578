import { clientSecrets } from '../../client-secrets.ts'
import { type Dependencies, endpoint, served } from '../../lambda.ts'
import { pendingSignIns } from '../../pending-sign-ins.ts'
import { loginCallback } from './handler.ts'

export const wire = (on: Dependencies, secretOf: (org: string) => Promise<string>) =>
  endpoint(
    'login-callback',
    loginCallback({ ...on, pending: pendingSignIns({ ...on, ...on.settings }), secretOf }),
    on,
  )

const { CLIENT_SECRETS = '', AWS_ENDPOINT_URL_SECRETS_MANAGER: endpointUrl } = process.env

export const handler = served(
  (on) => wire(on, clientSecrets(CLIENT_SECRETS, endpointUrl)),
  import.meta.dirname,
)
