import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { forward, listening } from '../support/ports.ts'

type Asked = { what: string; headers: IncomingHttpHeaders; answer?: IncomingMessage }

/** What stands before the gateway: TLS where it is wanted, pages of other services, and a note of every request. */
export type Front = Readonly<{
  port: number
  /** Every request so far, as `GET host/path` with its headers, and what the gateway answered. */
  asked: Asked[]
  /** The last of them that begins with this. */
  last: (what: string) => Asked | undefined
  /** Lets a service answer at `host/path`. What none answers goes to the gateway. */
  serve: (place: string, html: string, more?: (request: IncomingMessage) => OutgoingHttpHeaders) => void
  /** From now on the gateway is here. */
  forwardTo: (url: string) => void
  close: () => Promise<void>
}>

/** A key and a self-signed certificate for `localhost`, made for this run and thrown away at once. */
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

/** Opens a front on a free port, with TLS or without. */
export const openFront = async (secure: boolean): Promise<Front> => {
  const asked: Front['asked'] = []
  const services = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>()
  let gateway = ''

  const listener = (incoming: IncomingMessage, response: ServerResponse) => {
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
  const server = secure ? createSecureServer(certificate(), listener) : createServer(listener)
  const { port, close } = await listening(server)
  return {
    port,
    asked,
    last: (beginning) => asked.findLast(({ what }) => what.startsWith(beginning)),
    serve: (place, html, more = () => ({})) =>
      services.set(place, (request, response) =>
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...more(request) }).end(html),
      ),
    forwardTo: (url) => {
      gateway = url
    },
    close,
  }
}
