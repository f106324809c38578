import { once } from 'node:events'
import { type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { pipeline } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'

/** A free port, for a program that cannot choose one by itself. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

/** Whether a program listens on this port of localhost. */
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

/** Waits for a condition, for a minute and while the program runs. Resolves to whether it was met. */
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

/** Listens on a free port of this machine. `close` also ends open connections. */
export const listening = async (server: Server, host = '127.0.0.1') => {
  await once(server.listen(0, host), 'listening')
  const { port } = server.address() as AddressInfo
  const close = async () => {
    server.close()
    server.closeAllConnections()
  }
  return { port, close }
}

/** Forwards a request to this address, with further headers, and sends the response back. */
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
    // The browser has left the page.
    if (response.destroyed) return void answer.destroy()
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    pipeline(answer, response, () => {})
  })
  asking.on('error', () => response.destroy())
  pipeline(incoming, asking, () => {})
}
