import { ok } from '../../lib/http/messages.ts'
import type { Handle } from '../../lib/lambda/chain.ts'
import { keysOf } from '../aws-clients.ts'
import { type Dependencies, endpoint, served } from '../lambda.ts'
import { longestLifetime } from '../organisations.ts'
import type { SigningKeys } from '../sign-in/signing-key.ts'

/** `GET /v1/jwks`: the public keys. A cache may keep them for a minute, which is how often a gateway asks. */
const jwks =
  (signing: SigningKeys): Handle =>
  async () => {
    const published = await signing.published()
    const answer = ok({
      keys: published.map(({ jwk }) => jwk),
      keysMeta: Object.fromEntries(published.map(({ jwk, at }) => [jwk.kid, { at }])),
      maxTokenTTL: longestLifetime,
    })
    return { ...answer, headers: { ...answer.headers, 'cache-control': 'public, max-age=60' } }
  }

export const wire = (on: Dependencies & { keys: SigningKeys }) => endpoint('jwks', jwks(on.keys), on)

export const handler = served(
  (on, env) => wire({ ...on, keys: keysOf(on.settings, env) }),
  import.meta.dirname,
)
