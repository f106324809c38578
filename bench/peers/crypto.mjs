import { createPublicKey, verify } from 'node:crypto'
import { alg, jwk, plain, tokenIn } from './common.mjs'

// Verifies only the signature.
const key = createPublicKey({ key: jwk, format: 'jwk' })
plain((headers) => {
  const token = tokenIn(headers)
  const end = token.lastIndexOf('.')
  const good = verify(
    `sha${alg.slice(2)}`,
    Buffer.from(token.slice(0, end)),
    key,
    Buffer.from(token.slice(end + 1), 'base64url'),
  )
  return good ? [200, '{"msg":"ok"}'] : [401, '"errors.auth.MissingToken"']
})
