import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** Key and certificate as PEM. */
export type Tls = Readonly<{ key: string; cert: string }>

/** A server on loopback. */
export type Listening = Readonly<{ port: number; close: () => Promise<void> }>

/** Holds requests until a handler is set, because ports have to be known before everything else. */
export const deferredListener = () => {
  const { promise, resolve } = Promise.withResolvers<RequestListener>()
  const listener: RequestListener = async (request, response) => (await promise)(request, response)
  return { listener, open: resolve }
}

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined

/** Whether an error says that a port is in use. */
export const isTaken = (error: unknown): boolean => codeOf(error) === 'EADDRINUSE'

/** Whether an error says that a port needs more rights. */
export const isForbidden = (error: unknown): boolean => codeOf(error) === 'EACCES'

const serverFor = (listener: RequestListener, tls: Tls | undefined): Server => {
  // Higher than the limit of the local gateway, which answers as API Gateway does.
  const options = { maxHeaderSize: 65_536, keepAliveTimeout: 60_000 }
  return tls ? createSecureServer({ ...options, ...tls }, listener) : createServer(options, listener)
}

const bind = (server: Server, host: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })

const closing = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

/** Browsers may resolve `localhost` to either address, and a machine may have only one. */
const absent = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']

/** Listens on 127.0.0.1 and, with IPv6, on the same port of ::1. Port 0 takes a free one. */
export const listenOnLoopback = async (
  listener: RequestListener,
  port: number,
  tls?: Tls,
): Promise<Listening> => {
  const four = serverFor(listener, tls)
  const six = serverFor(listener, tls)
  const chosen = await bind(four, '127.0.0.1', port)
  try {
    await bind(six, '::1', chosen)
  } catch (error) {
    if (!absent.includes(String(codeOf(error)))) {
      await closing(four)
      if (port === 0 && isTaken(error)) return listenOnLoopback(listener, port, tls)
      throw error
    }
  }
  return {
    port: chosen,
    close: async () => {
      await Promise.all([four, six].filter(({ listening }) => listening).map(closing))
    },
  }
}
