import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { after } from 'node:test'

/** What a captured or faulty identity service sends instead of its key set. */
export type KeySetAnswer = (response: ServerResponse) => void

export const sending =
  (body: unknown, type = 'application/json'): KeySetAnswer =>
  (response) => {
    response.setHeader('content-type', type)
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

/** An identity service that has nothing but a key set, and counts who asks for it. */
export const serveKeySet = async (first: unknown) => {
  const set = { answer: sending(first), asked: 0 }
  const server = createServer((_request, response) => {
    set.asked++
    set.answer(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { url: `http://127.0.0.1:${port}`, set }
}
