import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Dependencies, dependencies } from '../../lib/lambda/dependencies.ts'
import { credentialsIn } from '../../lib/refresh/client-credentials.ts'
import { publicHealth } from '../../lib/refresh/public-health.ts'
import { scheduled } from '../../lib/refresh/scheduled.ts'
import { stateWriter } from '../../lib/refresh/state-writer.ts'
import { upstreamOf } from '../../lib/refresh/upstream.ts'
import { type RefreshEvent, refreshState } from './handler.ts'

/** Wires the refresh. `env` names the secret and, locally, its endpoint. */
export const wire = (on: Dependencies, env = process.env) => {
  const credentials = credentialsIn(env.CREDENTIALS_SECRET ?? '', env.AWS_ENDPOINT_URL_SECRETS_MANAGER)
  const upstream = upstreamOf(on.config, credentials, on.now)
  const writer = stateWriter(on.table)
  const { organisationsFile: file } = on.config
  // The stack puts the file next to the bundle, under this name.
  const readOrganisations =
    file === undefined
      ? undefined
      : () => JSON.parse(readFileSync(resolve(import.meta.dirname, file), 'utf8'))
  // A request waits for a forced run, so it skips the health check.
  const checkHealth = async ({ forced }: RefreshEvent) => (forced ? undefined : publicHealth(on.config))
  const run = refreshState({ ...on, writer, upstream, readOrganisations })
  return scheduled(run, on, checkHealth)
}

let started: ReturnType<typeof wire> | undefined

/** The handler that Lambda calls. With invalid settings each run throws an error that names them. */
export const handler: ReturnType<typeof wire> = (event, context) => {
  started ??= wire(dependencies(process.env))
  return started(event, context)
}
