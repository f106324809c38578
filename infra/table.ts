import { RemovalPolicy } from 'aws-cdk-lib'
import { AttributeType, Billing, type ITableV2, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import type { Construct } from 'constructs'

/** Made here or adopted; CDK declares an optional member of the two differently. */
export type Table = TableV2 | ITableV2

/**
 * The one table. It outlives the stack: what is in it says who has been signed out. A table that is there
 * already, restored or kept when an earlier stack was destroyed, serves by its name and stays as it is.
 */
export const table = (scope: Construct, existing: string | undefined): Table => {
  if (existing !== undefined) return TableV2.fromTableName(scope, 'existing-table', existing)
  return new TableV2(scope, 'table', {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    billing: Billing.onDemand(),
    timeToLiveAttribute: 'expires',
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    encryption: TableEncryptionV2.awsManagedKey(),
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
  })
}
