import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { nearMisses, settingNames, settingsFile } from '../infra/settings-source.ts'
import { type SettingName, settings } from '../lib/config.ts'
import type { Credentials } from './aws.ts'
import type { Log } from './functions.ts'
import type { Certificate } from './https.ts'

/** Thrown when the stack cannot start. The message is shown without a stack trace. */
export class CannotStart extends Error {}

type Environment = Readonly<Record<string, string | undefined>>

/** Variables that only `npm start` reads. The environment overrides those of a settings file. */
const startNames = [
  'PORT',
  'IDP_PORT',
  'PROVIDER_PORT',
  'REFRESH_EVERY',
  'DATA_DIR',
  'NO_WATCH',
  'LOG_FORMAT',
  'CLIENT_ID',
  'CLIENT_SECRET',
  'AWS_ENDPOINT_URL_DYNAMODB',
] as const

/** The arguments after `npm start --`. */
export const argumentsFrom = (args: string[]): { provider: boolean; https: boolean; settings?: string } => {
  try {
    const off = { type: 'boolean', default: false } as const
    const options = { provider: off, https: off, settings: { type: 'string' } } as const
    return parseArgs({ args, options }).values
  } catch {
    throw new CannotStart(
      `npm start does not understand ${args.join(' ')}. It takes --provider, --https and --settings <file>.`,
    )
  }
}

/** The environment, or instead the settings of a file, with a warning about each misspelt name. */
export const environmentFrom = (
  environment: Environment,
  file: string | undefined,
): { env: Environment; warnings: string[] } => {
  const known = [...settingNames, ...startNames]
  const warnings = nearMisses(environment, known)
  if (file === undefined) return { env: environment, warnings }
  const { texts, problems } = settingsFile(file, known)
  if (problems.length > 0) throw new CannotStart(problems.join('\n'))
  const own = startNames.flatMap((name) => (environment[name] ? [[name, environment[name]]] : []))
  return { env: { ...texts, ...Object.fromEntries(own) }, warnings }
}

/** Options of a local stack. A port of 0 takes a free one. */
export type Options = Readonly<{
  port?: number
  idpPort?: number
  /**
   * Settings of the gateway, and CLIENT_ID, CLIENT_SECRET, AWS_ENDPOINT_URL_DYNAMODB. Nothing else is read.
   */
  env?: Environment
  /** A folder for the data. Without one, they are only in memory. */
  dataDir?: string | undefined
  watch?: boolean
  /** Serves gateway and identity services over https below one domain. */
  certificate?: Certificate | undefined
  /** Seconds between two runs of scheduled functions; 0: once, at the start. */
  refreshEvery?: number
  log?: Log
  signal?: AbortSignal
}>

const whole = (env: Environment, name: string, otherwise: number, max: number): number => {
  const text = env[name] || String(otherwise)
  if (/^\d{1,6}$/.test(text) && Number(text) <= max) return Number(text)
  throw new CannotStart(`${name} has to be a whole number between 0 and ${max}.`)
}

/** The options in the environment. */
export const optionsFrom = (env: Environment, { DATA_DIR, NO_WATCH } = env): Options => ({
  port: whole(env, 'PORT', 3000, 65_535),
  idpPort: whole(env, 'IDP_PORT', 4000, 65_535),
  refreshEvery: whole(env, 'REFRESH_EVERY', 10, 86_400),
  dataDir: DATA_DIR || undefined,
  watch: !NO_WATCH,
  env,
})

/** The port of the provider that `npm start -- --provider` starts. */
export const providerPortFrom = (env: Environment): number => whole(env, 'PROVIDER_PORT', 4100, 65_535)

/** The gateway's settings as text, by name. */
export type Texts = Readonly<Partial<Record<SettingName, string>>>

/** Whether an identity service is given, so that the stand-in is not needed. */
export const hasIdentity = ({ IMAS_URL }: Environment): boolean => Boolean(IMAS_URL)

/** Defaults of a local stack. A setting that is given empty has no default. */
const defaults = (url: string, identityUrl: string | undefined): Texts => ({
  PUBLIC_URL: url,
  TOKEN_ISSUER: 'unchecked',
  TOKEN_AUDIENCE: 'unchecked',
  ...(identityUrl && { IMAS_URL: identityUrl, ADMIN_API_URL: identityUrl, ACCESS_TOKEN_URL: identityUrl }),
})

/** The settings with which the stack is synthesised. */
export const textsFrom = (env: Environment, url: string, identityUrl: string | undefined): Texts => {
  const texts: Partial<Record<SettingName, string>> = defaults(url, identityUrl)
  for (const name of Object.keys(settings) as SettingName[]) {
    const text = env[name]
    if (text) texts[name] = text
    else if (text === '') delete texts[name]
  }
  return texts
}

/** Credentials for the Access Token service: those given, or random ones for the stand-in. */
export const credentialsFrom = (env: Environment): Credentials => {
  const { CLIENT_ID, CLIENT_SECRET, ACCESS_TOKEN_URL } = env
  if (ACCESS_TOKEN_URL && !(CLIENT_ID && CLIENT_SECRET))
    throw new CannotStart('CLIENT_ID and CLIENT_SECRET are missing: ACCESS_TOKEN_URL needs them.')
  return { clientId: CLIENT_ID || 'imsg-service', clientSecret: CLIENT_SECRET || randomUUID() }
}
