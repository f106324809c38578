import { isIPv4 } from 'node:net'
import { isDomainName } from './domain-name.ts'

/** Parsers of setting values. Each takes a text and returns the value or throws `InvalidValue`. */

declare const brand: unique symbol
/** A serialised origin (`URL.origin`): scheme, host and port only. */
export type Origin = string & { readonly [brand]: 'Origin' }

/** An issuer or audience that is deliberately not checked. A symbol, so that a search finds every use. */
export const unchecked: unique symbol = Symbol('unchecked')
/** The type of `unchecked`. */
export type Unchecked = typeof unchecked

/** Thrown for an invalid value. The message continues a sentence that starts with the setting's name. */
export class InvalidValue extends Error {}

const wrong = (words: string): never => {
  throw new InvalidValue(words)
}

/** Whether a host (`URL.hostname`) is the loopback address or a name for it. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' ||
  host.endsWith('.localhost') ||
  host === '[::1]' ||
  (isIPv4(host) && host.startsWith('127.'))

const parsed = (text: string): URL =>
  URL.canParse(text) ? new URL(text) : wrong('has to be an absolute URL')

const secure = (url: URL): URL => {
  const local = isLoopback(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && local))
    return wrong('has to begin with https:// (plain http is only for localhost)')
  if (!local && (isIPv4(url.hostname) || url.hostname.startsWith('[')))
    return wrong('has to name a host, not an IP address')
  return url
}

/** A serialised origin (RFC 6454, section 6.2): https, or http on loopback. */
export const origin = (text: string): Origin => {
  if (text.includes('*')) return wrong('may not contain a wildcard: list each origin')
  const url = secure(parsed(text))
  if (text !== url.origin) return wrong('has to be an origin: scheme, host and port, nothing after them')
  return url.origin as Origin
}

/** A base address: https, without query, fragment, credentials or closing slash. */
export const address = (text: string): string => {
  const url = secure(parsed(text))
  if (url.username || url.password) return wrong('may not contain a user name or password')
  if (/[?#]/.test(text)) return wrong('may not contain a query or fragment')
  return url.href.replace(/\/+$/, '')
}

/** The base address of the identity service. The gateway adds the paths below it. */
export const imasAddress = (text: string): string => {
  const base = address(text)
  if (/\/v1\/jwks$/.test(base)) return wrong('has to be the base address, without /v1/jwks')
  return base
}

/** A whole number of seconds between these limits, inclusive. */
export const seconds =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text)
    if (/^\d{1,9}$/.test(text) && value >= least && value <= most) return value
    return wrong(`has to be a whole number of seconds between ${least} and ${most}`)
  }

/** One of these words, spelled exactly. */
export const oneOf =
  <const T extends string>(...words: T[]) =>
  (text: string): T =>
    words.find((word) => word === text) ?? wrong(`has to be ${words.join(' or ')}`)

/** `true` or `false`. */
export const flag = (text: string): boolean => oneOf('true', 'false')(text) === 'true'

/** A comma-separated list without empty entries. An error names the entry by number. */
export const list =
  <T>(item: (text: string) => T) =>
  (text: string): readonly T[] =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map((part, index, parts) => {
        try {
          return item(part)
        } catch (error) {
          if (!(error instanceof InvalidValue) || parts.length === 1) throw error
          return wrong(`entry ${index + 1} ${error.message}`)
        }
      })

/** A header or cookie name: a token of RFC 9110 section 5.6.2. */
export const tokenName = (text: string): string =>
  /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/.test(text)
    ? text
    : wrong('has to be a name without spaces or separators')

/** The name of a request header. The CORS wildcard is refused. */
export const headerName = (text: string): string =>
  text === '*' ? wrong('may not contain a wildcard: list each header') : tokenName(text)

/** A domain for a cookie. */
export const domain = (text: string): string =>
  isDomainName(text)
    ? text
    : wrong('has to be a lower-case domain of two labels or more, without a leading dot')

/** A path that contains `{org}` once. */
export const loginPath = (text: string): string => {
  if (!/^\/[A-Za-z0-9\-._~/{}]*$/.test(text) || text.split('{org}').length !== 2)
    return wrong('has to be a path that contains {org} once')
  return text
}

/** A display name without invisible characters, such as those that reverse the direction of text. */
export const siteName = (text: string): string =>
  /^[^\p{C}]{1,60}$/u.test(text) ? text : wrong('has to be a name of up to 60 visible characters')

/** The path of a file. Whether it exists is not checked. */
export const fileName = (text: string): string =>
  /^[^\0]{1,1000}$/.test(text) ? text : wrong('has to be the path of a file')

/** A claim to compare with, or `unchecked`. */
export const checked = (text: string): string | Unchecked => (text === 'unchecked' ? unchecked : text)

/** Whether a value has double quotation marks, or single ones at an end. Inside, they are apostrophes. */
export const isQuoted = (text: string): boolean => /["\u201c\u201d]|^['\u2018]|['\u2019]$/.test(text)
