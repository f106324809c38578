import { ConfigError, settings as gateway, type Level, type Origin, parseSettings } from '../lib/config.ts'
import { InvalidValue, isLoopback } from '../lib/setting-values.ts'

/**
 * The settings of this service: environment in, `Settings` out, or one error that names every problem and no
 * value.
 */

type Environment = Readonly<Record<string, string | undefined>>

const date = /^\d{4}-\d{2}-\d{2}$/

/** A signing key: the day it was made, which is its name, and its id at KMS. */
export type KeyName = Readonly<{ made: string; id: string }>

const keys = (text: string): readonly KeyName[] => {
  const named = text
    .split(',')
    .filter(Boolean)
    .map((part) => {
      const [made = '', ...id] = part.trim().split('=')
      return { made, id: id.join('=') }
    })
  const days = named.map(({ made }) => made)
  if (named.length === 0 || !days.every((day) => date.test(day) && !Number.isNaN(Date.parse(day))))
    throw new InvalidValue(
      'has to list keys by the day they were made, such as 2026-11-27, the one that signs first',
    )
  if (new Set(days).size < days.length) throw new InvalidValue('names a key twice')
  return named
}

type Setting = Readonly<{
  parse: (text: string) => unknown
  default?: string
  required?: true
  what: string
}>

/** One row per setting. A setting that the gateway has too means the same and uses the same parser. */
export const settings = {
  IDENTITY_URL: {
    parse: gateway.PUBLIC_URL.parse,
    required: true,
    what: 'Public address of this service: the issuer of its tokens, and IMAS_URL of the gateway.',
  },
  PUBLIC_URL: {
    parse: gateway.PUBLIC_URL.parse,
    required: true,
    what: 'Public address of the gateway: the audience of the tokens.',
  },
  GATEWAYS: {
    parse: gateway.ALLOWED_CALLBACK_ORIGINS.parse,
    default: '',
    what: 'Further gateways of your own that use this service. Each can replay the tokens of the others.',
  },
  ALLOWED_CALLBACK_ORIGINS: {
    parse: gateway.ALLOWED_CALLBACK_ORIGINS.parse,
    default: '',
    what: 'Exact origins to which a logout may return, beside the return domains of an organisation.',
  },
  ORGANISATIONS: {
    parse: (text: string) => text,
    required: true,
    what: 'Path of the file of organisations and their providers.',
  },
  SIGNING_KEYS: {
    parse: keys,
    required: true,
    what: 'Signing keys, each named by the day it was made; the first signs, all are published.',
  },
  SITE_NAME: { parse: gateway.SITE_NAME.parse, what: 'Name on pages.' },
  ERRORS_URL: { parse: gateway.ERRORS_URL.parse, what: 'Page that explains every code.' },
  LOG_LEVEL: { parse: gateway.LOG_LEVEL.parse, default: 'info', what: 'Least level of log lines.' },
} as const satisfies Record<string, Setting>

export type SettingName = keyof typeof settings

export type Settings = Readonly<{
  url: Origin
  /** Plain http on this machine: no `Secure`, no cookie prefixes. */
  loopback: boolean
  /** On this machine, over https too: providers on loopback are allowed. */
  localProviders: boolean
  /** The gateway's own address first. */
  gateways: readonly Origin[]
  callbackOrigins: readonly Origin[]
  organisationsFile: string
  /** The first signs, all are published. */
  signingKeys: readonly KeyName[]
  siteName: string | undefined
  errorsUrl: string | undefined
  logLevel: Level
}>

type Values = { [Name in SettingName]: ReturnType<(typeof settings)[Name]['parse']> | undefined }

const explained = Object.fromEntries(Object.entries(settings).map(([name, { what }]) => [name, what]))

/** Reads every setting, or throws one `ConfigError` with all problems. */
export const readSettings = (env: Environment): Settings => {
  const problems: string[] = []
  const read = parseSettings(settings, env, explained, problems) as Values
  const { IDENTITY_URL, PUBLIC_URL, ORGANISATIONS, SIGNING_KEYS, LOG_LEVEL } = read
  if (IDENTITY_URL !== undefined && IDENTITY_URL === PUBLIC_URL)
    problems.push('IDENTITY_URL is the gateway itself: this service needs a host of its own.')
  if (problems.length > 0 || !IDENTITY_URL || !PUBLIC_URL || !ORGANISATIONS || !SIGNING_KEYS || !LOG_LEVEL)
    throw new ConfigError(problems)
  return {
    url: IDENTITY_URL,
    loopback: IDENTITY_URL.startsWith('http:'),
    localProviders: isLoopback(new URL(IDENTITY_URL).hostname),
    gateways: [...new Set([PUBLIC_URL, ...(read.GATEWAYS ?? [])])],
    callbackOrigins: read.ALLOWED_CALLBACK_ORIGINS ?? [],
    organisationsFile: ORGANISATIONS,
    signingKeys: SIGNING_KEYS,
    siteName: read.SITE_NAME,
    errorsUrl: read.ERRORS_URL,
    logLevel: LOG_LEVEL,
  }
}
