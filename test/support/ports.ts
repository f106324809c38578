import { once } from 'node:events'
import { type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { pipeline } from 'node:stream'
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

/** Waits until this is so, for at most a minute and while the program runs. Resolves to whether it is so. */
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

/** Lets a server listen at a free port of this machine. `close` ends open connections too. */
export const listening = async (server: Server, host = '127.0.0.1') => {
  await once(server.listen(0, host), 'listening')
  const { port } = server.address() as AddressInfo
  const close = async () => {
    server.close()
    server.closeAllConnections()
  }
  return { port, close }
}

/** Passes a request on to this address, with these headers instead of its own, and its answer back. */
export const forward = (
  to: string,
  incoming: IncomingMessage,
  response: ServerResponse,
  headers: Readonly<Record<string, string>> = {},
  answered: (answer: IncomingMessage) => void = () => {},
): void => {
  const { method = 'GET', url = '/' } = incoming
  const asking = request(to + url, { method, headers: { ...incoming.headers, ...headers } }, (answer) => {
    answered(answer)
    // A page that was left does not wait for its polls.
    if (response.destroyed) return void answer.destroy()
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    pipeline(answer, response, () => {})
  })
  asking.on('error', () => response.destroy())
  pipeline(incoming, asking, () => {})
}
