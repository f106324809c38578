import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { KMSClient } from '@aws-sdk/client-kms'
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { isJsonObject } from '../lib/json-object.ts'
import { type Table, tableIn } from '../lib/store/table.ts'
import { refuse } from './problem.ts'
import type { Environment, Settings } from './settings.ts'
import { type SigningKeys, signingKeys } from './sign-in/signing-key.ts'

/** Tables, keys and secrets in AWS. A function imports the ones it needs, so its bundle contains no others. */

const clientOf = (endpoint: string | undefined, maxAttempts: number, requestTimeout: number) => ({
  ...(endpoint ? { endpoint } : {}),
  maxAttempts,
  requestHandler: { connectionTimeout: 500, requestTimeout, throwOnRequestTimeout: true },
})

/** The tables by name, those of the gateways comma-separated. */
export const tables = ({
  TABLE_NAME = '',
  GATEWAY_TABLES = '',
  AWS_ENDPOINT_URL_DYNAMODB: endpoint,
}: Environment): Readonly<{ table: Table; gatewayTables: readonly Table[] }> => {
  const client = new DynamoDBClient(clientOf(endpoint, 3, 1500))
  const names = GATEWAY_TABLES.split(',').filter(Boolean)
  return { table: tableIn(client, TABLE_NAME), gatewayTables: names.map((name) => tableIn(client, name)) }
}

/** The keys of these settings. */
export const keysOf = (
  { signingKeys: names }: Settings,
  { AWS_ENDPOINT_URL_KMS: endpoint }: Environment,
): SigningKeys => signingKeys(new KMSClient(clientOf(endpoint, 3, 1500)), names)

/** Cache TTL of client secrets, milliseconds. A changed one takes effect without a deployment. */
const secretsTtl = 300_000

const secretsIn = (text: string | undefined): unknown => {
  try {
    return JSON.parse(String(text))
  } catch {
    return refuse('provider_misconfigured', 'client secrets: not JSON')
  }
}

/**
 * Reads the client secret of an organisation, a member of one secret. Throws `provider_misconfigured` when
 * there is none.
 */
export const clientSecrets = ({
  CLIENT_SECRETS: SecretId,
  AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint,
}: Environment): ((org: string) => Promise<string>) => {
  const client = new SecretsManagerClient(clientOf(endpoint, 2, 2000))
  let kept: { secrets: unknown; read: number } | undefined
  return async (org) => {
    if (kept === undefined || Date.now() - kept.read > secretsTtl) {
      const command = new GetSecretValueCommand({ SecretId })
      const { SecretString } = await client
        .send(command)
        .catch((error: unknown) => refuse('provider_misconfigured', error))
      kept = { secrets: secretsIn(SecretString), read: Date.now() }
    }
    const { secrets } = kept
    const secret = isJsonObject(secrets) ? secrets[org] : undefined
    if (typeof secret === 'string' && secret !== '') return secret
    kept = undefined
    return refuse('provider_misconfigured', 'client secrets: none for this organisation')
  }
}
