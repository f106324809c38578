import { fork } from 'node:child_process'
import type { RouteName } from '../lib/routes.ts'

/** The environment of the functions, and a successful event for each route. */
export type World = Readonly<{
  environment: Readonly<Record<string, string>>
  token: string
  events: Readonly<Record<RouteName, object>>
  jwks: unknown
}>

/** Starts the database and the identity service in a separate process, with a loaded state. */
export const openWorld = async (): Promise<World & { close: () => void }> => {
  const child = fork(new URL('./world-process.ts', import.meta.url), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const world = await new Promise<World>((resolve, reject) => {
    child.once('message', (message) => resolve(message as World))
    child.once('exit', (code) => reject(new Error(`the world ended with ${code}`)))
  })
  return { ...world, close: () => child.kill() }
}
