import { credentialsIn } from '../../lib/client-credentials.ts'
import { scheduled } from '../../lib/scheduled.ts'
import { stateKeeper } from '../../lib/state.ts'
import { type Surroundings, surroundings } from '../../lib/surroundings.ts'
import { upstreamOf } from '../../lib/upstream.ts'
import { refreshState } from './handler.ts'

export const wire = (on: Surroundings, env = process.env) => {
  const credentials = credentialsIn(env.CREDENTIALS_SECRET ?? '', env.AWS_ENDPOINT_URL_SECRETS_MANAGER)
  const upstream = upstreamOf(on.config, credentials, on.now)
  const keeper = stateKeeper(on.table)
  return scheduled('refresh-state', refreshState({ ...on, keeper, upstream }), on)
}

let started: ReturnType<typeof wire> | undefined

/** With bad settings each run fails, which the alarm on function errors tells; the error names the settings. */
export const handler: ReturnType<typeof wire> = (event, context) => {
  started ??= wire(surroundings(process.env))
  return started(event, context)
}
