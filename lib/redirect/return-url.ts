import type { Origin } from '../config.ts'
import { Problem } from '../problem.ts'
import { prefix } from '../routes.ts'

declare const brand: unique symbol
/** An absolute, re-serialised URL that a browser may be sent to. Created only in this module. */
export type ReturnUrl = string & { readonly [brand]: 'ReturnUrl' }

/** Origins that the settings allow for every organisation. */
export type AllowedOrigins = Readonly<{
  publicUrl: Origin
  /** Exact origins: the only way to allow a port or plain http. */
  origins: readonly Origin[]
}>

/** Everything that a return URL is checked against. */
export type Allowed = AllowedOrigins &
  Readonly<{
    /** Bare domains of the organisation. Each allows itself and all hosts below it, by https. */
    domains: readonly string[]
  }>

/** Why a return URL was refused. For the log and the doctor only, never in an answer. */
export type Refusal =
  | 'empty or longer than 2048 characters'
  | 'characters outside printable ASCII, or a backslash'
  | 'neither a path nor an allowed origin, spelled exactly'
  | 'a path that other programs read as another address'
  | 'leads back into the login'

type Refused = { refused: Refusal }
type Verdict = { url: ReturnUrl; rule: string } | Refused

/** A well-formed return URL. One with a `host` is allowed only under a return domain. */
export type Candidate = Readonly<{ href: string; rule: string; host: string | undefined }>

const maxLength = 2048
const maxDecodings = 4

/** Decodes every valid percent escape and keeps the rest, as a lenient server would. */
const decodedOnce = (text: string): string =>
  text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString())

/**
 * Decodes and removes invisible characters, as some programs do: joiners, soft hyphens, variation selectors.
 */
const decodedVisible = (text: string): string =>
  decodedOnce(text).replace(/\p{Default_Ignorable_Code_Point}/gu, '')

/** The path and each result of decoding it again. Undefined when it still changes after four times. */
const readingsBy = (decode: (text: string) => string, path: string): readonly string[] | undefined => {
  const seen = [path]
  for (let text = path, round = 0; ; round++) {
    const next = decode(text)
    if (next === text) return seen
    if (round === maxDecodings) return undefined
    seen.push(next)
    text = next
  }
}

/** Every way in which programs may read the path, with and without invisible characters. */
const readings = (path: string): readonly string[] | undefined => {
  const [whole, visible] = [readingsBy(decodedOnce, path), readingsBy(decodedVisible, path)]
  return whole && visible && [...whole, ...visible]
}

/** The flags of England, Scotland and Wales contain invisible tag characters: UTS 51, emoji tag sequences. */
const tagSequence = /\u{1F3F4}[\u{E0020}-\u{E007E}]+\u{E007F}/gu
/**
 * Control and invisible characters. The two joiners are allowed, as Persian, Indic and emoji text needs them,
 * and so is the soft hyphen.
 */
const forbidden = /[\\\ufffd\p{Cc}\p{Zl}\p{Zp}[\p{Cf}--[\u00ad\u200c\u200d]]]/v

/** Whether a path starts with exactly one slash and has no backslash, control character or dot segment. */
const isPlain = (path: string): boolean =>
  [path, path.normalize('NFKC')].every(
    (text) =>
      /^\/(?![/\p{White_Space}])/u.test(text) &&
      !forbidden.test(text.replace(tagSequence, '')) &&
      !text.split('/').some((segment) => segment === '.' || segment === '..'),
  )

const loginPaths = new RegExp(
  `^${prefix}/(login|callback|login-failed|authorize|org/[^/]*/login)([/;?#]|$)`,
  'i',
)

const notAllowed: Refused = { refused: 'neither a path nor an allowed origin, spelled exactly' }

/** Whether a host is one of these domains or below one. */
export const isUnder = (domains: readonly string[], host: string): boolean =>
  domains.some((domain) => host === domain || host.endsWith(`.${domain}`))

const domainRule = 'under a return domain of the organisation'

type FoundOrigin = Readonly<{ origin: string; rule: string; host?: string }>

/** The origin at the start of the input, spelled exactly. `host`: only a return domain can allow it. */
const originOf = (input: string, { publicUrl, origins }: AllowedOrigins): FoundOrigin | undefined => {
  if (input.startsWith('/')) return { origin: '', rule: 'a path on PUBLIC_URL' }
  const origin = /^https?:\/\/[^/?#]*/.exec(input)?.[0] ?? ''
  if (!URL.canParse(origin) || new URL(origin).origin !== origin) return undefined
  if (origin === publicUrl) return { origin, rule: 'PUBLIC_URL itself' }
  if (origins.some((listed) => listed === origin))
    return { origin, rule: 'listed in ALLOWED_CALLBACK_ORIGINS' }
  const { protocol, port, hostname: host } = new URL(origin)
  const isPlainHost = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(host)
  return protocol === 'https:' && port === '' && isPlainHost ? { origin, rule: domainRule, host } : undefined
}

/**
 * Checks everything about a return URL that does not depend on the organisation. The input has been decoded
 * once. The platform's parser (WHATWG URL) makes both the check and the output, and inputs that two parsers
 * might read differently are refused.
 */
export const returnUrlCandidate = (input: string, allowed: AllowedOrigins): Candidate | Refused => {
  if (input.length < 1 || input.length > maxLength) return { refused: 'empty or longer than 2048 characters' }
  if (!/^[!-~]*$/.test(input) || input.includes('\\'))
    return { refused: 'characters outside printable ASCII, or a backslash' }

  const found = originOf(input, allowed)
  if (found === undefined) return notAllowed
  const { origin, rule, host } = found

  const path = input.slice(origin.length).replace(/[?#].*/, '') || '/'
  const spellings = readings(path)
  if (spellings === undefined || !spellings.every(isPlain))
    return { refused: 'a path that other programs read as another address' }

  const { href, origin: target } = new URL(input, allowed.publicUrl)
  if (target === allowed.publicUrl && spellings.some((spelling) => loginPaths.test(spelling)))
    return { refused: 'leads back into the login' }
  if (href.length > maxLength) return { refused: 'empty or longer than 2048 characters' }
  return { href, rule, host }
}

const verdictOn = (candidate: Candidate | Refused, domains: readonly string[]): Verdict => {
  if ('refused' in candidate) return candidate
  const { href, rule, host } = candidate
  return host === undefined || isUnder(domains, host) ? { url: href as ReturnUrl, rule } : notAllowed
}

/** Checks a return URL and names the rule that allows it, or the reason why it is refused. */
export const judgeReturnUrl = (input: string, allowed: Allowed): Verdict =>
  verdictOn(returnUrlCandidate(input, allowed), allowed.domains)

const accepted = <T extends object>(result: T | Refused): T => {
  if ('refused' in result) throw new Problem('return_url_not_allowed', result.refused)
  return result
}

/** Parses a return URL that some organisation could allow, or throws `return_url_not_allowed`. No I/O. */
export const plausibleReturnUrl = (input: string, allowed: AllowedOrigins): Candidate =>
  accepted(returnUrlCandidate(input, allowed))

/** The return URL of an organisation with these domains, or throws `return_url_not_allowed`. */
export const allowedReturnUrl = (candidate: Candidate, domains: readonly string[]): ReturnUrl =>
  accepted(verdictOn(candidate, domains)).url

/** Parses a return URL, or throws `return_url_not_allowed`. */
export const returnUrl = (input: string, allowed: Allowed): ReturnUrl =>
  accepted(judgeReturnUrl(input, allowed)).url
