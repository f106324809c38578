import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { KMSClient } from '@aws-sdk/client-kms'
import { type Table, tableIn } from '../lib/store/table.ts'
import type { Settings } from './settings.ts'
import { type SigningKeys, signingKeys } from './signing-key.ts'

/** AWS clients. A function imports the ones it needs, so its bundle contains no others. */

type Environment = Readonly<Record<string, string | undefined>>

const clientOf = (endpoint: string | undefined) => ({
  ...(endpoint ? { endpoint } : {}),
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 500, requestTimeout: 1500, throwOnRequestTimeout: true },
})

/** The tables by name, those of the gateways comma-separated. */
export const tables = ({
  TABLE_NAME = '',
  GATEWAY_TABLES = '',
  AWS_ENDPOINT_URL_DYNAMODB: endpoint,
}: Environment): Readonly<{ table: Table; gatewayTables: readonly Table[] }> => {
  const client = new DynamoDBClient(clientOf(endpoint))
  const names = GATEWAY_TABLES.split(',').filter(Boolean)
  return { table: tableIn(client, TABLE_NAME), gatewayTables: names.map((name) => tableIn(client, name)) }
}

/** The keys of these settings. */
export const keysOf = (
  { signingKeys: names }: Settings,
  { AWS_ENDPOINT_URL_KMS: endpoint }: Environment,
): SigningKeys => signingKeys(new KMSClient(clientOf(endpoint)), names)
