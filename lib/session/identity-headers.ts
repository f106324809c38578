import type { Config } from '../config.ts'
import type { Jar } from '../http/cookies.ts'
import type { Incoming } from '../http/messages.ts'
import type { Unit } from './directory.ts'
import type { Permissions } from './permissions.ts'
import type { Claims } from './token.ts'

/** The headers between `/authorize` and a proxy in front of a service: docs/proxies/README.md. */

/** The URL that the browser requested from the proxy. Anybody can send this header, so check it. */
export const originalUrl = (request: Incoming): string | undefined => request.header('x-original-url')

/** Whether a proxy sent the request. Browsers do not let scripts set a `Sec-` header. */
const isProxy = (request: Incoming): boolean => request.header('sec-imid-proxy') === '1'

/** Longest list and name, in characters after encoding. Proxies read all headers into a small buffer. */
const maxLength = 2048
const maxName = 256
const more = '...'

const encoded = (text: string): string => {
  const item = encodeURIComponent(text.toWellFormed())
  return item === more ? '%2E%2E%2E' : item
}

/** An encoded text for people, shortened if long. Identifiers are never shortened. */
const shortened = (text: string): string => encoded([...text].slice(0, maxName).join(''))

type List = Readonly<{ text: string; cutOff: boolean }>

/** Joins encoded items with commas. When the list is too long, it is cut and its last item is `...`. */
const joined = (items: readonly string[]): List => {
  const text = items.join(',')
  if (text.length <= maxLength) return { text, cutOff: false }
  const end = text.lastIndexOf(',', maxLength - more.length - 1)
  return { text: `${text.slice(0, end + 1)}${more}`, cutOff: true }
}

/** `service:permission`, and without a unit in the rule also `unit/service:permission` for each unit. */
const permissionItems = ({ org, units }: Permissions, unit: string | undefined): string[] => {
  if (unit !== undefined) return [...new Set([...org, ...(units.get(unit) ?? [])])].sort().map(encoded)
  const inUnits = [...units].flatMap(([name, held]) =>
    [...held]
      .filter((permission) => !org.has(permission))
      .map((permission) => `${encoded(name)}/${encoded(permission)}`),
  )
  return [...[...org].sort().map(encoded), ...inUnits.sort()]
}

/** The cookies of a request except the gateway's own and those with invalid characters. */
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
 * The headers about a person. All of them are always set, so a proxy that copies them overwrites whatever the
 * client sent. `cutOff`: whether a list was cut.
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
