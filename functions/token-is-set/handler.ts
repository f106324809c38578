import { ok } from '../../lib/http/messages.ts'
import type { Handle } from '../../lib/lambda/endpoint.ts'
import type { Access } from '../../lib/session/authenticate.ts'

/** `GET /token-is-set`: check the session. Every open editor polls this every few seconds. */
export const tokenIsSet =
  ({ access }: { access: Pick<Access, 'session'> }): Handle =>
  async (request) => {
    await access.session(request)
    return ok({ msg: 'ok' })
  }
