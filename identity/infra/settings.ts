import { readFileSync } from 'node:fs'
import { deploymentSettings as gateway } from '../../infra/settings.ts'
import { ConfigError } from '../../lib/config.ts'
import { type Organisation, organisationsFrom } from '../organisations.ts'
import { readSettings, type Settings, settings } from '../settings.ts'

/** What the stack is made from: the settings of the functions, and what only the deployment needs to know. */

type Texts = Readonly<Record<string, string | undefined>>

const { DOMAIN_CERTIFICATE_ARN, HOSTED_ZONE_ID, ALARM_EMAIL, STAGE_NAME } = gateway

/** A setting that the gateway has too means the same and has the same form. */
const deploymentSettings = {
  GATEWAY_TABLES: {
    pattern: /^[A-Za-z0-9_.-]{3,255}(,[A-Za-z0-9_.-]{3,255})*$/,
    form: 'has to list the names of DynamoDB tables, separated by commas',
  },
  GATEWAY_NAMESPACE: { pattern: /^[A-Za-z][A-Za-z0-9-]{0,127}$/, form: 'has to be the name of a stack' },
  IDENTITY_CERTIFICATE_ARN: DOMAIN_CERTIFICATE_ARN,
  IDENTITY_HOSTED_ZONE_ID: HOSTED_ZONE_ID,
  ALARM_EMAIL,
  STAGE_NAME,
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
  const problems = Object.entries(deploymentSettings).flatMap(([name, { pattern, form }]) =>
    pattern.test(text(name) ?? '') || text(name) === undefined ? [] : [`${name} ${form}.`],
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
