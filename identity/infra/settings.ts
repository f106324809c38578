import { readFileSync } from 'node:fs'
import { ConfigError } from '../../lib/config.ts'
import { type Organisation, organisationsFrom } from '../organisations.ts'
import { readSettings, type Settings, settings } from '../settings.ts'

/** What the stack is made from: the settings of the functions, and what only the deployment needs to know. */

type Texts = Readonly<Record<string, string | undefined>>

const deploymentSettings = {
  GATEWAY_TABLES: /^[A-Za-z0-9_.-]{3,255}(,[A-Za-z0-9_.-]{3,255})*$/,
  GATEWAY_NAMESPACE: /^[A-Za-z][A-Za-z0-9-]{0,127}$/,
  IDENTITY_CERTIFICATE_ARN: /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[0-9a-f-]+$/,
  IDENTITY_HOSTED_ZONE_ID: /^Z[A-Z0-9]{3,31}$/,
  ALARM_EMAIL: /^[^\s@,]+@[^\s@,]+\.[^\s@,]+$/,
  STAGE_NAME: /^[a-z][a-z0-9-]{0,30}$/,
} as const

export type Deployment = Readonly<{
  settings: Settings
  /** The settings as they were given, for the functions, which judge them again. */
  given: Readonly<Record<string, string>>
  organisations: readonly Organisation[]
  gatewayTables: readonly string[]
  /** The namespace of the gateway's metrics, for the funnel from end to end. */
  gatewayNamespace: string
  certificateArn: string | undefined
  hostedZoneId: string | undefined
  alarmEmail: string | undefined
  stage: string | undefined
}>

/** Stands for the address of the API while that is not known. `.invalid` belongs to nobody (RFC 2606). */
const ownAddress = 'https://own-address.execute-api.invalid'

const fileProblems = (file: string, loopback: boolean) => {
  try {
    return organisationsFrom(JSON.parse(readFileSync(file, 'utf8')), loopback)
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'is not JSON' : 'names a file that cannot be read'
    return { organisations: new Map<string, Organisation>(), problems: [`ORGANISATIONS ${reason}.`] }
  }
}

/** Reads everything, or throws one `ConfigError` with all problems. */
export const readDeployment = (env: Texts): Deployment => {
  const text = (name: string) => env[name]?.trim() || undefined
  const problems = Object.entries(deploymentSettings).flatMap(([name, form]) =>
    text(name) === undefined || form.test(text(name) ?? '')
      ? []
      : [`${name} is not of the form ${form.source}.`],
  )
  if (text('GATEWAY_TABLES') === undefined)
    problems.push('GATEWAY_TABLES is missing. The table of the gateway, in which a provider ends sessions.')
  const given = Object.fromEntries(
    Object.keys(settings).flatMap((name) => {
      const value = text(name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
  try {
    const read = readSettings({ IDENTITY_URL: ownAddress, ...given })
    const { organisations, problems: wrong } = fileProblems(read.organisationsFile, read.localProviders)
    const none = organisations.size === 0 && wrong.length === 0 ? ['ORGANISATIONS names no provider.'] : []
    if (problems.length + wrong.length + none.length > 0) throw new ConfigError([...wrong, ...none])
    return {
      settings: read,
      given,
      organisations: [...organisations.values()],
      gatewayTables: (text('GATEWAY_TABLES') ?? '').split(','),
      gatewayNamespace: text('GATEWAY_NAMESPACE') ?? 'imsg-service',
      certificateArn: text('IDENTITY_CERTIFICATE_ARN'),
      hostedZoneId: text('IDENTITY_HOSTED_ZONE_ID'),
      alarmEmail: text('ALARM_EMAIL'),
      stage: text('STAGE_NAME'),
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError([...error.problems, ...problems])
  }
}
