import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import type { Call, Loading, Report } from './instances.ts'
import { trustLocalhost } from './trust.ts'

/**
 * An instance of a function, in its own thread: loads the deployed bundle, then serves one call at a time.
 */

const { folder, handler: address, name } = workerData as Loading
const report = (message: Report): void => parentPort?.postMessage(message)

const told = (error: unknown) => ({
  errorType: error instanceof Error ? error.name : typeof error,
  errorMessage: error instanceof Error ? error.message : String(error),
  trace: error instanceof Error ? (error.stack ?? '').split('\n') : [],
})

type Handler = (event: unknown, context: object) => unknown

const load = async (): Promise<Handler> => {
  const [file, member = ''] = address.split('.')
  const module: Record<string, unknown> = await import(pathToFileURL(join(folder, `${file}.mjs`)).href)
  const handler = module[member]
  if (typeof handler !== 'function') throw new TypeError(`${address} is not a function`)
  return handler as Handler
}

/** The members of the context that functions read. */
const contextOf = ({ requestId, deadline }: Call) => ({
  awsRequestId: requestId,
  functionName: name,
  getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
})

// A process reads this variable when it starts; a thread has to apply it itself.
const { NODE_EXTRA_CA_CERTS: authority } = process.env

try {
  if (authority) trustLocalhost(readFileSync(authority, 'utf8'))
  const handler = await load()
  parentPort?.on('message', async (call: Call) => {
    try {
      const result = await handler(JSON.parse(call.event), contextOf(call))
      report({ kind: 'result', json: JSON.stringify(result) ?? 'null' })
    } catch (error) {
      report({ kind: 'failure', json: JSON.stringify(told(error)) })
    }
  })
  report({ kind: 'loaded' })
} catch (error) {
  report({ kind: 'unloadable', json: JSON.stringify(told(error)) })
}
