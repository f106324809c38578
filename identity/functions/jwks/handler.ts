import { ok } from '../../../lib/http/messages.ts'
import type { Handle } from '../../../lib/lambda/chain.ts'
import type { SigningKeys } from '../../signing-key.ts'

/** The longest life of a token of ours, seconds, as the documented key set states it. */
const maxTokenTTL = 604_800

/** `GET /v1/jwks`: the public keys. A cache may keep them for a minute, which is how often a gateway asks. */
export const jwks =
  ({ keys }: { keys: SigningKeys }): Handle =>
  async () => {
    const published = await keys.published()
    const answer = ok({
      keys: published.map(({ jwk }) => jwk),
      keysMeta: Object.fromEntries(published.map(({ jwk, at }) => [jwk.kid, { at }])),
      maxTokenTTL,
    })
    return { ...answer, headers: { ...answer.headers, 'cache-control': 'public, max-age=60' } }
  }
