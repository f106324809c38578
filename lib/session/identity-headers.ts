import type { Config } from '../config.ts'
import type { Jar } from '../http/cookies.ts'
import type { Incoming } from '../http/messages.ts'
import type { Unit } from './directory.ts'
import type { Permissions } from './permissions.ts'
import type { Claims } from './token.ts'

/**
 * What a proxy in front of a service sends with its question, and the headers it is answered: contract,
 * section 12.
 */

/**
 * The page that the browser asked the proxy for. Anybody can send this header: judge it like any return URL.
 */
export const pageAskedFor = (request: Incoming): string | undefined => request.header('x-original-url')

/** No script in a browser can set a `Sec-` header, so only a proxy can ask for tokens and cookies. */
const isProxy = (request: Incoming): boolean => request.header('sec-imid-proxy') === '1'

/**
 * Length of a list and of a name, in characters after encoding: a proxy reads all headers into one small
 * buffer.
 */
const maxLength = 2048
const maxName = 256
const more = '...'

const encoded = (text: string): string => {
  const item = encodeURIComponent(text.toWellFormed())
  return item === more ? '%2E%2E%2E' : item
}

/** A name as text for people: a long one is shortened, an identifier never. */
const shortened = (text: string): string => encoded([...text].slice(0, maxName).join(''))

type List = Readonly<{ text: string; cutOff: boolean }>

/** Items that are encoded already, joined by commas. Beyond the limit the last item is `...`. */
const joined = (items: readonly string[]): List => {
  const text = items.join(',')
  if (text.length <= maxLength) return { text, cutOff: false }
  const end = text.lastIndexOf(',', maxLength - more.length - 1)
  return { text: `${text.slice(0, end + 1)}${more}`, cutOff: true }
}

/**
 * `service:permission`; without a unit in the rule, permissions of single units too, as
 * `unit/service:permission`.
 */
const permissionItems = ({ org, units }: Permissions, unit: string | undefined): string[] => {
  if (unit !== undefined) return [...new Set([...org, ...(units.get(unit) ?? [])])].sort().map(encoded)
  const inUnits = [...units].flatMap(([name, held]) =>
    [...held]
      .filter((permission) => !org.has(permission))
      .map((permission) => `${encoded(name)}/${encoded(permission)}`),
  )
  return [...[...org].sort().map(encoded), ...inUnits.sort()]
}

/** The cookies of a request that are not the gateway's own. What cannot stand in a header is left out. */
const foreignCookies = (request: Incoming, jar: Pick<Jar, 'isOwn'>): string =>
  request.cookieHeader
    .flatMap((part) => part.split(';'))
    .map((pair) => pair.trim())
    .filter((pair) => /^[\t -~]+$/.test(pair) && !jar.isOwn(pair.replace(/=.*/s, '')))
    .join('; ')

type Described = Readonly<{
  claims: Claims
  raw: string
  units: readonly Unit[]
  preferred: string | null
  permissions: Permissions
  /** The unit that the rule names. */
  unit: string | undefined
}>

/**
 * The closed list of headers about a person. Every one is always sent: a proxy that copies a missing one
 * would pass on what the client sent. `cutOff`: a list was too long.
 */
export const identityHeaders = (
  request: Incoming,
  { claims, raw, units, preferred, permissions, unit }: Described,
  jar: Pick<Jar, 'isOwn'>,
  { includeToken }: Pick<Config, 'includeToken'>,
): { headers: Readonly<Record<string, string>>; cutOff: boolean } => {
  const unitList = joined(units.map(({ name }) => encoded(name)))
  const permissionList = joined(permissionItems(permissions, unit))
  const toProxy = isProxy(request)
  return {
    headers: {
      'x-imid-sub': encoded(claims.subject),
      'x-imid-org': encoded(claims.org),
      'x-imid-unit': encoded(preferred ?? ''),
      'x-imid-units': unitList.text,
      'x-imid-permissions': permissionList.text,
      'x-imid-name': shortened(claims.name),
      'x-imid-email': shortened(claims.email),
      'x-imid-req-id': encoded(request.id),
      'x-imid-token': toProxy && includeToken ? raw : '',
      'x-imid-cookie': toProxy ? foreignCookies(request, jar) : '',
    },
    cutOff: unitList.cutOff || permissionList.cutOff,
  }
}
