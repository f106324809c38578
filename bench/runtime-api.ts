import { spawn } from 'node:child_process'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A new process: a folder with `index.mjs`, its environment, and the events that it gets in turn. */
export type Start = Readonly<{
  folder: string
  environment: Readonly<Record<string, string>>
  events: readonly object[]
}>

export type Run = Readonly<{
  answers: readonly string[]
  /** Milliseconds from each event to its answer. */
  milliseconds: readonly number[]
  /** Processor time of all threads up to the first answer, user and system, in milliseconds. */
  cpu: number
  /** Peak resident memory in MB after the last answer. */
  megabytes: number
}>

const client = new URL('./runtime-client.cjs', import.meta.url).pathname

const textOf = async (request: IncomingMessage): Promise<string> => {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

/** Lambda's Runtime API on loopback, for one process at a time. */
export const openRuntimeApi = async () => {
  let serve: (request: IncomingMessage, response: ServerResponse) => void = () => {}
  const server = createServer((request, response) => serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`

  const run = ({ folder, environment, events }: Start): Promise<Run> =>
    new Promise((resolve, reject) => {
      const answers: string[] = []
      const milliseconds: number[] = []
      let [given, began, cpu] = [0, 0, 0]

      const child = spawn(process.execPath, [client], {
        env: {
          ...environment,
          PATH: process.env.PATH,
          AWS_LAMBDA_RUNTIME_API: address,
          LAMBDA_TASK_ROOT: folder,
          _HANDLER: 'index.handler',
        },
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      child.once('exit', (code) => reject(new Error(`${folder} ended with ${code}`)))

      serve = async (request, response) => {
        if (request.url?.endsWith('/next')) {
          const event = events[given]
          // After the last event the process waits until it is killed below.
          if (event === undefined) return
          began = performance.now()
          response.setHeader('lambda-runtime-aws-request-id', `run-${++given}`)
          response.setHeader('lambda-runtime-deadline-ms', Date.now() + 60_000)
          response.end(JSON.stringify(event))
          return
        }
        const text = await textOf(request)
        milliseconds.push(performance.now() - began)
        answers.push(text)
        response.writeHead(202).end('{}')
        if (answers.length === 1) cpu = Number(request.headers['bench-cpu-us']) / 1000
        if (!request.url?.endsWith('/response')) reject(new Error(`${folder}: ${text}`))
        if (answers.length < events.length) return
        const megabytes = Number(request.headers['bench-rss-kb']) / 1024
        child.removeAllListeners('exit')
        child.once('exit', () => resolve({ answers, milliseconds, cpu, megabytes }))
        child.kill('SIGKILL')
      }
    })

  return { run, close: () => server.close() }
}
