import { type ChildProcess, fork } from 'node:child_process'
import type { RouteName } from '../lib/routes.ts'
import type { Table } from '../lib/store/table.ts'

/** The environment of the functions, and a successful event for each route. */
export type World = Readonly<{
  environment: Readonly<Record<string, string>>
  token: string
  events: Readonly<Record<RouteName, object>>
  jwks: unknown
}>

/** A table that repeats the first answer to each read. */
export const remembering = (table: Table): Table => {
  const known = new Map<string, ReturnType<Table['read']>>()
  return {
    ...table,
    read: (keys) => {
      const name = keys.join()
      const answer = known.get(name) ?? table.read(keys)
      known.set(name, answer)
      return answer
    },
  }
}

/** The next message of a process. Fails if the process ends first. */
export const messageOf = <T>(child: ChildProcess): Promise<T> =>
  new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`${child.spawnargs.at(-1)} ended with ${code}`))
    child.once('exit', ended)
    child.once('message', (message) => {
      child.removeListener('exit', ended)
      resolve(message as T)
    })
  })

/** Starts a script of this folder in its own process, which ends with this one. */
export const start = (file: string, args: readonly string[] = []): ChildProcess =>
  fork(new URL(file, import.meta.url), args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })

/** Starts the database and the identity service in a separate process, with a loaded state. */
export const openWorld = async (): Promise<World & { close: () => void }> => {
  const child = start('world-process.ts')
  return { ...(await messageOf<World>(child)), close: () => child.kill() }
}
