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

/** One item of the table, as DynamoDB stores it. */
export type Item = Readonly<Record<string, AttributeValue>>
export type Items = ReadonlyMap<string, Item>

/** An attribute as a plain value; undefined, 0 or false when it is missing. */
export const textIn = (item: Item | undefined, name: string): string | undefined => item?.[name]?.S
export const numberIn = (item: Item | undefined, name: string): number => Number(item?.[name]?.N ?? 0)
export const flagIn = (item: Item | undefined, name: string): boolean => item?.[name]?.BOOL ?? false

type Change = Readonly<{
  /** An UpdateExpression over placeholders `#name` and `:name`, which are filled from `values` by name. */
  set: string
  values: Item
  /** Names beside those in `values`. */
  names?: readonly string[]
  /** A ConditionExpression; when it does not hold, nothing is written and the answer is false. */
  when?: string
}>

/** The table. Every failure is `table_unavailable`: nothing can be known then, so nobody gets 401. */
export type Table = Readonly<{
  /**
   * The items of these keys in one strongly consistent BatchGetItem (up to 100 keys); absent items are left
   * out.
   */
  read(keys: readonly string[]): Promise<Items>
  /** Changes single attributes of one item. False: the condition did not hold. */
  change(key: string, change: Change): Promise<boolean>
  /** Writes an item whole. */
  put(key: string, item: Item): Promise<void>
  remove(key: string): Promise<void>
}>

const mostAttempts = 4
const pause = (attempt: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.random() * 25 * 2 ** attempt))

const unavailable = (error: unknown): never => {
  throw new Problem('table_unavailable', error)
}

/** True, or false when the condition did not hold. */
const held = (writing: Promise<unknown>): Promise<boolean> =>
  writing.then(
    () => true,
    (error: unknown) => (error instanceof ConditionalCheckFailedException ? false : unavailable(error)),
  )

const placeholders = ({ set, when, values, names = [] }: Change) => {
  const used = [...new Set([...Object.keys(values), ...names])].filter((name) =>
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

/**
 * The table called `name` behind this client. Partition key `pk`, no sort key, TTL attribute `expires`.
 * `patience`: how long a read may take with its retries, in milliseconds; a route has five seconds.
 */
export const tableIn = (client: DynamoDBClient, name: string, patience = 4000): Table => {
  const read = async (keys: readonly string[]): Promise<Items> => {
    const found = new Map<string, Item>()
    let wanted = [...new Set(keys)]
    const abortSignal = AbortSignal.timeout(patience)
    // BatchGetItem may leave keys unprocessed under load. They are neither errors nor absent items.
    for (let attempt = 0; wanted.length > 0; attempt++) {
      if (attempt === mostAttempts) return unavailable('unprocessed keys')
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

  return {
    read,
    change: (key, change) =>
      held(
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
      await client
        .send(new DeleteItemCommand({ TableName: name, Key: { pk: { S: key } } }))
        .catch(unavailable)
    },
  }
}
