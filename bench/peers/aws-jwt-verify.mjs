import { JwtVerifier } from 'aws-jwt-verify'
import { claims, plain, tokenIn, world } from './common.mjs'

const verifier = JwtVerifier.create({
  issuer: claims.iss ?? null,
  audience: null,
  jwksUri: 'https://unused.example.test/jwks',
})
verifier.cacheJwks(world.jwks)
plain((headers) => {
  try {
    verifier.verifySync(tokenIn(headers))
    return [200, '{"msg":"ok"}']
  } catch {
    return [401, '"errors.auth.MissingToken"']
  }
})
