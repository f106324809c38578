import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SignInProblem } from './problem.ts'

/**
 * The client secrets of the organisations: members of one secret, `{"<organisation>": "<client secret>"}`.
 */

/** Cache TTL, milliseconds. A changed secret takes effect without a deployment. */
const cacheTtl = 300_000

const secretsIn = (text: string | undefined): Readonly<Record<string, unknown>> => {
  try {
    return { ...JSON.parse(String(text)) }
  } catch {
    throw new SignInProblem('provider_misconfigured', 'client secrets: not JSON')
  }
}

/** Reads the secret of an organisation. Throws `provider_misconfigured` when there is none. */
export const clientSecrets = (
  secretId: string,
  endpoint: string | undefined,
): ((org: string) => Promise<string>) => {
  const client = new SecretsManagerClient({
    ...(endpoint ? { endpoint } : {}),
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 500, requestTimeout: 2000, throwOnRequestTimeout: true },
  })
  let kept: { secrets: Readonly<Record<string, unknown>>; read: number } | undefined
  return async (org) => {
    if (kept === undefined || Date.now() - kept.read > cacheTtl) {
      const { SecretString } = await client
        .send(new GetSecretValueCommand({ SecretId: secretId }))
        .catch((error: unknown) => {
          throw new SignInProblem('provider_misconfigured', error)
        })
      kept = { secrets: secretsIn(SecretString), read: Date.now() }
    }
    const secret = Object.hasOwn(kept.secrets, org) ? kept.secrets[org] : undefined
    if (typeof secret === 'string' && secret !== '') return secret
    kept = undefined
    throw new SignInProblem('provider_misconfigured', 'client secrets: none for this organisation')
  }
}
