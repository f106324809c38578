import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { listening } from '../support/ports.ts'

/** What stands before the database and makes it fail on demand, on the wire, so that the real SDK client meets it. */

type Operation = 'BatchGetItem' | 'UpdateItem' | 'PutItem' | 'DeleteItem'

/** One call as the front sees it: the how manieth, what it wants, and of which items. */
export type DatabaseCall = Readonly<{ number: number; operation: Operation; keys: readonly string[] }>

/** What happens to one call. */
export type DatabaseFault = Readonly<
  /** An error as DynamoDB answers it, without having done anything. */
  | { do: 'answer'; status: number; type: string }
  /** The connection is cut before the call gets through, or after it was done and before anybody hears of it. */
  | { do: 'cut'; done: boolean }
  /** The call gets through so many milliseconds late, and is done even when nobody waits any more. */
  | { do: 'hold'; ms: number }
  /** The call is done at once and its answer comes so many milliseconds late. */
  | { do: 'dawdle'; ms: number }
  /** BatchGetItem leaves the items of these keys for later; `ms` late. */
  | { do: 'unprocessed'; keys: (key: string) => boolean; ms?: number }
  /** The call is done when `until` is, however late that is. */
  | { do: 'keep'; until: Promise<unknown> }
>

const error = (status: number, type: string): DatabaseFault => ({ do: 'answer', status, type })
const coral = 'com.amazonaws.dynamodb.v20120810'

/** The faults by name. */
export const faults = {
  throttled: error(400, `${coral}#ProvisionedThroughputExceededException`),
  overRate: error(400, 'com.amazon.coral.availability#ThrottlingException'),
  refused: error(400, 'com.amazon.coral.service#AccessDeniedException'),
  failed: error(500, `${coral}#InternalServerError`),
  cut: { do: 'cut', done: false },
  cutWhenDone: { do: 'cut', done: true },
  unprocessed: { do: 'unprocessed', keys: () => true },
  held: (ms: number): DatabaseFault => ({ do: 'hold', ms }),
  dawdling: (ms: number): DatabaseFault => ({ do: 'dawdle', ms }),
} as const

/** Which fault a call meets, if any. */
type Plan = (call: DatabaseCall) => DatabaseFault | undefined

type Body = Readonly<{
  TableName?: string
  RequestItems?: Record<string, { Keys?: { pk?: { S?: string } }[]; ConsistentRead?: boolean }>
  Key?: { pk?: { S?: string } }
  Item?: { pk?: { S?: string } }
}>

const keysIn = ({ RequestItems = {}, Key, Item }: Body): string[] =>
  [
    ...Object.values(RequestItems).flatMap(({ Keys = [] }) => Keys),
    ...(Key ? [Key] : []),
    ...(Item ? [Item] : []),
  ].map(({ pk }) => pk?.S ?? '')

/** The same call without some of its keys, and those as they would be left unprocessed. */
const parted = (body: Body, leave: (key: string) => boolean) => {
  const part = (left: boolean) =>
    Object.fromEntries(
      Object.entries(body.RequestItems ?? {}).flatMap(([table, { Keys = [], ...rest }]) => {
        const kept = Keys.filter(({ pk }) => leave(pk?.S ?? '') === left)
        return kept.length > 0 ? [[table, { ...rest, Keys: kept }]] : []
      }),
    )
  return { asked: part(false), left: part(true) }
}

type Passed = Readonly<{ status: number; headers: IncomingHttpHeaders; text: string }>

const json = { 'content-type': 'application/x-amz-json-1.0' }

const reply = (response: ServerResponse, status: number, text: string): void => {
  if (!response.destroyed) response.writeHead(status, json).end(text)
}

/** A front before the database at `url`. Its plan can be changed at any time; calls under way keep the fault they met. */
export const openDatabaseFront = async (url: string) => {
  const front: { plan: Plan; calls: number } = { plan: () => undefined, calls: 0 }
  const agent = new Agent({ keepAlive: true })

  /** What is under way at the database: it must not be closed meanwhile. */
  const passing = new Set<Promise<unknown>>()
  let closed = false

  const pass = async (headers: IncomingHttpHeaders, body: string): Promise<Passed> => {
    if (closed) throw new Error('the front is closed')
    const passed = send(headers, body)
    passing.add(passed)
    return passed.finally(() => passing.delete(passed))
  }

  const send = (headers: IncomingHttpHeaders, body: string): Promise<Passed> =>
    new Promise((resolve, reject) => {
      const { host: _, 'content-length': __, ...rest } = headers
      const sent = request(
        url,
        { method: 'POST', agent, headers: { ...rest, 'content-length': Buffer.byteLength(body) } },
        (answer) => {
          text(answer).then(
            (text) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }),
            reject,
          )
        },
      )
      sent.once('error', reject).end(body)
    })

  const leave = async (
    headers: IncomingHttpHeaders,
    body: Body,
    { keys, ms = 0 }: Extract<DatabaseFault, { do: 'unprocessed' }>,
  ): Promise<string> => {
    const { asked, left } = parted(body, keys)
    const nothing = Object.fromEntries(Object.keys(body.RequestItems ?? {}).map((table) => [table, []]))
    await pause(ms)
    if (Object.keys(asked).length === 0) return JSON.stringify({ Responses: nothing, UnprocessedKeys: left })
    const { text } = await pass(headers, JSON.stringify({ ...body, RequestItems: asked }))
    return JSON.stringify({ ...JSON.parse(text), UnprocessedKeys: left })
  }

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { headers } = incoming
    const asked = await text(incoming)
    const body: Body = JSON.parse(asked)
    const operation = String(headers['x-amz-target']).split('.')[1] as Operation
    const fault = front.plan({ number: ++front.calls, operation, keys: keysIn(body) })
    const done = async () => {
      const { status, text: answer } = await pass(headers, asked)
      reply(response, status, answer)
    }
    switch (fault?.do) {
      case 'answer':
        return reply(response, fault.status, JSON.stringify({ __type: fault.type, message: 'on demand' }))
      case 'cut':
        if (fault.done) await pass(headers, asked)
        return void response.destroy()
      case 'hold':
        await pause(fault.ms, undefined, { ref: false })
        return done()
      case 'keep':
        await fault.until
        return done()
      case 'dawdle': {
        const { status, text: answer } = await pass(headers, asked)
        await pause(fault.ms, undefined, { ref: false })
        return reply(response, status, answer)
      }
      case 'unprocessed':
        if (operation !== 'BatchGetItem') return done()
        return reply(response, 200, await leave(headers, body, fault))
      case undefined:
        return done()
    }
  }

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => response.destroy())
  })
  const { port, close } = await listening(server)
  return {
    url: `http://127.0.0.1:${port}`,
    /** From now on this happens to every call. */
    use: (plan: Plan | DatabaseFault | undefined): void => {
      front.calls = 0
      front.plan = typeof plan === 'function' ? plan : () => plan
    },
    calls: () => front.calls,
    close: async (): Promise<void> => {
      closed = true
      await Promise.allSettled(passing)
      agent.destroy()
      await close()
    },
  }
}

export type DatabaseFront = Awaited<ReturnType<typeof openDatabaseFront>>

/** Only the first `times` calls. */
export const first =
  (times: number, fault: DatabaseFault): Plan =>
  ({ number }) =>
    number <= times ? fault : undefined
