import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { Route } from '../lib/routes.ts'

/** ARNs of the resources that functions use. */
export type Resources = Readonly<{
  table: string
  /** Absent for refresh-state itself. */
  refreshFunction?: string
  /** The credentials, only for refresh-state. */
  secret?: string
}>

const allow = (actions: string[], resource: string, conditions?: Record<string, unknown>): PolicyStatement =>
  new PolicyStatement({ actions, resources: [resource], ...(conditions && { conditions }) })

/**
 * Allows only items of one kind. `Null` is needed because `ForAllValues` also holds for a request without
 * keys.
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

/** The permissions of a route's function, except for its log group. */
export const grants = (route: Route, { table, refreshFunction, secret }: Resources): PolicyStatement[] => [
  ...('unmatched' in route ? [] : onTable(route.writes, table)),
  ...(route.token === 'yes' && refreshFunction ? [allow(['lambda:InvokeFunction'], refreshFunction)] : []),
  ...(secret ? [allow(['secretsmanager:GetSecretValue'], secret)] : []),
]
