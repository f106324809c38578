import { wire } from '../functions/token-is-set/index.ts'
import { accessLogFields } from '../infra/api.ts'
import { dependencies } from '../lib/lambda/dependencies.ts'
import { logTo } from '../lib/log.ts'
import { organisationsOf } from '../lib/state/organisation.ts'
import { contextFor } from '../test/support/services.ts'
import type { World } from './world.ts'

/** The usage of one good poll of a warm instance. */
export type Poll = Readonly<{
  /** Bytes of our log line at `LOG_LEVEL=info`, and of the access log. Lambda writes none at level WARN. */
  ownLogBytes: number
  accessLogBytes: number
  sentBytes: number
  readUnits: number
  /** Milliseconds that Lambda bills. */
  milliseconds: number
}>

const context = contextFor(60_000)

/** Polls a second of one instance, which decides how much it reads from its cache. */
export const pollsASecond = 5
const seconds = 60

/** The line that API Gateway writes to the access log for a good poll. */
const accessLogLine = (): string => {
  const values: Readonly<Record<string, string>> = {
    requestId: 'JKJaXmPLvHcESHA=',
    time: '27/Nov/2026:09:30:00 +0000',
    route: 'GET /imsg-service/v1/token-is-set',
    protocol: 'HTTP/1.1',
    status: '200',
    latency: '12',
    length: '12',
    integrationStatus: '200',
    integrationLatency: '10',
  }
  return JSON.stringify(
    Object.fromEntries(Object.keys(accessLogFields).map((name) => [name, values[name] ?? '-'])),
  )
}

/** Headers that API Gateway adds. */
const added = {
  date: 'Fri, 27 Nov 2026 09:30:00 GMT',
  'content-length': '12',
  'apigw-requestid': 'JKJaXmPLvHcESHA=',
}

const bytesOf = ({
  headers,
  body = '',
}: {
  headers: Record<string, string>
  body?: string | undefined
}): number =>
  Buffer.byteLength(
    [
      'HTTP/1.1 200 OK',
      ...Object.entries({ ...headers, ...added }).map((pair) => pair.join(': ')),
      '',
      body,
    ].join('\r\n'),
  )

/** Read units of a strongly consistent read: one for each 4 kB, and one for an absent item. */
const unitsOf = (item: unknown): number => Math.max(1, Math.ceil(JSON.stringify(item ?? '').length / 4096))

/** The mean over a minute of an instance's time. `milliseconds`: see `billedMilliseconds`. */
export const measurePoll = async (world: World, milliseconds: number): Promise<Poll> => {
  // The unbundled SDK reads its credentials and region here.
  Object.assign(process.env, world.environment)
  const on = dependencies(world.environment)
  const began = on.now()
  let [poll, units, answer] = [0, 0, '' as string | undefined]
  const lines: string[] = []
  const now = () => began + Math.floor(poll / pollsASecond)
  const handler = wire({
    ...on,
    now,
    organisations: organisationsOf(),
    log: logTo('info', (line) => lines.push(line)),
    table: {
      ...on.table,
      read: async (keys) => {
        const items = await on.table.read(keys)
        for (const key of keys) units += unitsOf(items.get(key))
        return items
      },
    },
  })
  const text = JSON.stringify(world.events['token-is-set'])
  let sentBytes = 0
  const polls = pollsASecond * seconds
  for (; poll < polls; poll++) {
    const given = await handler(JSON.parse(text), context)
    answer = given.body
    if (given.statusCode !== 200) throw new Error(`token-is-set answered ${given.statusCode}: ${answer}`)
    sentBytes = bytesOf(given)
  }
  const bytes = (line: string): number => Buffer.byteLength(line) + 1
  return {
    ownLogBytes: lines.reduce((sum, line) => sum + bytes(line), 0) / polls,
    accessLogBytes: bytes(accessLogLine()),
    sentBytes,
    readUnits: units / polls,
    milliseconds,
  }
}
