import { CfnOutput } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { prefix, routes } from '../lib/routes.ts'

type Outputs = Readonly<{
  publicUrl: string
  ownAddress: string
  regionalDomainName: string | undefined
  tableName: string
  secret: string | undefined
}>

const units = `${prefix}${routes.units.get}`
const login = `${prefix}${routes.login.get}`

/** Adds the outputs that `cdk deploy` prints for the operator. */
export const addOutputs = (
  scope: Construct,
  { publicUrl, ownAddress, regionalDomainName, tableName, secret }: Outputs,
): void => {
  const output = (id: string, value: string, description: string) =>
    new CfnOutput(scope, id, { value, description })
  output('PublicUrl', publicUrl, 'Where browsers reach the gateway')
  output(
    'TryLogin',
    `${publicUrl}${login}?org=<your organisation>&callback=${units}`,
    'A login to try in a browser, with the name of an organisation: it ends at a list of your units',
  )
  output('TableName', tableName, 'The table; EXISTING_TABLE uses it in another stack')
  if (regionalDomainName === undefined)
    output(
      'ApiAddress',
      ownAddress,
      'The address of the API itself, for a CDN or until there is a certificate',
    )
  else
    output(
      'RegionalDomainName',
      regionalDomainName,
      'The DNS target for the host of PUBLIC_URL, unless HOSTED_ZONE_ID is set',
    )
  if (secret) output('CredentialsSecret', secret, 'The secret for the client credentials of the Admin API')
}
