import { fork } from 'node:child_process'
import type { RouteName } from '../lib/routes.ts'

/** What a function needs to run, and for each route an event that it answers with success. */
export type World = Readonly<{
  environment: Readonly<Record<string, string>>
  token: string
  events: Readonly<Record<RouteName, object>>
  jwks: unknown
}>

/** Starts the database and the identity service in a process of their own, with a state loaded. */
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
