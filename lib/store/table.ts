import {
  type AttributeValue,
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { Problem } from '../problem.ts'

/** An item as DynamoDB stores it. */
export type Item = Readonly<Record<string, AttributeValue>>
/** Items by key. Absent items are not in the map. */
export type Items = ReadonlyMap<string, Item>

/** An attribute as text, or undefined when it is missing. */
export const textIn = (item: Item | undefined, name: string): string | undefined => item?.[name]?.S
/** An attribute as a number, or 0 when it is missing. */
export const numberIn = (item: Item | undefined, name: string): number => Number(item?.[name]?.N ?? 0)
/** An attribute as a boolean, or false when it is missing. */
export const flagIn = (item: Item | undefined, name: string): boolean => item?.[name]?.BOOL ?? false

type Change = Readonly<{
  /** An UpdateExpression with placeholders `#name` and `:name`, which are filled from `values`. */
  set: string
  values: Item
  /** Attribute names that are not in `values`. */
  names?: readonly string[]
  /** A ConditionExpression. When it does not hold, nothing is written. */
  when?: string
}>

/** The table. Every failure is thrown as `table_unavailable`, a 503. */
export type Table = Readonly<{
  /** Reads up to 100 items with one strongly consistent BatchGetItem. */
  read(keys: readonly string[]): Promise<Items>
  /** Changes attributes of one item. False when the condition did not hold. */
  change(key: string, change: Change): Promise<boolean>
  /** Replaces an item. */
  put(key: string, item: Item): Promise<void>
  remove(key: string): Promise<void>
}>

const maxAttempts = 4
const pause = (attempt: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.random() * 25 * 2 ** attempt))

const unavailable = (error: unknown): never => {
  throw new Problem('table_unavailable', error)
}

/** Runs a conditional write. False when its condition did not hold. */
const conditional = (writing: Promise<unknown>): Promise<boolean> =>
  writing.then(
    () => true,
    (error: unknown) => (error instanceof ConditionalCheckFailedException ? false : unavailable(error)),
  )

const placeholders = ({ set, when, values, names = [] }: Change) => {
  const used = [...Object.keys(values), ...names].filter((name) =>
    new RegExp(`#${name}\\b`).test([set, when].join(' ')),
  )
  const filled = Object.entries(values).map(([name, value]) => [`:${name}`, value] as const)
  return {
    ...(used.length > 0
      ? { ExpressionAttributeNames: Object.fromEntries(used.map((name) => [`#${name}`, name])) }
      : {}),
    ...(filled.length > 0 ? { ExpressionAttributeValues: Object.fromEntries(filled) } : {}),
    ConditionExpression: when,
  }
}

/** Reads items until no key is left unprocessed. Throws after four attempts or `timeout` milliseconds. */
const readAll = async (
  client: DynamoDBClient,
  name: string,
  keys: readonly string[],
  timeout: number,
): Promise<Items> => {
  const found = new Map<string, Item>()
  let wanted = [...new Set(keys)]
  const abortSignal = AbortSignal.timeout(timeout)
  // BatchGetItem may leave keys unprocessed under load. They are neither errors nor absent items.
  for (let attempt = 0; wanted.length > 0; attempt++) {
    if (attempt === maxAttempts) return unavailable('unprocessed keys')
    if (attempt > 0) await pause(attempt)
    const request = { [name]: { Keys: wanted.map((pk) => ({ pk: { S: pk } })), ConsistentRead: true } }
    const answer = await client
      .send(new BatchGetItemCommand({ RequestItems: request }), { abortSignal })
      .catch(unavailable)
    for (const item of answer.Responses?.[name] ?? []) found.set(item.pk?.S ?? '', item)
    wanted = (answer.UnprocessedKeys?.[name]?.Keys ?? []).map((key) => key.pk?.S ?? '')
  }
  return found
}

/**
 * The table with this name, partition key `pk` and TTL attribute `expires`. `timeout` limits a read including
 * its retries, in milliseconds; a route has five seconds.
 */
export const tableIn = (client: DynamoDBClient, name: string, timeout = 4000): Table => ({
  read: (keys) => readAll(client, name, keys, timeout),
  change: (key, change) =>
    conditional(
      client.send(
        new UpdateItemCommand({
          TableName: name,
          Key: { pk: { S: key } },
          UpdateExpression: change.set,
          ...placeholders(change),
        }),
      ),
    ),
  put: async (key, item) => {
    await client
      .send(new PutItemCommand({ TableName: name, Item: { ...item, pk: { S: key } } }))
      .catch(unavailable)
  },
  remove: async (key) => {
    await client.send(new DeleteItemCommand({ TableName: name, Key: { pk: { S: key } } })).catch(unavailable)
  },
})
