import { deepEqual } from 'node:assert/strict'
import { it } from 'node:test'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { tableIn } from '../lib/store/table.ts'

it('A write without values sends none: DynamoDB refuses an empty list of them', async () => {
  const inputs: unknown[] = []
  const client = {
    send: async ({ input }: { input: unknown }) => {
      inputs.push(input)
      return {}
    },
  } as unknown as DynamoDBClient
  await tableIn(client, 'table').change('key', { set: 'REMOVE #a', names: ['a', 'b'], values: {} })
  deepEqual(inputs, [
    {
      TableName: 'table',
      Key: { pk: { S: 'key' } },
      UpdateExpression: 'REMOVE #a',
      ExpressionAttributeNames: { '#a': 'a' },
      ConditionExpression: undefined,
    },
  ])
})
