import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { dependencies } from '../../lib/lambda/dependencies.ts'
import type { Table } from '../../lib/store/table.ts'
import { requiredSettings } from '../support/events.ts'
import { listening } from '../support/ports.ts'

/** A proxy before the database that fails on demand, on the wire, so that the real SDK client meets it. */

/** The number of the call, counted from 1, and its operation, such as `UpdateItem`. */
type Call = Readonly<{ number: number; operation: string }>

type Key = { pk?: { S?: string } }
type Body = Readonly<{ RequestItems?: Record<string, { Keys?: Key[]; ConsistentRead?: boolean }> }>
type Answer = Readonly<{ status: number; text: string }>

/** What a fault can do with a call: pass it to the database, answer it, or cut the connection. */
type Passage = Readonly<{
  body: Body
  pass: (body?: Body) => Promise<Answer>
  answer: (answer: Answer) => void
  cut: () => void
}>

/** Handles one call. */
export type DatabaseFault = (passage: Passage) => Promise<void>

/** Chooses the fault for a call, if any. */
export type Plan = (call: Call) => DatabaseFault | undefined

const through: DatabaseFault = async ({ pass, answer }) => answer(await pass())

const after =
  (wait: () => Promise<unknown>): DatabaseFault =>
  async (passage) => {
    await wait()
    await through(passage)
  }

/** An error response of DynamoDB. The call is not passed on. */
const error =
  (status: number, type: string): DatabaseFault =>
  async ({ answer }) =>
    answer({ status, text: JSON.stringify({ __type: type, message: 'on demand' }) })

/** BatchGetItem returns these keys as unprocessed, after a delay in milliseconds. */
export const unprocessed =
  (leaves: (key: string) => boolean, ms = 0): DatabaseFault =>
  async (passage) => {
    const { body, pass, answer } = passage
    const [[table, { Keys = [], ...rest }] = ['', {}]] = Object.entries(body.RequestItems ?? {})
    if (Keys.length === 0) return through(passage)
    const [left, asked] = [true, false].map((isLeft) =>
      Keys.filter(({ pk }) => leaves(pk?.S ?? '') === isLeft),
    ) as [Key[], Key[]]
    await pause(ms)
    const found =
      asked.length === 0
        ? { Responses: { [table]: [] } }
        : JSON.parse((await pass({ RequestItems: { [table]: { ...rest, Keys: asked } } })).text)
    const UnprocessedKeys = left.length === 0 ? {} : { [table]: { ...rest, Keys: left } }
    answer({ status: 200, text: JSON.stringify({ ...found, UnprocessedKeys }) })
  }

const coral = 'com.amazonaws.dynamodb.v20120810'

/** The faults by name. */
export const faults = {
  throttled: error(400, `${coral}#ProvisionedThroughputExceededException`),
  overRate: error(400, 'com.amazon.coral.availability#ThrottlingException'),
  refused: error(400, 'com.amazon.coral.service#AccessDeniedException'),
  failed: error(500, `${coral}#InternalServerError`),
  cut: async ({ cut }) => cut(),
  cutWhenDone: async ({ pass, cut }) => {
    await pass()
    cut()
  },
} as const satisfies Record<string, DatabaseFault>

/** Passes the call on after a delay in milliseconds, even if the client has given up by then. */
export const held = (ms: number): DatabaseFault => after(() => pause(ms, undefined, { ref: false }))

/** Passes the call on when `until` settles. */
export const kept = (until: Promise<unknown>): DatabaseFault => after(() => until)

/** Passes the call on at once and answers after a delay in milliseconds. */
export const dawdling =
  (ms: number): DatabaseFault =>
  async ({ pass, answer }) => {
    const passed = await pass()
    await pause(ms, undefined, { ref: false })
    answer(passed)
  }

/** A proxy in front of the database at `url`. */
export const openDatabaseFront = async (url: string, plan: Plan) => {
  let calls = 0
  /** Calls in progress: the database must not be closed before they end. */
  const passing = new Set<Promise<unknown>>()
  let closed = false

  const send = async (headers: Record<string, string>, body: Body): Promise<Answer> => {
    if (closed) throw new Error('the front is closed')
    const passed = fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }).then(
      async (answer) => ({ status: answer.status, text: await answer.text() }),
    )
    passing.add(passed)
    return passed.finally(() => passing.delete(passed))
  }

  const server = createServer(async (incoming, response) => {
    const body: Body = JSON.parse(await text(incoming))
    const { host: _, connection: __, 'content-length': ___, ...headers } = incoming.headers
    const operation = String(headers['x-amz-target']).split('.').pop() ?? ''
    const fault = plan({ number: ++calls, operation }) ?? through
    const passage: Passage = {
      body,
      pass: (instead = body) => send(headers as Record<string, string>, instead),
      answer: ({ status, text }) => {
        if (!response.destroyed)
          response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(text)
      },
      cut: () => response.destroy(),
    }
    fault(passage).catch(passage.cut)
  })
  const { port, close } = await listening(server)
  return {
    url: `http://127.0.0.1:${port}`,
    close: async (): Promise<void> => {
      closed = true
      await Promise.allSettled(passing)
      await close()
    },
  }
}

/** Every call. */
export const always =
  (fault: DatabaseFault): Plan =>
  () =>
    fault

/** Only the first `times` calls. */
export const first =
  (times: number, fault: DatabaseFault): Plan =>
  ({ number }) =>
    number <= times ? fault : undefined

/** The table of this name behind this address, with the client of a function. */
export const tableAt = (AWS_ENDPOINT_URL_DYNAMODB: string, TABLE_NAME: string): Table => {
  process.env.AWS_REGION ??= 'eu-north-1'
  return dependencies({
    ...requiredSettings,
    AWS_USE_EMPTY_CREDENTIALS: 'true',
    AWS_ENDPOINT_URL_DYNAMODB,
    TABLE_NAME,
  }).table
}
