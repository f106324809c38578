import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

/** Runs a function: events come in line by line, results go to a file descriptor, logs to stdout. */

const [folder = '', handlerName = '', timeout = '', results = ''] = process.argv.slice(2)
const [file = '', member = ''] = handlerName.split('.')

type Handler = (event: unknown, context: object) => Promise<unknown>

const module: Record<string, Handler> = await import(pathToFileURL(join(folder, `${file}.mjs`)).href)
const handler = module[member]
if (handler === undefined) throw new TypeError(`${handlerName} is not in ${folder}`)

const told = (error: unknown) => ({
  errorType: error instanceof Error ? error.name : typeof error,
  errorMessage: String(error),
  stackTrace: [],
})

for await (const line of createInterface({ input: process.stdin })) {
  const { id, event } = JSON.parse(line)
  const end = Date.now() + Number(timeout) * 1000
  const context = { awsRequestId: id, getRemainingTimeInMillis: () => end - Date.now() }
  const result = await handler(JSON.parse(event), context).catch(told)
  writeSync(Number(results), `${JSON.stringify(result)}\n`)
}
