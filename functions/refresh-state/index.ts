import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Dependencies, dependencies } from '../../lib/lambda/dependencies.ts'
import { credentialsIn } from '../../lib/refresh/client-credentials.ts'
import { publicHealth } from '../../lib/refresh/public-health.ts'
import { scheduled } from '../../lib/refresh/scheduled.ts'
import { stateWriter } from '../../lib/refresh/state-writer.ts'
import { upstreamOf } from '../../lib/refresh/upstream.ts'
import { type RefreshEvent, refreshState } from './handler.ts'

export const wire = (on: Dependencies, env = process.env) => {
  const credentials = credentialsIn(env.CREDENTIALS_SECRET ?? '', env.AWS_ENDPOINT_URL_SECRETS_MANAGER)
  const upstream = upstreamOf(on.config, credentials, on.now)
  const keeper = stateWriter(on.table)
  const { organisationsFile: file } = on.config
  // It is beside the bundle, under the name that the stack gave it.
  const readOrganisations =
    file === undefined
      ? undefined
      : () => JSON.parse(readFileSync(resolve(import.meta.dirname, file), 'utf8'))
  // A forced run answers somebody who waits.
  const checkHealth = async ({ forced }: RefreshEvent) => (forced ? undefined : publicHealth(on.config))
  const run = refreshState({ ...on, keeper, upstream, readOrganisations })
  return scheduled('refresh-state', run, on, checkHealth)
}

let started: ReturnType<typeof wire> | undefined

/**
 * With bad settings each run fails, which the alarm `refresh-not-running` tells; the error names the
 * settings.
 */
export const handler: ReturnType<typeof wire> = (event, context) => {
  started ??= wire(dependencies(process.env))
  return started(event, context)
}
