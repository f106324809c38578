import { readFileSync } from 'node:fs'
import { type Config, ConfigError, readConfig, type SettingName, settings, unchecked } from '../lib/config.ts'
import { isDomainName } from '../lib/domain-name.ts'
import { organisationsFileProblems } from '../lib/refresh/organisations-file.ts'
import { isPublicSuffix } from '../lib/refresh/public-suffix.ts'
import { isLoopback, isQuoted } from '../lib/setting-values.ts'
import { environmentProblem } from './environment.ts'
import { keysOf } from './keys-of.ts'
import { settingsExplained } from './settings-explained.ts'
import { siteOf } from './site.ts'
import { closestName } from './spelling.ts'

/** Texts by name, from the environment or the context of cdk.json. */
export type Texts = Readonly<Record<string, unknown>>

type DeploymentSetting = { what: string; pattern: RegExp; form: string }

/** Settings that only the deployment uses, one row each. */
export const deploymentSettings = {
  STAGE_NAME: {
    what: 'Name of this deployment: stack and metrics are then named `imsg-service-<name>`.',
    pattern: /^[a-z][a-z0-9-]{0,30}$/,
    form: 'has to be a short name of lower-case letters, digits and hyphens',
  },
  DOMAIN_CERTIFICATE_ARN: {
    what: 'Certificate (ACM, same region) for the host of PUBLIC_URL, which the API then serves itself.',
    pattern: /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[0-9a-f-]+$/,
    form: 'has to be the ARN of an ACM certificate',
  },
  HOSTED_ZONE_ID: {
    what: 'Route 53 zone in which to create the record for the host of PUBLIC_URL.',
    pattern: /^Z[A-Z0-9]{3,31}$/,
    form: 'has to be the id of a Route 53 hosted zone',
  },
  ALARM_EMAIL: {
    what: 'Mailbox that receives alarms. Without it, the alarm topic has no subscriber.',
    pattern: /^[^\s@,]+@[^\s@,]+\.[^\s@,]+$/,
    form: 'has to be one e-mail address',
  },
  EXISTING_TABLE: {
    what: 'Name of a table to use instead of a new one: restored from a backup, or kept from an earlier stack.',
    pattern: /^[A-Za-z0-9_.-]{3,255}$/,
    form: 'has to be the name of a DynamoDB table, not its ARN',
  },
} as const satisfies Record<string, DeploymentSetting>

/** The name of a setting that only the deployment uses. */
type DeploymentSettingName = keyof typeof deploymentSettings

type Given<Name extends string> = Readonly<Partial<Record<Name, string>>>

/** The input of the stack: parsed settings, and the texts that functions parse again. */
export type Deployment = Readonly<{
  config: Config
  given: Given<SettingName>
  stage: string | undefined
  certificateArn: string | undefined
  hostedZoneId: string | undefined
  alarmEmail: string | undefined
  /** The gateway's part of the organisations file, as JSON. */
  organisations: string | undefined
  existingTable: string | undefined
}>

/** A placeholder for the address of the API, which is not known yet. `.invalid` is reserved (RFC 2606). */
const ownAddress = 'https://own-address.execute-api.invalid'

/** The texts of these settings, trimmed and without empty ones. */
export const pick = <Name extends string>(rows: Record<Name, unknown>, texts: Texts): Given<Name> => {
  const given: { [N in Name]?: string } = {}
  for (const name of keysOf(rows)) {
    const text = String(texts[name] ?? '').trim()
    if (text !== '') given[name] = text
  }
  return given
}

/** Problems of settings whose form is a pattern. */
export const formProblems = <Name extends string>(
  rows: Readonly<Record<Name, Pick<DeploymentSetting, 'pattern' | 'form'>>>,
  own: Given<Name>,
): string[] =>
  keysOf(rows).flatMap((name) => {
    const text = own[name]
    if (text === undefined) return []
    if (isQuoted(text)) return [`${name} contains quotation marks: write the value without them.`]
    return rows[name].pattern.test(text) ? [] : [`${name} ${rows[name].form}.`]
  })

const deploymentProblems = (own: Given<DeploymentSettingName>, given: Given<SettingName>): string[] => {
  const { PUBLIC_URL: publicUrl } = given
  const tooLarge = environmentProblem(given)
  const problems: string[] = tooLarge === undefined ? [] : [tooLarge]
  for (const name of ['TOKEN_ISSUER', 'TOKEN_AUDIENCE'] as const) {
    const { [name]: text = '' } = given
    if (text !== 'unchecked' && closestName(text, ['unchecked']))
      problems.push(`${name} is nearly \`unchecked\`: write exactly that.`)
  }
  problems.push(...formProblems(deploymentSettings, own))
  if (given.COOKIE_DOMAIN && isDomainName(given.COOKIE_DOMAIN) && isPublicSuffix(given.COOKIE_DOMAIN))
    problems.push('COOKIE_DOMAIN is a public suffix, which browsers refuse: name a domain of your own.')
  if (own.DOMAIN_CERTIFICATE_ARN && !publicUrl)
    problems.push('PUBLIC_URL is missing: DOMAIN_CERTIFICATE_ARN is the certificate of its host.')
  if (own.DOMAIN_CERTIFICATE_ARN && publicUrl && URL.canParse(publicUrl) && new URL(publicUrl).port)
    problems.push('PUBLIC_URL names a port, which the API cannot serve. Leave the port out.')
  if (own.HOSTED_ZONE_ID && !own.DOMAIN_CERTIFICATE_ARN)
    problems.push(
      'DOMAIN_CERTIFICATE_ARN is missing: HOSTED_ZONE_ID points a host at the API, which needs its certificate.',
    )
  return problems
}

/** How to correct settings. */
export const advice = [
  'Set them as environment variables, under the same names in the context of cdk.json, or in a file that --settings names.',
  'infra/example.env is an example of a good set; `npm run doctor -- --settings <file>` checks yours.',
].join('\n')

/**
 * Warnings about allowed origins of another site, to which browsers send no cookies: RFC 6265bis section 5.2.
 */
const crossSite = ({
  config: { publicUrl, corsOrigins },
  given,
}: Pick<Deployment, 'config' | 'given'>): string[] => {
  const address = given.PUBLIC_URL ? 'PUBLIC_URL' : 'the address of the API, as PUBLIC_URL is not set'
  return corsOrigins.flatMap((origin, index) =>
    siteOf(origin) === siteOf(publicUrl)
      ? []
      : [
          `CORS_ALLOWED_ORIGINS entry ${index + 1} is not of the same site as ${address}: browsers send no session cookie from there.`,
        ],
  )
}

/** Warnings about valid settings that give up a protection or have no effect. Shown by synth and doctor. */
export const weakenings = ({ config, given, certificateArn, alarmEmail }: Deployment): string[] => [
  ...(given.PUBLIC_URL && !certificateArn && !isLoopback(new URL(config.publicUrl).hostname)
    ? ['DOMAIN_CERTIFICATE_ARN is missing: something else has to serve the host of PUBLIC_URL.']
    : []),
  ...crossSite({ config, given }),
  ...(alarmEmail === undefined ? ['ALARM_EMAIL is missing: nobody receives alarms.'] : []),
  ...(config.loginBinding
    ? []
    : ['LOGIN_BINDING is off: a link can sign people in under somebody else’s name.']),
  ...(config.sessionSeal
    ? []
    : ['SESSION_SEAL is off: a sibling host can replace the session cookie with its own.']),
  ...(config.emptyCredentials
    ? ['AWS_USE_EMPTY_CREDENTIALS is on: functions use placeholder credentials, which AWS refuses.']
    : []),
  ...(config.loopback ? ['PUBLIC_URL is this machine: cookies are set without Secure.'] : []),
  ...(config.issuer === unchecked
    ? ['TOKEN_ISSUER is unchecked: tokens of every issuer with a known key are accepted.']
    : []),
  ...(config.audience === unchecked
    ? ['TOKEN_AUDIENCE is unchecked: tokens for other services are accepted.']
    : []),
]

/** The given settings, trimmed and without empty ones. */
export const givenSettings = (texts: Texts): Given<SettingName> & Given<DeploymentSettingName> => ({
  ...pick(settings, texts),
  ...pick(deploymentSettings, texts),
})

/** The name of the organisations file in the asset of refresh-state. */
export const organisationsName = 'organisations.json'

/** The document in an organisations file, and the problems of the parts that the gateway reads. */
export const organisationsIn = (file: string): { document?: unknown; problems: readonly string[] } => {
  try {
    const document: unknown = JSON.parse(readFileSync(file, 'utf8'))
    const problems = organisationsFileProblems(document, isPublicSuffix)
    return { document, problems: problems.map((problem) => `ORGANISATIONS: ${problem}.`) }
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'is not JSON' : 'names a file that cannot be read'
    return { problems: [`ORGANISATIONS ${reason}.`] }
  }
}

/** A document as JSON, without the parts of the identity service. */
const gatewayPart = (document: unknown): string | undefined =>
  JSON.stringify(document, (key, value) => (key === 'provider' ? undefined : value))

/** Reads something, and adds these problems to those of a `ConfigError`. Throws if there are any. */
export const withProblems = <T>(problems: readonly string[], read: () => T): T => {
  try {
    const value = read()
    if (problems.length > 0) throw new ConfigError([])
    return value
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError([...problems, ...error.problems])
  }
}

/** Parses all settings of functions and deployment, or throws one `ConfigError` with every problem. */
export const readDeployment = (texts: Texts): Deployment => {
  const given = pick(settings, texts)
  const own = pick(deploymentSettings, texts)
  const { ORGANISATIONS: file } = given
  const { document, problems: wrong } = file === undefined ? { problems: [] } : organisationsIn(file)
  const organisations = gatewayPart(document)
  const config = withProblems([...deploymentProblems(own, given), ...wrong], () =>
    readConfig({ PUBLIC_URL: ownAddress, ...given }, settingsExplained),
  )
  return {
    config,
    given: { ...given, ...(organisations === undefined ? {} : { ORGANISATIONS: organisationsName }) },
    stage: own.STAGE_NAME,
    certificateArn: own.DOMAIN_CERTIFICATE_ARN,
    hostedZoneId: own.HOSTED_ZONE_ID,
    alarmEmail: own.ALARM_EMAIL,
    organisations,
    existingTable: own.EXISTING_TABLE,
  }
}
