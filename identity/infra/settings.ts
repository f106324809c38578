import {
  formProblems,
  deploymentSettings as gateway,
  organisationsIn,
  pick,
  type Texts,
} from '../../infra/settings.ts'
import { ConfigError } from '../../lib/config.ts'
import { organisationsFrom } from '../organisations.ts'
import { readSettings, settings } from '../settings.ts'

/** What the stack is made from: the settings of the functions, and what only the deployment needs to know. */

/** A setting that the gateway has too means the same and has the same form. */
const deploymentSettings = {
  GATEWAY_TABLES: {
    pattern: /^[A-Za-z0-9_.-]{3,255}(,[A-Za-z0-9_.-]{3,255})*$/,
    form: 'has to list the names of DynamoDB tables, separated by commas',
  },
  GATEWAY_NAMESPACE: { pattern: /^[A-Za-z][A-Za-z0-9-]{0,127}$/, form: 'has to be the name of a stack' },
  IDENTITY_CERTIFICATE_ARN: gateway.DOMAIN_CERTIFICATE_ARN,
  IDENTITY_HOSTED_ZONE_ID: gateway.HOSTED_ZONE_ID,
  ALARM_EMAIL: gateway.ALARM_EMAIL,
  STAGE_NAME: gateway.STAGE_NAME,
} as const

/** A placeholder for the address of the API, which is not known yet. `.invalid` is reserved (RFC 2606). */
const ownAddress = 'https://own-address.execute-api.invalid'

/** Reads everything, or throws one `ConfigError` with all problems. */
export const readDeployment = (texts: Texts) => {
  const given = pick(settings, texts)
  const own = pick(deploymentSettings, texts)
  const { GATEWAY_TABLES: tables = '' } = own
  const problems = formProblems(deploymentSettings, own)
  if (tables === '')
    problems.push('GATEWAY_TABLES is missing. The table of the gateway, in which a provider ends sessions.')
  try {
    const read = readSettings({ IDENTITY_URL: ownAddress, ...given })
    const file = organisationsIn(read.organisationsFile)
    const { organisations, problems: ofProviders } = organisationsFrom(file.document, read.localProviders)
    const wrong = [...file.problems, ...ofProviders]
    if (organisations.size === 0 && wrong.length === 0) wrong.push('ORGANISATIONS names no provider.')
    if (problems.length + wrong.length > 0) throw new ConfigError(wrong)
    return {
      settings: read,
      /** The settings as they were given, for the functions, which check them again. */
      given,
      organisations: [...organisations.values()],
      gatewayTables: tables.split(','),
      /** The namespace of the gateway's metrics, for the funnel from end to end. */
      gatewayNamespace: own.GATEWAY_NAMESPACE ?? 'imsg-service',
      certificateArn: own.IDENTITY_CERTIFICATE_ARN,
      hostedZoneId: own.IDENTITY_HOSTED_ZONE_ID,
      alarmEmail: own.ALARM_EMAIL,
      stage: own.STAGE_NAME,
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError([...error.problems, ...problems])
  }
}

export type Deployment = Readonly<ReturnType<typeof readDeployment>>
