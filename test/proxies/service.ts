import { createHash } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { listening } from '../support/ports.ts'

/** A request as a service behind a proxy received it. */
export type Got = Readonly<{ method: string; url: string; headers: IncomingHttpHeaders; body: string }>

/** RFC 6455 section 4.2.2. */
const acceptFor = (key: string | undefined): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')

const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  let body = ''
  for await (const piece of request.setEncoding('utf8')) body += piece
  const { method = '', url = '', headers } = request
  const statuses: Record<string, number> = { '/own-401': 401, '/own-500': 500 }
  response.writeHead(statuses[url] ?? 200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ method, url, headers, body } satisfies Got))
}

/** A service that responds with the request. A websocket gets the headers of its request. */
export const openService = async () => {
  const server = createServer(answer)
  server.on('upgrade', ({ headers }, socket) => {
    const text = Buffer.from(JSON.stringify(headers))
    const head = Buffer.from([0x81, 126, 0, 0])
    head.writeUInt16BE(text.length, 2)
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(headers['sec-websocket-key'])}\r\n\r\n`,
    )
    socket.on('error', () => {}).write(Buffer.concat([head, text]))
  })
  return listening(server)
}
