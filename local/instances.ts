import { createInterface } from 'node:readline'
import { Worker } from 'node:worker_threads'
import type { Definition } from './template.ts'

/** The parameters of an instance. */
export type Loading = Pick<Definition, 'folder' | 'handler' | 'name'>
/** A message to an instance. Events and results are passed as JSON text, as on AWS. */
export type Call = Readonly<{ event: string; requestId: string; deadline: number }>
/** A message from an instance. */
export type Report = Readonly<
  { kind: 'loaded' } | { kind: 'result' | 'failure' | 'unloadable'; json: string }
>

/** The outcome of a call: the result as JSON text, or the description of a failure. */
export type InvocationResult = Readonly<{ failed: boolean; json: string }>

/** A pending call. */
export type Waiting = Readonly<{
  event: string
  requestId: string
  done: (outcome: InvocationResult) => void
}>

/** Callbacks for the owner of an instance. `ended` gets a reason when it ended before its first call. */
export type Owner = Readonly<{
  log: (line: string) => void
  free: () => void
  ended: (unserved: InvocationResult | undefined) => void
}>

/** Lambda's init timeout: ten seconds, whatever the function's own timeout. */
const loadLimit = 10_000

const failure = (errorType: string, errorMessage: string): InvocationResult => ({
  failed: true,
  json: JSON.stringify({ errorType, errorMessage }),
})

const thread = (definition: Definition, dependencies: Record<string, string>, log: Owner['log']): Worker => {
  const { folder, handler, name, memoryMegabytes, variables } = definition
  const worker = new Worker(new URL('./instance.ts', import.meta.url), {
    env: {
      ...variables,
      ...dependencies,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMegabytes),
    },
    workerData: { folder, handler, name } satisfies Loading,
    stdout: true,
    stderr: true,
  })
  for (const input of [worker.stdout, worker.stderr]) createInterface({ input }).on('line', log)
  return worker
}

/** A thread that serves one call at a time. After a timeout or crash it is not used again. */
export class Instance {
  readonly #definition: Definition
  readonly #owner: Owner
  readonly #worker: Worker
  #state: 'loading' | 'free' | 'serving' | 'gone' = 'loading'
  #retired = false
  #waiting: Waiting | undefined
  #timer: NodeJS.Timeout

  constructor(definition: Definition, dependencies: Record<string, string>, owner: Owner) {
    const { name } = definition
    this.#definition = definition
    this.#owner = owner
    this.#worker = thread(definition, dependencies, owner.log)
    this.#worker.on('message', (report: Report) => this.#hear(report))
    this.#worker.on('error', (error) => this.#end(failure('Runtime.UnhandledError', String(error))))
    this.#worker.on('exit', () => this.#end(failure('Runtime.ExitError', `${name} exited`)))
    this.#timer = setTimeout(() => this.#end(failure('Sandbox.Timedout', `${name} did not load`)), loadLimit)
  }

  get state() {
    return this.#state
  }

  serve(waiting: Waiting): void {
    const { name, timeoutSeconds } = this.#definition
    const late = failure('Sandbox.Timedout', `${name} timed out after ${timeoutSeconds} seconds`)
    this.#state = 'serving'
    this.#waiting = waiting
    this.#timer = setTimeout(() => this.#end(late), timeoutSeconds * 1000)
    const deadline = Date.now() + timeoutSeconds * 1000
    this.#worker.postMessage({ event: waiting.event, requestId: waiting.requestId, deadline } satisfies Call)
  }

  /** Accepts no further call, and ends after the current one. */
  retire(): void {
    this.#retired = true
    if (this.#state !== 'serving') this.#end(undefined)
  }

  async stop(): Promise<void> {
    this.#end(failure('Sandbox.Stopped', 'the local stack was stopped'))
    await this.#worker.terminate()
  }

  #hear(report: Report): void {
    if (this.#state === 'gone') return
    clearTimeout(this.#timer)
    if (report.kind === 'unloadable') {
      this.#end({ failed: true, json: report.json })
      return
    }
    this.#state = 'free'
    if (report.kind !== 'loaded') this.#answer({ failed: report.kind === 'failure', json: report.json })
    if (this.#retired) this.#end(undefined)
    else this.#owner.free()
  }

  #answer(outcome: InvocationResult): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.done(outcome)
  }

  #end(reason: InvocationResult | undefined): void {
    if (this.#state === 'gone') return
    const unserved = this.#state === 'loading' ? reason : undefined
    this.#state = 'gone'
    clearTimeout(this.#timer)
    if (reason) this.#answer(reason)
    void this.#worker.terminate()
    this.#owner.ended(unserved)
  }
}
