import { misplaced } from './misplaced.ts'
import {
  address,
  checked,
  domain,
  fileName,
  flag,
  headerName,
  InvalidValue,
  imasAddress,
  isQuoted,
  list,
  loginPath,
  type Origin,
  oneOf,
  origin,
  seconds,
  siteName,
  tokenName,
  type Unchecked,
} from './setting-values.ts'

export { type Origin, unchecked } from './setting-values.ts'

/** Parses all settings from the environment. Errors name settings, never their values. */

/** Log levels in order of severity, lowest first. */
export const levels = ['debug', 'info', 'warn', 'error'] as const
/** A log level. */
export type Level = (typeof levels)[number]

type Environment = Readonly<Record<string, string | undefined>>

type Setting<T> = { parse: (text: string) => T; default?: string; required?: true }

const setting = <T>(row: Setting<T>): Setting<T> => row

/** One row for each setting. `infra/settings-explained.ts` describes them. */
export const settings = {
  PUBLIC_URL: setting({ parse: origin, required: true }),
  IMAS_URL: setting({ parse: imasAddress, required: true }),
  IMAS_LOGIN_PATH: setting({ parse: loginPath, default: '/v1/org/{org}/login' }),
  IMAS_LOGOUT_PATH: setting({ parse: loginPath }),
  ADMIN_API_URL: setting({ parse: address }),
  ORGANISATIONS: setting({ parse: fileName }),
  ACCESS_TOKEN_URL: setting({ parse: address }),
  COOKIE_NAME: setting({ parse: tokenName, default: 'imidToken' }),
  COOKIE_DOMAIN: setting({ parse: domain }),
  ALLOWED_CALLBACK_ORIGINS: setting({ parse: list(origin), default: '' }),
  CORS_ALLOWED_ORIGINS: setting({ parse: list(origin), default: '' }),
  CORS_ALLOWED_ADDITIONAL_HEADERS: setting({ parse: list(headerName), default: '' }),
  INCLUDE_IMID_TOKEN_IN_REQUEST: setting({ parse: flag, default: 'false' }),
  STRICT_COOKIE_MODE: setting({ parse: flag, default: 'false' }),
  AWS_USE_EMPTY_CREDENTIALS: setting({ parse: flag, default: 'false' }),
  TOKEN_ISSUER: setting({ parse: checked, required: true }),
  TOKEN_AUDIENCE: setting({ parse: checked, required: true }),
  MAX_TOKEN_AGE: setting({ parse: seconds(60, 34_560_000), default: '604800' }),
  LOGIN_MAX_TOKEN_AGE: setting({ parse: seconds(10, 34_560_000) }),
  GRACE_PERIOD: setting({ parse: seconds(180, 604_800), default: '3600' }),
  LOGIN_BINDING: setting({ parse: oneOf('on', 'off'), default: 'on' }),
  SESSION_SEAL: setting({ parse: oneOf('on', 'off'), default: 'on' }),
  SITE_NAME: setting({ parse: siteName }),
  ERRORS_URL: setting({ parse: address }),
  LOG_LEVEL: setting({ parse: oneOf(...levels), default: 'info' }),
} as const

/** The name of an environment variable that is a setting. */
export type SettingName = keyof typeof settings

/** Descriptions of settings by name. */
type Explained = Readonly<Record<string, string>>

/** Request headers that CORS always allows. */
export const corsHeaders = ['Accept', 'Authorization', 'Content-Type', 'If-None-Match'] as const

/** All problems of a configuration. They name settings and never quote a value. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(
      `${problems.length} setting(s) to correct:\n${problems.map((problem) => `- ${problem}`).join('\n')}`,
    )
    this.name = 'ConfigError'
    this.problems = problems
  }
}

type Values = { [Name in SettingName]: ReturnType<(typeof settings)[Name]['parse']> | undefined }

/** Parses the settings of a table. Adds to `problems` what is missing or wrong, by name. */
export const parseSettings = (
  rows: Readonly<Record<string, Setting<unknown>>>,
  env: Environment,
  explained: Readonly<Partial<Record<string, string>>>,
  problems: string[],
): Readonly<Record<string, unknown>> => {
  const values: Record<string, unknown> = {}
  for (const [name, row] of Object.entries(rows)) {
    const text = env[name]?.trim() || row.default
    if (text === undefined) {
      if (row.required) problems.push(`${name} is missing. ${explained[name] ?? ''}`.trim())
      continue
    }
    if (isQuoted(text)) {
      problems.push(`${name} contains quotation marks: write the value without them.`)
      continue
    }
    try {
      values[name] = row.parse(text)
    } catch (error) {
      if (!(error instanceof InvalidValue)) throw error
      problems.push(`${name} ${error.message}.`)
    }
  }
  return values
}

/** Problems with settings that contradict each other. */
const contradictions = (values: Values): string[] => {
  const problems: string[] = []
  const { PUBLIC_URL, COOKIE_DOMAIN, COOKIE_NAME, ADMIN_API_URL, ACCESS_TOKEN_URL, ORGANISATIONS } = values
  if (COOKIE_DOMAIN !== undefined) {
    const host = PUBLIC_URL && new URL(PUBLIC_URL).hostname
    if (host && host !== COOKIE_DOMAIN && !host.endsWith(`.${COOKIE_DOMAIN}`))
      problems.push(
        'COOKIE_DOMAIN has to be the host of PUBLIC_URL or a parent of it, or browsers refuse the cookie.',
      )
    if (COOKIE_NAME?.toLowerCase().startsWith('__host-'))
      problems.push(
        'COOKIE_NAME begins with __Host-, which browsers refuse together with COOKIE_DOMAIN. Remove one of them.',
      )
  }
  if (ADMIN_API_URL && ORGANISATIONS)
    problems.push('ORGANISATIONS and ADMIN_API_URL both name a source of organisations. Remove one of them.')
  if (ADMIN_API_URL && !ACCESS_TOKEN_URL)
    problems.push('ACCESS_TOKEN_URL is missing: ADMIN_API_URL can only be read with a token from there.')
  return problems
}

/** The parsed settings. Times are in seconds. */
export type Config = Readonly<{
  publicUrl: Origin
  /** PUBLIC_URL is plain http on loopback: cookies have no `Secure` and no prefixes. */
  loopback: boolean
  imasUrl: string
  imasLoginPath: string
  /** Path of the logout at the identity service. */
  imasLogoutPath: string | undefined
  adminApiUrl: string | undefined
  /** The organisations file, which replaces the Admin API. */
  organisationsFile: string | undefined
  accessTokenUrl: string | undefined
  cookieName: string
  cookieDomain: string | undefined
  callbackOrigins: readonly Origin[]
  corsOrigins: readonly Origin[]
  corsHeaders: readonly string[]
  /** Whether `/authorize` gives the caller's token to a proxy. */
  includeToken: boolean
  strictCookies: boolean
  emptyCredentials: boolean
  issuer: string | Unchecked
  audience: string | Unchecked
  maxTokenAge: number
  /** Infinite when not set. */
  loginMaxTokenAge: number
  gracePeriod: number
  loginBinding: boolean
  sessionSeal: boolean
  /** Shown on pages beside the host. */
  siteName: string | undefined
  errorsUrl: string | undefined
  logLevel: Level
}>

/**
 * Parses all settings, or throws one `ConfigError` with every problem. Synth and doctor pass the
 * descriptions, which functions do not load.
 */
export const readConfig = (env: Environment, explained: Explained = {}): Config => {
  const problems: string[] = []
  const values = parseSettings(settings, env, explained, problems) as Values
  problems.push(...contradictions(values), ...misplaced(env))
  if (problems.length > 0) throw new ConfigError(problems)

  const set = values as { [Name in SettingName]: ReturnType<(typeof settings)[Name]['parse']> }
  return {
    publicUrl: set.PUBLIC_URL,
    loopback: set.PUBLIC_URL.startsWith('http:'),
    imasUrl: set.IMAS_URL,
    imasLoginPath: set.IMAS_LOGIN_PATH,
    imasLogoutPath: values.IMAS_LOGOUT_PATH,
    adminApiUrl: values.ADMIN_API_URL,
    organisationsFile: values.ORGANISATIONS,
    accessTokenUrl: values.ACCESS_TOKEN_URL,
    cookieName: set.COOKIE_NAME,
    cookieDomain: values.COOKIE_DOMAIN,
    callbackOrigins: set.ALLOWED_CALLBACK_ORIGINS,
    corsOrigins: set.CORS_ALLOWED_ORIGINS,
    corsHeaders: [...corsHeaders, ...set.CORS_ALLOWED_ADDITIONAL_HEADERS],
    includeToken: set.INCLUDE_IMID_TOKEN_IN_REQUEST,
    strictCookies: set.STRICT_COOKIE_MODE,
    emptyCredentials: set.AWS_USE_EMPTY_CREDENTIALS,
    issuer: set.TOKEN_ISSUER,
    audience: set.TOKEN_AUDIENCE,
    maxTokenAge: set.MAX_TOKEN_AGE,
    loginMaxTokenAge: values.LOGIN_MAX_TOKEN_AGE ?? Number.POSITIVE_INFINITY,
    gracePeriod: set.GRACE_PERIOD,
    loginBinding: set.LOGIN_BINDING === 'on',
    sessionSeal: set.SESSION_SEAL === 'on',
    siteName: values.SITE_NAME,
    errorsUrl: values.ERRORS_URL,
    logLevel: set.LOG_LEVEL,
  }
}
