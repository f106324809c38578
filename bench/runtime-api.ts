import { spawn } from 'node:child_process'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * One fresh process: a folder with `index.mjs`, its environment, and the events it is given one after the
 * other.
 */
export type Start = Readonly<{
  folder: string
  environment: Readonly<Record<string, string>>
  events: readonly object[]
  /** More for the command line of Node. */
  flags?: readonly string[]
}>

/** What a process did, in milliseconds after it was started. */
export type Run = Readonly<{
  /** When it asked for its first event: everything is loaded. */
  loaded: number
  /** When its answers came. */
  answered: readonly number[]
  /** When it was given each event. */
  given: readonly number[]
  answers: readonly string[]
  /** Processor time up to the first answer, user and system, in milliseconds; all threads. */
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

/** Lambda's Runtime API for one process at a time, on loopback. */
export const openRuntimeApi = async () => {
  let serve: (request: IncomingMessage, response: ServerResponse) => void = () => {}
  const server = createServer((request, response) => serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`

  const run = ({ folder, environment, events, flags = [] }: Start): Promise<Run> =>
    new Promise((resolve, reject) => {
      const given: number[] = []
      const answered: number[] = []
      const answers: string[] = []
      let [loaded, cpu] = [0, 0]

      const began = performance.now()
      const since = () => performance.now() - began
      const child = spawn(process.execPath, [...flags, client], {
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
          if (given.length === 0) loaded = since()
          const event = events[given.length]
          // Nothing more to do: the process waits, and is ended below.
          if (event === undefined) return
          given.push(since())
          response.setHeader('lambda-runtime-aws-request-id', `run-${given.length}`)
          response.setHeader('lambda-runtime-deadline-ms', Date.now() + 60_000)
          response.end(JSON.stringify(event))
          return
        }
        const text = await textOf(request)
        answered.push(since())
        answers.push(text)
        response.writeHead(202).end('{}')
        if (answered.length === 1) cpu = Number(request.headers['bench-cpu-us']) / 1000
        if (!request.url?.endsWith('/response')) reject(new Error(`${folder}: ${text}`))
        if (answered.length < events.length) return
        const megabytes = Number(request.headers['bench-rss-kb']) / 1024
        child.removeAllListeners('exit')
        child.once('exit', () => resolve({ loaded, answered, given, answers, cpu, megabytes }))
        // A moment for what is done after an answer, such as writing a compile cache.
        setTimeout(() => child.kill('SIGKILL'), environment.NODE_COMPILE_CACHE ? 100 : 0)
      }
    })

  return { run, close: () => server.close() }
}
