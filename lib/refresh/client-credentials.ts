import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { type ClientCredentials, UpstreamError } from './upstream.ts'

/** Parses `{"client_id": "...", "client_secret": "..."}`. The error never quotes the secret. */
export const credentialsFrom = (text: string | undefined): ClientCredentials => {
  try {
    const { client_id: id, client_secret: secret } = JSON.parse(String(text))
    if (typeof id === 'string' && typeof secret === 'string' && id !== '' && secret !== '')
      return { id, secret }
  } catch {
    // Not JSON: throws the same error as for a missing member.
  }
  throw new UpstreamError('client credentials: the secret lacks client_id or client_secret', false)
}

/**
 * Reads the client credentials from Secrets Manager for each new access token, so that a rotated secret is
 * used at once. `timeout` is for each of two attempts, in milliseconds.
 */
export const credentialsIn = (
  secretId: string,
  endpoint: string | undefined,
  timeout = 3000,
): (() => Promise<ClientCredentials>) => {
  const client = new SecretsManagerClient({
    ...(endpoint ? { endpoint } : {}),
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: timeout,
      requestTimeout: timeout,
      throwOnRequestTimeout: true,
    },
  })
  return async () => {
    const answer = await client
      .send(new GetSecretValueCommand({ SecretId: secretId }))
      .catch((error: unknown) => {
        throw new UpstreamError('client credentials: the secret cannot be read', false, error)
      })
    return credentialsFrom(answer.SecretString)
  }
}
