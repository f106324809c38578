import { type ChildProcess, fork } from 'node:child_process'
import type { RouteName } from '../lib/routes.ts'

/** The environment of the functions, and a successful event for each route. */
export type World = Readonly<{
  environment: Readonly<Record<string, string>>
  token: string
  events: Readonly<Record<RouteName, object>>
  jwks: unknown
}>

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
