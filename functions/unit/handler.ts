import { ok } from '../../lib/http/messages.ts'
import type { Handle } from '../../lib/lambda/endpoint.ts'
import { Problem } from '../../lib/problem.ts'
import type { Access } from '../../lib/session/authenticate.ts'
import { type Units, unitChoice } from '../../lib/session/units.ts'

type Deps = { access: Pick<Access, 'session'>; units: Pick<Units, 'heldBy' | 'prefer'> }

/** `POST /unit`: store the preferred unit of this person. */
export const unit =
  ({ access, units }: Deps): Handle =>
  async (request) => {
    const session = await access.session(request)
    const choice = unitChoice(request.body)

    const held = await units.heldBy(session)
    if (choice !== null && !held.some(({ name }) => name === choice)) throw new Problem('unit_not_held')

    await units.prefer(session, choice, request.now)
    return ok({ msg: 'Unit set' })
  }
