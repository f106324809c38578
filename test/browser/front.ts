import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestListener,
} from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { forward, listening } from '../support/ports.ts'

type Asked = { what: string; headers: IncomingHttpHeaders; answer?: IncomingMessage }

/** A new key and a self-signed certificate for `localhost`. */
export const certificate = (): { key: string; cert: string } => {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const kind = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost'
  const args = [...kind.split(' '), '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert]
  execFileSync('openssl', args, { stdio: 'pipe' })
  const made = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  rmSync(folder, { recursive: true })
  return made
}

/** A server in front of the gateway, with TLS, pages of other services, and a record of every request. */
export const openFront = async (secure: boolean) => {
  /** Every request so far, as `GET host/path`, with its headers and the response of the gateway. */
  const asked: Asked[] = []
  const services = new Map<string, RequestListener>()
  let gateway = ''

  const listener: RequestListener = (incoming, response) => {
    const { headers, method, url = '/' } = incoming
    const place = (headers.host ?? '').replace(/:\d+$/, '') + url.replace(/\?.*/, '')
    const note: Asked = { what: `${method} ${place}`, headers }
    asked.push(note)
    const service = services.get(place)
    if (service === undefined)
      forward(gateway, incoming, response, {}, (answer) => {
        note.answer = answer
      })
    else service(incoming, response)
  }
  /** The last request whose `what` begins with this. */
  const last = (what: string): Asked | undefined => asked.findLast((one) => one.what.startsWith(what))

  /** Serves a page at `host/path`. Requests for other paths go to the gateway. */
  const serve = (
    place: string,
    html: string,
    more: (request: IncomingMessage) => OutgoingHttpHeaders = () => ({}),
  ): void => {
    services.set(place, (request, response) =>
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...more(request) }).end(html),
    )
  }

  const server = secure ? createSecureServer(certificate(), listener) : createServer(listener)
  const { port, close } = await listening(server)
  const forwardTo = (url: string): void => {
    gateway = url
  }
  return { port, asked, last, serve, forwardTo, close }
}
