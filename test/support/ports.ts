import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** A port that was free a moment ago: programs have to be told theirs. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

/** Whether somebody listens at a port of this machine. */
export const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, 'localhost')
    socket
      .once('error', () => resolve(false))
      .once('connect', () => {
        socket.destroy()
        resolve(true)
      })
  })

/** Waits until it is so, for at most a minute, or until the program that should make it so has ended. Says whether it is. */
export const until = async (
  isSo: () => Promise<boolean>,
  program: { exitCode: number | null } = { exitCode: null },
): Promise<boolean> => {
  const end = Date.now() + 60_000
  while (Date.now() < end && program.exitCode === null) {
    if (await isSo()) return true
    await pause(100)
  }
  return false
}
