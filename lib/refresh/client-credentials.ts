import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { type ClientCredentials, UpstreamError } from './upstream.ts'

/**
 * The secret's text, `{"client_id": "...", "client_secret": "..."}`, or an error that quotes nothing of it.
 */
export const credentialsFrom = (text: string | undefined): ClientCredentials => {
  try {
    const { client_id: id, client_secret: secret } = JSON.parse(String(text))
    if (typeof id === 'string' && typeof secret === 'string' && id !== '' && secret !== '')
      return { id, secret }
  } catch {
    // Falls through: what is no JSON is as wrong as what lacks a member.
  }
  throw new UpstreamError('client credentials: the secret lacks client_id or client_secret', false)
}

/**
 * Reads the client credentials from Secrets Manager each time a new access token is due, so that a rotated
 * secret is picked up. `patience`: how long each of its two attempts may take, in milliseconds.
 */
export const credentialsIn = (
  secretId: string,
  endpoint: string | undefined,
  patience = 3000,
): (() => Promise<ClientCredentials>) => {
  const client = new SecretsManagerClient({
    ...(endpoint ? { endpoint } : {}),
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: patience,
      requestTimeout: patience,
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
