import { createPublicKey } from 'node:crypto'
import Hapi from '@hapi/hapi'
import Jwt from '@hapi/jwt'
import { alg, jwk, kid, ready } from './common.mjs'

const server = Hapi.server({ host: '127.0.0.1', port: 0, state: { strictHeader: false } })
await server.register(Jwt)
server.auth.strategy('session', 'jwt', {
  keys: {
    key: createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }),
    algorithms: [alg],
    kid,
  },
  cookieName: 'imidToken',
  verify: { aud: false, iss: false, sub: false, nbf: true, exp: true },
  validate: () => ({ isValid: true }),
})
server.route({
  method: 'GET',
  path: '/token-is-set',
  options: { auth: 'session' },
  handler: () => ({ msg: 'ok' }),
})
await server.start()
ready(server.info.port)
