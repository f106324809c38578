import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { Instance, type InvocationResult, type Waiting } from './instances.ts'
import type { Definition } from './template.ts'

/** Receives progress and the log lines of functions, line by line. */
export type Log = (line: string) => void

/** Maximum instances of a function. Further calls wait, unlike on AWS. */
const mostInstances = 4

/** The instances of one function, started on demand, and the calls that wait for one. */
class Pool {
  definition: Definition
  readonly #dependencies: Record<string, string>
  readonly #log: Log
  #instances = new Set<Instance>()
  readonly #leaving = new Set<Instance>()
  readonly #queue: Waiting[] = []

  constructor(definition: Definition, dependencies: Record<string, string>, log: Log) {
    this.definition = definition
    this.#dependencies = dependencies
    this.#log = log
  }

  invoke(event: string, requestId: string): Promise<InvocationResult> {
    return new Promise((resolve) => {
      const done = (outcome: InvocationResult) => {
        if (outcome.failed) this.#tell(requestId, outcome)
        resolve(outcome)
      }
      this.#queue.push({ event, requestId, done })
      this.#serve()
    })
  }

  /**
   * Lets running instances finish. The next call starts a new one, with the new definition if there is one.
   */
  renew(definition: Definition = this.definition): void {
    this.definition = definition
    const old = this.#instances
    this.#instances = new Set()
    for (const instance of old) {
      this.#leaving.add(instance)
      instance.retire()
    }
    this.#serve()
  }

  async stop(): Promise<void> {
    this.#queue.length = 0
    await Promise.all([...this.#instances, ...this.#leaving].map((instance) => instance.stop()))
  }

  #serve(): void {
    for (const instance of this.#instances) {
      if (instance.state !== 'free') continue
      const waiting = this.#queue.shift()
      if (!waiting) return
      instance.serve(waiting)
    }
    const loading = [...this.#instances].filter(({ state }) => state === 'loading').length
    const wanted = Math.min(this.#queue.length - loading, mostInstances - this.#instances.size)
    for (let started = 0; started < wanted; started++) this.#start()
  }

  #start(): void {
    const instance: Instance = new Instance(this.definition, this.#dependencies, {
      log: this.#log,
      free: () => this.#serve(),
      ended: (unserved) => {
        const current = this.#instances.delete(instance)
        this.#leaving.delete(instance)
        // Fails a waiting call. Otherwise a function that cannot be loaded would be restarted forever.
        if (current && unserved) this.#queue.shift()?.done(unserved)
        if (current) this.#serve()
      },
    })
    this.#instances.add(instance)
  }

  #tell(requestId: string, { json }: InvocationResult): void {
    const description: object = JSON.parse(json)
    this.#log(JSON.stringify({ level: 'error', function: this.definition.name, requestId, ...description }))
  }
}

/** All functions of the stack. */
export class Functions {
  readonly #pools = new Map<string, Pool>()
  readonly #dependencies: Record<string, string>
  readonly #log: Log

  /** `dependencies`: variables that the platform adds to every function. */
  constructor(dependencies: Record<string, string>, log: Log) {
    this.#dependencies = dependencies
    this.#log = log
  }

  /** Runs these definitions from now on. Returns the names of new and changed functions. */
  use(definitions: readonly Definition[]): string[] {
    const changed: string[] = []
    for (const definition of definitions) {
      const pool = this.#pools.get(definition.id)
      if (pool && isDeepStrictEqual(pool.definition, definition)) continue
      changed.push(definition.name)
      if (pool) pool.renew(definition)
      else this.#pools.set(definition.id, new Pool(definition, this.#dependencies, this.#log))
    }
    return changed
  }

  /** Calls a function by name, logical id or ARN. Returns undefined when there is none. */
  invoke(
    name: string,
    event: string,
    requestId: string = randomUUID(),
  ): Promise<InvocationResult> | undefined {
    return this.#named(name)?.invoke(event, requestId)
  }

  /** Replaces the instances of one function or of all, as a deployment or a long idle time would. */
  restart(name?: string): void {
    const pools = name === undefined ? this.#pools.values() : [this.#named(name)]
    for (const pool of pools) pool?.renew()
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.stop()))
  }

  #named(name: string): Pool | undefined {
    const last = name.split(':').at(-1) ?? name
    return (
      this.#pools.get(last) ?? [...this.#pools.values()].find(({ definition }) => definition.name === last)
    )
  }
}
