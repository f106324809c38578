import { ok } from '../../lib/http/messages.ts'
import type { Handle } from '../../lib/lambda/endpoint.ts'
import type { Access } from '../../lib/session/authenticate.ts'
import type { Units } from '../../lib/session/units.ts'

type Deps = { access: Pick<Access, 'session'>; units: Pick<Units, 'heldBy' | 'preferred'> }

/**
 * `GET /units`: list the units of this person, and the preferred one. `msg` is the documented text, which
 * existing clients expect.
 */
export const unitList =
  ({ access, units }: Deps): Handle =>
  async (request) => {
    const session = await access.session(request)

    const held = await units.heldBy(session)
    const preferred = units.preferred(session, held)

    const listed = held.map(({ name, displayName }) => ({ name, displayName, preferred: name === preferred }))
    return ok({ msg: 'Unit set', units: listed, preferred })
  }
