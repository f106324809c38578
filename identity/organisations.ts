import { isJsonObject as isObject, type JsonObject } from '../lib/json-object.ts'
import { isOrganisationName, type OrganisationName } from '../lib/redirect/organisation-name.ts'
import { isLoopback } from '../lib/setting-values.ts'
import { algorithms } from '../lib/state/key-set.ts'

/**
 * The organisations of the file, with the provider's half: what this service needs to sign people in and out.
 */

export type ProviderSettings = Readonly<{
  wellKnownConfigUrl: string
  clientId: string
  clientAuthentication: 'client_secret_basic' | 'client_secret_post' | 'none'
  scope: string
  /** The name of a claim, or a path with dots into one. */
  groupsClaim: string
  useUserinfoEndpoint: boolean
  subjectClaim: string
  idTokenAlg: readonly string[]
  requiredClaims: Readonly<Record<string, string | number | boolean>>
  forceLoginPrompt: boolean
  logoutAtProvider: boolean
  /** Seconds. */
  sessionLifetime: number
  trustOriginalSubject: boolean
}>

export type Organisation = Readonly<{
  name: OrganisationName
  blocked: boolean
  /** Return domains: each stands for itself and for all hosts below it. */
  domains: readonly string[]
  /** The groups that a mapping names. */
  groups: ReadonlySet<string>
  provider: ProviderSettings
}>

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean'
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText)
const isClaims = (value: unknown): boolean =>
  isObject(value) &&
  Object.values(value).every((each) => ['string', 'number', 'boolean'].includes(typeof each))

const methods: readonly unknown[] = ['client_secret_basic', 'client_secret_post', 'none']
const wellKnown = '/.well-known/openid-configuration'
/** The longest life of a session and of any ID token, seconds. */
export const longestLifetime = 604_800

/** Whether a host is a public DNS name, not an address or a private name. */
const isPublicName = (host: string): boolean =>
  /^([a-z0-9-]+\.)+[a-z][a-z0-9-]*$/.test(host) && !/\.(local|localhost|internal|home|lan|arpa)$/.test(host)

/**
 * Whether an endpoint may be called: https on a public name, or loopback if the service itself runs there.
 */
export const isProviderAddress = (text: unknown, loopback: boolean): boolean => {
  if (!isText(text) || !URL.canParse(text)) return false
  const { protocol, hostname, username, password } = new URL(text)
  if (username || password) return false
  if (loopback && isLoopback(hostname)) return protocol === 'http:' || protocol === 'https:'
  return protocol === 'https:' && isPublicName(hostname)
}

/** The members of `provider`: a check, the default, and what to say when the check fails. */
const members = {
  wellKnownConfigUrl: [isText, undefined, `has to end in ${wellKnown}`],
  clientId: [isText, undefined, 'has to be a text'],
  clientAuthentication: [
    (value: unknown) => methods.includes(value),
    'client_secret_basic',
    `has to be ${methods.join(' or ')}`,
  ],
  scope: [
    (value: unknown) => isText(value) && value.split(' ').includes('openid'),
    'openid profile email',
    'has to hold openid',
  ],
  groupsClaim: [isText, 'groups', 'has to be the name or path of a claim'],
  useUserinfoEndpoint: [isFlag, false, 'has to be true or false'],
  subjectClaim: [isText, 'sub', 'has to be the name of a claim'],
  idTokenAlg: [
    (value: unknown) =>
      isTexts(value) && value.length > 0 && value.every((name) => Object.hasOwn(algorithms, name)),
    ['RS256'],
    `has to list ${Object.keys(algorithms).join(', ')} or some of them`,
  ],
  requiredClaims: [isClaims, {}, 'has to hold claims with a text, number or truth each'],
  forceLoginPrompt: [isFlag, false, 'has to be true or false'],
  logoutAtProvider: [isFlag, true, 'has to be true or false'],
  sessionLifetime: [
    (value: unknown) =>
      Number.isSafeInteger(value) && Number(value) >= 60 && Number(value) <= longestLifetime,
    28_800,
    `has to be whole seconds between 60 and ${longestLifetime}`,
  ],
  trustOriginalSubject: [isFlag, false, 'has to be true or false'],
} as const satisfies Record<
  keyof ProviderSettings,
  readonly [is: (value: unknown) => boolean, standard: unknown, form: string]
>

/** Providers at which anybody can have an account: without a further condition, strangers could sign in. */
const openToStrangers = (url: string, required: unknown): string | undefined => {
  const { hostname, pathname } = new URL(url)
  if (hostname === 'accounts.google.com' && !(isObject(required) && isText(required.hd)))
    return "is Google's: requiredClaims.hd is missing, without which every Google account could sign in"
  if (hostname === 'login.microsoftonline.com' && /^\/(common|organizations|consumers)\//.test(pathname))
    return 'is for every Microsoft account: name your own tenant'
  return undefined
}

const providerProblems = (provider: JsonObject, loopback: boolean): string[] => {
  const unknown = Object.keys(provider).filter((name) => !Object.hasOwn(members, name))
  const wrong = Object.entries<readonly [(value: unknown) => boolean, unknown, string]>(members).flatMap(
    ([name, [is, standard, form]]) => {
      const value = provider[name] ?? standard
      return is(value) ? [] : [`${name} ${form}`]
    },
  )
  const { wellKnownConfigUrl: url } = provider
  const problems = [...unknown.map((name) => `${name} is no setting of a provider`), ...wrong]
  if (!isText(url)) return problems
  if (!isProviderAddress(url, loopback) || !url.endsWith(wellKnown) || /[?#]/.test(url))
    return [...problems, `wellKnownConfigUrl has to be https on a public name and end in ${wellKnown}`]
  const strangers = openToStrangers(url, provider.requiredClaims)
  return strangers === undefined ? problems : [...problems, `wellKnownConfigUrl ${strangers}`]
}

const providerFrom = (provider: JsonObject): ProviderSettings =>
  Object.fromEntries(
    Object.entries(members).map(([name, [, standard]]) => [name, provider[name] ?? standard]),
  ) as ProviderSettings

/**
 * Parses the organisations that have a provider. Problems name members, never values. The rest of the file is
 * checked by `lib/refresh/organisations-file.ts` at synth.
 */
export const organisationsFrom = (
  document: unknown,
  loopback: boolean,
): Readonly<{ organisations: ReadonlyMap<string, Organisation>; problems: readonly string[] }> => {
  const organisations = new Map<string, Organisation>()
  const problems: string[] = []
  const listed = isObject(document) && Array.isArray(document.organisations) ? document.organisations : []
  for (const row of listed.filter(isObject)) {
    const { name, provider, blocked = false } = row
    if (provider === undefined || !isText(name) || !isOrganisationName(name)) continue
    const wrong = isObject(provider) ? providerProblems(provider, loopback) : ['provider has to be an object']
    problems.push(...wrong.map((problem) => `${name}: ${problem}`))
    if (wrong.length > 0 || !isObject(provider)) continue
    const mappings = Array.isArray(row.mappings) ? row.mappings.filter(isObject) : []
    organisations.set(name, {
      name,
      // An unreadable value blocks.
      blocked: blocked !== false,
      domains: isTexts(row.whitelistCallbackUrls) ? row.whitelistCallbackUrls : [],
      groups: new Set(mappings.flatMap(({ group }) => (isText(group) ? group : []))),
      provider: providerFrom(provider),
    })
  }
  return { organisations, problems }
}

/**
 * What an issuer has to be: the address before `/.well-known`, with or without a slash at its end (OpenID
 * Connect Discovery section 4.1 takes that slash off before it appends).
 */
export const isIssuerOf = ({ wellKnownConfigUrl }: ProviderSettings, issuer: unknown): boolean =>
  typeof issuer === 'string' && issuer.replace(/\/$/, '') === issuerName({ wellKnownConfigUrl })

/** The issuer without a slash at its end: known without asking the provider. */
export const issuerName = ({ wellKnownConfigUrl }: Pick<ProviderSettings, 'wellKnownConfigUrl'>): string =>
  wellKnownConfigUrl.slice(0, -wellKnown.length)
