import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { listenOnLoopback, type Tls } from '../listening.ts'
import { answer } from './answer.ts'
import { control } from './control.ts'
import { type BufferedRequest, failures, type Reply } from './exchange.ts'
import { newStandIn, type StandIn } from './stand-in.ts'

/** A running stand-in. `close` also ends open connections. */
export type Identity = { url: string; close(): Promise<void> }

const controlPath = '/_control'

const replyTo = async (
  standIn: StandIn,
  asked: Omit<BufferedRequest, 'body'>,
  request: IncomingMessage,
): Promise<Reply> => {
  const body = await text(request)
  if (asked.path === controlPath) return control(standIn, { ...asked, body })
  return standIn.switches.fail ? failures.internal : answer(standIn, { ...asked, body })
}

const send = (response: ServerResponse, { status, headers, body }: Reply): void => {
  const own = { 'x-stand-in': 'identity', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
  response.writeHead(status, { ...own, ...headers }).end(body)
}

/** Responds to a request or cuts its connection, and logs it without its query, which may contain a token. */
const serve = async (
  standIn: StandIn,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<string> => {
  const { method = '', headers } = request
  const { pathname: path, searchParams: query } = new URL(`http://stand-in${request.url}`)
  if (path !== controlPath) {
    const { requests, switches } = standIn
    requests.set(path, (requests.get(path) ?? 0) + 1)
    // Unreferenced, so that a slow response does not keep the process alive.
    if (switches.slow > 0) await pause(switches.slow, undefined, { ref: false })
    if (switches.down) {
      request.socket.destroy()
      return `${method} ${path} cut`
    }
  }
  const reply = await replyTo(standIn, { method, path, query, headers }, request)
  send(response, reply)
  return `${method} ${path} ${reply.status}`
}

/**
 * Starts the stand-in for the identity services. Only for development and tests: it asks for no passwords.
 */
export const startIdentity = async (options: {
  port: number
  clientId: string
  clientSecret: string
  log?: (line: string) => void
  /** Serves https with this key and certificate. */
  tls?: Tls | undefined
}): Promise<Identity> => {
  const { port, clientId, clientSecret, log = () => {}, tls } = options
  const standIn = await newStandIn({ clientId, clientSecret })
  const listener: RequestListener = (request, response) => {
    serve(standIn, request, response)
      .catch((error: unknown) => {
        if (!response.headersSent) send(response, failures.internal)
        return `${request.method} failed: ${error}`
      })
      .then(log)
  }
  const { port: bound, close } = await listenOnLoopback(listener, port, tls)
  return { url: `${tls ? 'https' : 'http'}://127.0.0.1:${bound}`, close }
}
