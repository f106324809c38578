import { spawn } from 'node:child_process'
import { createServer, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { InvocationResult } from '../../local/instances.ts'
import type { Definition } from '../../local/template.ts'
import { listening } from '../support/ports.ts'

/** A function instance under the real runtime client. */
export type Instance = Readonly<{
  invoke: (json: string) => Promise<InvocationResult>
  /** The output of the function. */
  lines: readonly string[]
  stop: () => void
}>

const runtimeClient = join(import.meta.dirname, 'node_modules', 'aws-lambda-ric', 'index.mjs')
const api = '/2018-06-01/runtime'

/**
 * Starts an instance with Lambda's Runtime API (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html). The
 * API gives it one event at a time. When the start fails, every pending call fails.
 */
export const startInstance = async (
  deployed: Definition,
  platform: Record<string, string>,
): Promise<Instance> => {
  const events: { json: string; done: (outcome: InvocationResult) => void }[] = []
  const lines: string[] = []
  let waiting: ServerResponse | undefined
  let broken: InvocationResult | undefined
  let served = 0

  const hand = (): void => {
    const [event] = events
    if (event === undefined || waiting === undefined) return
    // The client crashes when an event has no content type.
    waiting.setHeader('content-type', 'application/json')
    waiting.setHeader('lambda-runtime-aws-request-id', `${deployed.name}-${++served}`)
    waiting.setHeader('lambda-runtime-deadline-ms', Date.now() + deployed.timeoutSeconds * 1000)
    waiting.setHeader(
      'lambda-runtime-invoked-function-arn',
      `arn:aws:lambda:local:000000000000:function:${deployed.name}`,
    )
    waiting.end(event.json)
    waiting = undefined
  }

  const end = (outcome: InvocationResult): void => events.shift()?.done(outcome)
  const fail = (json: string): void => {
    broken ??= { failed: true, json }
    while (events.length > 0) end(broken)
  }

  const server = createServer(async (request, response) => {
    const { url = '' } = request
    if (url === `${api}/invocation/next`) {
      waiting = response
      return hand()
    }
    const json = await text(request)
    response.writeHead(202).end()
    if (url === `${api}/init/error`) fail(json)
    else end({ failed: url.endsWith('/error'), json })
  })
  const { port, close } = await listening(server)

  const child = spawn(process.execPath, [runtimeClient, deployed.handler], {
    cwd: deployed.folder,
    env: {
      ...deployed.variables,
      ...platform,
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
      AWS_LAMBDA_LOG_FORMAT: 'JSON',
      AWS_LAMBDA_FUNCTION_NAME: deployed.name,
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(deployed.memoryMegabytes),
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${deployed.name}`,
      AWS_LAMBDA_LOG_STREAM_NAME: 'local',
      LAMBDA_TASK_ROOT: deployed.folder,
      _HANDLER: deployed.handler,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (piece: string) => lines.push(...piece.split('\n').filter(Boolean)))
  child.once('exit', (code, signal) => fail(JSON.stringify({ errorMessage: `ended with ${code ?? signal}` })))

  return {
    lines,
    invoke: (json) =>
      new Promise((done) => {
        if (broken) return done(broken)
        events.push({ json, done })
        hand()
      }),
    stop: () => {
      child.kill('SIGKILL')
      void close()
    },
  }
}
