import { type Answer, answer, type Incoming } from '../http/messages.ts'
import { inGrace, type State, stateAge } from './state.ts'

/** The answer of `/health`. It is public, so it names no versions, hosts or causes. */

const unhealthy = { inGrace: false, stateChecksum: 'No checksum string' }

/**
 * The health of a state. `application/health+json` (draft-inadarei-api-health-check-06) adds status and ages.
 */
export const healthAnswer = (request: Incoming, state: State | undefined, gracePeriod: number): Answer => {
  const { now } = request
  const alive = state !== undefined && stateAge(state, now) <= gracePeriod
  const grace = alive && inGrace(state, now)
  const documented = alive ? { inGrace: grace, stateChecksum: state.checksum } : unhealthy
  const status = alive ? 200 : 500
  if (!alive) request.facts.code = 'unhealthy'
  if (!/\bapplication\/health\+json\b/i.test(request.header('accept') ?? ''))
    return answer(status, 'application/json', JSON.stringify(documented))

  const ages = state === undefined ? {} : { stateAge: stateAge(state, now), gracePeriod }
  const extended = { status: alive ? (grace ? 'warn' : 'pass') : 'fail', ...documented, ...ages }
  return answer(status, 'application/health+json', JSON.stringify(extended))
}
