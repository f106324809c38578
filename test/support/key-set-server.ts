import { createServer, type ServerResponse } from 'node:http'
import { after } from 'node:test'
import { listening } from './ports.ts'

/** What a faulty identity service sends instead of its key set. */
export type KeySetAnswer = (response: ServerResponse) => void

export const sending =
  (body: unknown, type = 'application/json'): KeySetAnswer =>
  (response) => {
    response.setHeader('content-type', type)
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

/** An identity service with only a key set, which counts its requests. */
export const serveKeySet = async (first: unknown) => {
  const set = { answer: sending(first), asked: 0 }
  const server = createServer((_request, response) => {
    set.asked++
    set.answer(response)
  })
  const { port, close } = await listening(server)
  after(close)
  return { url: `http://127.0.0.1:${port}`, set }
}
