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
    'Open this in a browser, with the name of an organisation: it ends at a list of your units',
  )
  output('TableName', tableName, 'The table; EXISTING_TABLE adopts it in another stack')
  if (regionalDomainName === undefined)
    output(
      'ApiAddress',
      ownAddress,
      'The own address of the API, for a proxy or a certificate that is not yet there',
    )
  else
    output(
      'RegionalDomainName',
      regionalDomainName,
      'Where DNS has to point the host of PUBLIC_URL, unless HOSTED_ZONE_ID does it',
    )
  if (secret) output('CredentialsSecret', secret, 'Where the client credentials for the Admin API go')
}
