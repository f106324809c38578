import type { Origin } from '../config.ts'
import { Problem } from '../problem.ts'
import { prefix } from '../routes.ts'

declare const brand: unique symbol
/** An absolute, re-serialised URL that a browser may be sent to. Only this module makes one. */
export type ReturnUrl = string & { readonly [brand]: 'ReturnUrl' }

/** What a return URL is checked against. */
export type Allowed = Readonly<{
  publicUrl: Origin
  /** Exact origins from the settings: the only way to allow a port or plain http. */
  origins: readonly Origin[]
  /** Bare domains of the organisation; each stands for itself and for all hosts below it, by https. */
  domains: readonly string[]
}>

/** Why a return URL was refused. For the log and the doctor, never for an answer. */
export type Refusal =
  | 'empty or longer than 2048 characters'
  | 'characters outside printable ASCII, or a backslash'
  | 'neither a path nor an allowed origin, spelled exactly'
  | 'a path that other programs read as another address'
  | 'leads back into the login'

type Verdict = { url: ReturnUrl; rule: string } | { refused: Refusal }

const longest = 2048
const mostDecodings = 4

/** Decodes every valid percent escape and leaves the rest, as a lenient server would. */
const decodedOnce = (text: string): string =>
  text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString())

/** Drops invisible characters, as some readers do: joiners, soft hyphens, variation selectors. */
const decodedVisible = (text: string): string =>
  decodedOnce(text).replace(/\p{Default_Ignorable_Code_Point}/gu, '')

/** The path and everything repeated decoding makes of it; undefined when it keeps changing. */
const readingsBy = (decode: (text: string) => string, path: string): readonly string[] | undefined => {
  const seen = [path]
  for (let text = path, round = 0; ; round++) {
    const next = decode(text)
    if (next === text) return seen
    if (round === mostDecodings) return undefined
    seen.push(next)
    text = next
  }
}

/** Every reading of the path, with and without invisible characters. */
const readings = (path: string): readonly string[] | undefined => {
  const [whole, visible] = [readingsBy(decodedOnce, path), readingsBy(decodedVisible, path)]
  return whole && visible && [...whole, ...visible]
}

/** A flag of England, Scotland or Wales is a black flag and invisible tags: UTS 51, emoji tag sequences. */
const tagSequence = /\u{1F3F4}[\u{E0020}-\u{E007E}]+\u{E007F}/gu
/**
 * Persian, Indic and emoji text needs the two joiners, long words the soft hyphen. No other invisible
 * character is text.
 */
const forbidden = /[\\\ufffd\p{Cc}\p{Zl}\p{Zp}[\p{Cf}--[\u00ad\u200c\u200d]]]/v

/** One leading slash, then no slash or space; no backslash, control, look-alike or dot segment anywhere. */
const isPlain = (path: string): boolean =>
  [path, path.normalize('NFKC')].every(
    (text) =>
      /^\/(?![/\p{White_Space}])/u.test(text) &&
      !forbidden.test(text.replace(tagSequence, '')) &&
      !text.split('/').some((segment) => segment === '.' || segment === '..'),
  )

const ownDoors = new RegExp(
  `^${prefix}/(login|callback|login-failed|authorize|org/[^/]*/login)([/;?#]|$)`,
  'i',
)

const hostUnder = (domains: readonly string[], host: string): boolean =>
  /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(host) &&
  domains.some((domain) => host === domain || host.endsWith(`.${domain}`))

/** The origin at the start of the input, spelled exactly, and the rule that allows it. */
const allowedOrigin = (input: string, allowed: Allowed): { origin: string; rule: string } | undefined => {
  if (input.startsWith('/')) return { origin: '', rule: 'a path on PUBLIC_URL' }
  const head = /^https?:\/\/[^/?#]*/.exec(input)?.[0] ?? ''
  if (!URL.canParse(head) || new URL(head).origin !== head) return undefined
  if (head === allowed.publicUrl) return { origin: head, rule: 'PUBLIC_URL itself' }
  if (allowed.origins.some((origin) => origin === head))
    return { origin: head, rule: 'listed in ALLOWED_CALLBACK_ORIGINS' }
  const url = new URL(head)
  if (url.protocol === 'https:' && url.port === '' && hostUnder(allowed.domains, url.hostname))
    return { origin: head, rule: 'under a return domain of the organisation' }
  return undefined
}

/**
 * Checks a return URL that has been decoded once. The platform's parser (WHATWG URL) makes both the check
 * and the output, and inputs that two parsers might read differently are refused.
 */
export const judgeReturnUrl = (input: string, allowed: Allowed): Verdict => {
  if (input.length < 1 || input.length > longest) return { refused: 'empty or longer than 2048 characters' }
  if (!/^[!-~]*$/.test(input) || input.includes('\\'))
    return { refused: 'characters outside printable ASCII, or a backslash' }

  const head = allowedOrigin(input, allowed)
  if (head === undefined) return { refused: 'neither a path nor an allowed origin, spelled exactly' }

  const path = input.slice(head.origin.length).replace(/[?#].*/, '') || '/'
  const spellings = readings(path)
  if (spellings === undefined || !spellings.every(isPlain))
    return { refused: 'a path that other programs read as another address' }

  const url = new URL(input, allowed.publicUrl)
  const onGateway = url.origin === allowed.publicUrl
  if (onGateway && spellings.some((spelling) => ownDoors.test(spelling)))
    return { refused: 'leads back into the login' }
  if (url.href.length > longest) return { refused: 'empty or longer than 2048 characters' }
  return { url: url.href as ReturnUrl, rule: head.rule }
}

/** The same rules with every host listed as a return domain. */
const anyDomain = (input: string, settings: Omit<Allowed, 'domains'>): Allowed => ({
  ...settings,
  domains: [/^https:\/\/([^/?#]*)/.exec(input)?.[1] ?? ''],
})

/** Whether some organisation could allow this return URL: decided before anything is read. */
export const isPlausible = (input: string, settings: Omit<Allowed, 'domains'>): boolean =>
  'url' in judgeReturnUrl(input, anyDomain(input, settings))

/** Throws `return_url_not_allowed` for what no organisation could allow. */
export const checkPlausible = (input: string, settings: Omit<Allowed, 'domains'>): void => {
  returnUrl(input, anyDomain(input, settings))
}

/** Parses a return URL, or throws `return_url_not_allowed`. */
export const returnUrl = (input: string, allowed: Allowed): ReturnUrl => {
  const verdict = judgeReturnUrl(input, allowed)
  if ('refused' in verdict) throw new Problem('return_url_not_allowed', verdict.refused)
  return verdict.url
}
