import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP proxy to the gateway that can be stopped and started again, and records the requests. */
export const openWire = async (to: number) => {
  const sockets = new Set<Socket>()
  const seen: string[] = []
  let connections = 0
  const server = createServer((near) => {
    const far = connect(to, 'localhost')
    connections++
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket
        .on('error', () => {})
        .on('close', () => {
          sockets.delete(socket)
          other.destroy()
        })
    }
    near.on('data', (data) => seen.push(data.toString('latin1')))
    near.pipe(far).pipe(near)
  })
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()))
  await listen(0)
  const { port } = server.address() as AddressInfo
  const cut = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return { port, seen, connections: () => connections, cut, mend: () => listen(port) }
}
