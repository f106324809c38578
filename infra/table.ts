import { RemovalPolicy } from 'aws-cdk-lib'
import { AttributeType, Billing, type ITableV2, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import type { Construct } from 'constructs'

/** A new or existing table. CDK has a type for each. */
export type Table = TableV2 | ITableV2

/**
 * The table. It is kept when the stack is destroyed, because it stores ended sessions. An existing table
 * is used by its name and not changed.
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
