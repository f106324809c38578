import { keysOf } from '../../clients.ts'
import { type Dependencies, endpoint, served } from '../../lambda.ts'
import type { SigningKeys } from '../../signing-key.ts'
import { jwks } from './handler.ts'

export const wire = (on: Dependencies & { keys: SigningKeys }) => endpoint('jwks', jwks(on), on)

export const handler = served(
  (on, env) => wire({ ...on, keys: keysOf(on.settings, env) }),
  import.meta.dirname,
)
