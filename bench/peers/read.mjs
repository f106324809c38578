import { dependencies } from '../../lib/lambda/dependencies.ts'
import { revocationKeys } from '../../lib/session/revocation.ts'
import { unverifiedToken } from '../../lib/session/token.ts'
import { plain, world } from './common.mjs'

// Only the gateway's read, through the gateway's client.
Object.assign(process.env, world.environment)
const { table } = dependencies(world.environment)
const keys = Object.values(revocationKeys(unverifiedToken(world.token).unverifiedClaims))
plain(async () => {
  await table.read(keys)
  return [200, '{"msg":"ok"}']
})
