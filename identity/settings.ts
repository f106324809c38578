import { ConfigError, settings as gateway, parseSettings } from '../lib/config.ts'
import { InvalidValue, isLoopback, list } from '../lib/setting-values.ts'

/**
 * The settings of this service: environment in, `Settings` out, or one error that names every problem and no
 * value.
 */

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A signing key: the day it was made, which is its name, and its id at KMS. */
export type KeyName = Readonly<{ made: string; id: string }>

const key = (text: string): KeyName => {
  const [made = '', ...id] = text.split('=')
  if (!/^\d{4}-\d{2}-\d{2}$/.test(made) || Number.isNaN(Date.parse(made)))
    throw new InvalidValue('has to be the day on which a key was made, such as 2026-11-27')
  return { made, id: id.join('=') }
}

const keys = (text: string): readonly KeyName[] => {
  const named = list(key)(text)
  if (named.length === 0) throw new InvalidValue('has to name a key')
  if (new Set(named.map(({ made }) => made)).size < named.length) throw new InvalidValue('names a key twice')
  return named
}

/** One row per setting; identity/README.md describes them. The gateway's rows mean what they mean there. */
export const settings = {
  IDENTITY_URL: gateway.PUBLIC_URL,
  PUBLIC_URL: gateway.PUBLIC_URL,
  GATEWAYS: gateway.ALLOWED_CALLBACK_ORIGINS,
  ALLOWED_CALLBACK_ORIGINS: gateway.ALLOWED_CALLBACK_ORIGINS,
  ORGANISATIONS: { ...gateway.ORGANISATIONS, required: true },
  SIGNING_KEYS: { parse: keys, required: true },
  SITE_NAME: gateway.SITE_NAME,
  ERRORS_URL: gateway.ERRORS_URL,
  LOG_LEVEL: gateway.LOG_LEVEL,
} as const

/** What a problem says about a setting that is missing. */
const explained = {
  IDENTITY_URL: 'Public address of this service: the issuer of its tokens, and IMAS_URL of the gateway.',
  PUBLIC_URL: 'Public address of the gateway: the audience of the tokens.',
  ORGANISATIONS: 'Path of the file of organisations and their providers.',
  SIGNING_KEYS: 'Signing keys, each named by the day it was made; the first signs, all are published.',
}

type Values = { [Name in keyof typeof settings]: ReturnType<(typeof settings)[Name]['parse']> }

/** Reads every setting, or throws one `ConfigError` with all problems. */
export const readSettings = (env: Environment) => {
  const problems: string[] = []
  const read = parseSettings(settings, env, explained, problems) as Values
  if (read.IDENTITY_URL !== undefined && read.IDENTITY_URL === read.PUBLIC_URL)
    problems.push('IDENTITY_URL is the gateway itself: this service needs a host of its own.')
  if (problems.length > 0) throw new ConfigError(problems)
  return {
    url: read.IDENTITY_URL,
    /** Plain http on this machine: no `Secure`, no cookie prefixes. */
    loopback: read.IDENTITY_URL.startsWith('http:'),
    /** On this machine, over https too: providers on loopback are allowed. */
    localProviders: isLoopback(new URL(read.IDENTITY_URL).hostname),
    /** The gateway's own address first. */
    gateways: [...new Set([read.PUBLIC_URL, ...read.GATEWAYS])],
    callbackOrigins: read.ALLOWED_CALLBACK_ORIGINS,
    organisationsFile: read.ORGANISATIONS,
    /** The first signs, all are published. */
    signingKeys: read.SIGNING_KEYS,
    siteName: read.SITE_NAME,
    errorsUrl: read.ERRORS_URL,
    logLevel: read.LOG_LEVEL,
  }
}

export type Settings = Readonly<ReturnType<typeof readSettings>>
