import { standingKeys } from '../../lib/sessions.ts'
import { surroundings } from '../../lib/surroundings.ts'
import { unverifiedToken } from '../../lib/token.ts'
import { plain, world } from './common.mjs'

// What any handler pays that asks the database: the gateway's read, through the gateway's client, and nothing else.
Object.assign(process.env, world.environment)
const { table } = surroundings(world.environment)
const keys = standingKeys(unverifiedToken(world.token).unverifiedClaims)
plain(async () => {
  await table.read(keys)
  return [200, '{"msg":"ok"}']
})
