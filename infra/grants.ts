import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { Route } from '../lib/routes.ts'

/** The resources that grants speak of, by ARN. */
export type Resources = Readonly<{
  table: string
  /** Absent for refresh-state itself. */
  refreshFunction?: string
  /** The credentials of refresh-state; absent for every other function. */
  secret?: string
}>

const allow = (actions: string[], resource: string, conditions?: Record<string, unknown>): PolicyStatement =>
  new PolicyStatement({ actions, resources: [resource], ...(conditions && { conditions }) })

/**
 * Only items of one kind. `ForAllValues` alone also holds for a request without any key; `Null` closes that.
 */
const onlyKeysOf = (kind: string) => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${kind}#*`] },
  Null: { 'dynamodb:LeadingKeys': 'false' },
})

const onTable = (writes: Route['writes'], table: string): PolicyStatement[] => {
  const reads = allow(['dynamodb:BatchGetItem'], table)
  if (writes === 'nothing') return [reads]
  if (writes === 'everything')
    return [
      allow(
        ['BatchGetItem', 'DeleteItem', 'PutItem', 'UpdateItem'].map((name) => `dynamodb:${name}`),
        table,
      ),
    ]
  return [reads, allow(['dynamodb:UpdateItem'], table, onlyKeysOf(writes))]
}

/** What a row of the route table may do, its own log group apart: exact actions on exact resources. */
export const grants = (route: Route, { table, refreshFunction, secret }: Resources): PolicyStatement[] => [
  ...('unmatched' in route ? [] : onTable(route.writes, table)),
  ...(route.token === 'yes' && refreshFunction ? [allow(['lambda:InvokeFunction'], refreshFunction)] : []),
  ...(secret ? [allow(['secretsmanager:GetSecretValue'], secret)] : []),
]
