import { createServer } from 'node:http'

// Common to all peers: each receives the token and the keys, listens on a free port, and reports its cost.

const given = () => new Promise((resolve) => process.once('message', resolve))

/** The world of the benchmark, received as the first message. */
export const world = await given()

const [header] = world.token.split('.')
export const { kid, alg } = JSON.parse(Buffer.from(header, 'base64url').toString())
export const jwk = world.jwks.keys.find((key) => key.kid === kid)
export const claims = JSON.parse(Buffer.from(world.token.split('.')[1], 'base64url').toString())

/** Reports the port of this peer, and on each later message its processor time in microseconds. */
export const ready = (port, cookie = `imidToken=${world.token}`) => {
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send({ cpu: user + system })
  })
  process.once('disconnect', () => process.exit())
  process.send({ port, cookie })
}

/** A plain server around a function from cookie header to [status, body]. */
export const plain = (answer) => {
  const server = createServer(async (request, response) => {
    const [status, body] = await answer(request.headers)
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(body)
  })
  server.listen(0, '127.0.0.1', () => ready(server.address().port))
}

export const tokenIn = ({ cookie = '' }) => /(?:^|; )imidToken=([^;]+)/.exec(cookie)?.[1] ?? ''
