import { PolicyStatement } from 'aws-cdk-lib/aws-iam'

/** What each function may do, its own log group apart: exact actions on exact resources. */

export type Resources = Readonly<{
  table: string
  gatewayTables: readonly string[]
  secret: string
  /** The key that signs, and every published one. */
  signingKey: string
  keys: readonly string[]
}>

const allow = (
  actions: string[],
  resources: readonly string[],
  conditions?: Record<string, Record<string, string | string[]>>,
): PolicyStatement =>
  new PolicyStatement({ actions, resources: [...resources], ...(conditions && { conditions }) })

/**
 * Only items of these kinds. `ForAllValues` alone also holds for a request without any key; `Null` closes
 * that.
 */
const onlyKeysOf = (...kinds: string[]) => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': kinds.map((kind) => `${kind}#*`) },
  Null: { 'dynamodb:LeadingKeys': 'false' },
})

/** `notBefore` of a subject and nothing else of the gateway's table, without reading the item. */
const endingSessions = {
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['SUBJECT#*'] },
  'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'notBefore'] },
  StringEqualsIfExists: { 'dynamodb:ReturnValues': 'NONE' },
  Null: { 'dynamodb:LeadingKeys': 'false', 'dynamodb:Attributes': 'false' },
}

export const grants: Readonly<Record<string, (resources: Resources) => PolicyStatement[]>> = {
  login: () => [],
  logout: () => [],
  jwks: ({ keys }) => [allow(['kms:GetPublicKey'], keys)],
  'login-callback': ({ table, secret, signingKey }) => [
    allow(['kms:Sign'], [signingKey], {
      StringEquals: { 'kms:SigningAlgorithm': 'RSASSA_PKCS1_V1_5_SHA_512', 'kms:MessageType': 'DIGEST' },
    }),
    allow(['kms:GetPublicKey'], [signingKey]),
    allow(['secretsmanager:GetSecretValue'], [secret]),
    allow(['dynamodb:PutItem'], [table], onlyKeysOf('SID', 'SUB', 'PROVIDER')),
  ],
  'provider-logout': ({ table, gatewayTables }) => [
    allow(['dynamodb:BatchGetItem'], [table]),
    allow(['dynamodb:PutItem'], [table], onlyKeysOf('PROVIDER')),
    allow(['dynamodb:UpdateItem'], gatewayTables, endingSessions),
  ],
}
