import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { forward, listening } from '../support/ports.ts'

type Asked = {
  what: string
  headers: IncomingMessage['headers']
  answer?: { status: number | undefined; headers: IncomingMessage['headers'] }
}

/** What stands before the gateway: TLS where it is wanted, pages of other services, and a note of every request. */
export type Front = Readonly<{
  port: number
  /** Every request so far, as `GET host/path` with its headers, and what the gateway answered. */
  asked: Asked[]
  /** Pages and answers of services, by `host/path`. All else goes to the gateway. */
  services: Map<string, string | ((request: IncomingMessage, response: ServerResponse) => void)>
  /** From now on the gateway is here. */
  forwardTo: (url: string) => void
  close: () => Promise<void>
}>

/** A key and a self-signed certificate for `*.localhost`, made for this run and thrown away at once. */
export const certificate = (): { key: string; cert: string } => {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const names = ['localhost', '*.localhost', '*.sso.localhost'].map((name) => `DNS:${name}`).join(',')
  const what = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '1',
  ]
  execFileSync(
    'openssl',
    [...what, '-subj', '/CN=localhost', '-addext', `subjectAltName=${names}`, '-keyout', key, '-out', cert],
    { stdio: 'pipe' },
  )
  const made = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  rmSync(folder, { recursive: true })
  return made
}

/** Opens a front on a free port, with TLS or without. */
export const openFront = async (secure: boolean): Promise<Front> => {
  const asked: Front['asked'] = []
  const services: Front['services'] = new Map()
  let gateway = ''

  const listener = (incoming: IncomingMessage, response: ServerResponse) => {
    const { headers, method, url = '/' } = incoming
    const place = (headers.host ?? '').replace(/:\d+$/, '') + url.replace(/\?.*/, '')
    const note: Asked = { what: `${method} ${place}`, headers }
    asked.push(note)
    const service = services.get(place)
    if (service === undefined)
      forward(gateway, incoming, response, {}, ({ statusCode, headers }) => {
        note.answer = { status: statusCode, headers }
      })
    else if (typeof service === 'function') service(incoming, response)
    else response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(service)
  }
  const server = secure ? createSecureServer(certificate(), listener) : createServer(listener)
  const { port, close } = await listening(server)
  return {
    port,
    asked,
    services,
    forwardTo: (url) => {
      gateway = url
    },
    close,
  }
}
