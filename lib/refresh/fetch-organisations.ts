import { isOrganisationName } from '../redirect/organisation-name.ts'
import type { Directory, Unit } from '../session/directory.ts'
import { mapConcurrently } from './map-concurrently.ts'
import { type Upstream, UpstreamError } from './upstream.ts'

/**
 * The organisations as the Admin API knows them. A list that is no list is refused whole, and the old state stays. A single
 * entry that makes no sense grants nothing and is left out: one organisation's mistake must not stop all the others.
 */

export type Organisation = Readonly<{
  name: string
  blocked: boolean
  /** Tokens issued before this second are no longer good. */
  notBefore: number
  /** Return domains: lower case, no wildcard, no public suffix. */
  domains: readonly string[]
  directory: Directory
  /** Subjects that are blocked or were signed out, by every name a token may give them. */
  ended: readonly Readonly<{ name: string; blocked: boolean; notBefore?: number }>[]
}>

type Loose = Readonly<Record<string, unknown>>

/** Very old deployments wrap a value as `{"value": ...}`. */
const plain = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 1 && 'value' in value
    ? value.value
    : value

const text = (value: unknown): string => {
  const inner = plain(value)
  return typeof inner === 'string' ? inner : ''
}

const truth = (value: unknown): boolean => [true, 'true'].includes(plain(value) as boolean | string)

const instant = (value: unknown): number => {
  const inner = plain(value)
  return Number.isSafeInteger(inner) ? Math.max(0, Number(inner)) : 0
}

const rowsOf = (what: string, document: unknown): readonly Loose[] => {
  if (!Array.isArray(document) || !document.every((row) => typeof row === 'object' && row !== null))
    throw new UpstreamError(`${what}: not a list of objects`, false)
  return document
}

// Stryker disable next-line EqualityOperator,ConditionalExpression: what is the same may stand either way round.
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
const domainShape = new RegExp(`^${label}(\\.${label})+$`)

/** Those of an organisation's domains that count as return domains. What would open a door to strangers is left out. */
export const returnDomains = (
  listed: readonly unknown[],
  isPublicSuffix: (domain: string) => boolean,
): string[] =>
  [...new Set(listed.map((domain) => text(domain).toLowerCase()))]
    .filter((domain) => domainShape.test(domain) && !/\.\d+$/.test(domain) && !isPublicSuffix(domain))
    .sort(compare)

/** `whitelistCallbackUrls` is a JSON text of bare domains. */
const domainsOf = (value: unknown, isPublicSuffix: (domain: string) => boolean): string[] => {
  let listed: unknown
  try {
    listed = JSON.parse(text(value))
  } catch {
    // What is no JSON lists nothing.
  }
  // Stryker disable next-line ArrayDeclaration: what is no domain counts for nothing.
  return returnDomains(Array.isArray(listed) ? listed : [], isPublicSuffix)
}

/** Every role's own permissions and those it inherits, as `service:permission`. A circle of parents ends where it began. */
const rolePermissions = (
  roles: readonly Loose[],
  services: readonly Loose[],
  permissions: readonly Loose[],
): ReadonlyMap<string, readonly string[]> => {
  const serviceNames = new Map(services.map((service) => [text(service.id), text(service.name)]))
  const spelled = new Map(
    permissions.map((permission) => [
      text(permission.id),
      `${serviceNames.get(text(permission.serviceId)) ?? ''}:${text(permission.name)}`,
    ]),
  )
  const byId = new Map(roles.map((role) => [text(role.id), role]))

  const effective = (id: string, seen: ReadonlySet<string>): string[] => {
    const role = byId.get(id)
    if (role === undefined || seen.has(id)) return []
    // Stryker disable next-line ArrayDeclaration: what is no permission grants nothing.
    const own = (Array.isArray(role.permissions) ? role.permissions : []).flatMap(
      (permission) => spelled.get(text(permission)) ?? [],
    )
    return [...own, ...effective(text(role.parentRoleId), new Set([...seen, id]))]
  }
  return new Map([...byId.keys()].map((id) => [id, [...new Set(effective(id, new Set()))].sort(compare)]))
}

/** A token's `sub` is a subject's id, alone or behind the organisation's name, or its name at the organisation: all are kept. */
const subjectNames = (org: string, subject: Loose): string[] => {
  const id = text(subject.id)
  return [...new Set([id, id && `${org}_${id}`, text(subject.organizationSubject)])].filter(
    (name) => name !== '' && name.isWellFormed() && encodeURIComponent(name).length <= 900,
  )
}

/** Of two subjects that share a name the stricter word counts, in whatever order they come. */
const endedFrom = (org: string, subjects: readonly Loose[]): Organisation['ended'] => {
  const ended = new Map<string, { blocked: boolean; notBefore: number }>()
  for (const subject of subjects)
    for (const name of subjectNames(org, subject)) {
      const known = ended.get(name) ?? { blocked: false, notBefore: 0 }
      ended.set(name, {
        blocked: known.blocked || truth(subject.blocked),
        notBefore: Math.max(known.notBefore, instant(subject.notBefore)),
      })
    }
  return [...ended]
    .filter(([, { blocked, notBefore }]) => blocked || notBefore > 0)
    .map(([name, { blocked, notBefore }]) => ({ name, blocked, ...(notBefore > 0 ? { notBefore } : {}) }))
    .sort((a, b) => compare(a.name, b.name))
}

/** Whether a mapping is for the whole organisation: it names no unit at all. */
const isWide = ({ unitId }: Loose): boolean => [undefined, null, ''].includes(plain(unitId) as undefined)

const directoryFrom = (
  units: readonly Loose[],
  mappings: readonly Loose[],
  roles: ReadonlyMap<string, readonly string[]>,
): Directory => {
  const named = new Map<string, Unit>(
    units
      .filter((unit) => text(unit.name) !== '')
      .map((unit) => [
        text(unit.id),
        { name: text(unit.name), displayName: text(unit.displayName) || text(unit.name) },
      ]),
  )
  const mapped = mappings.flatMap((mapping) => {
    const [group, role] = [text(mapping.group), text(mapping.roleId)]
    const unitId = text(mapping.unitId)
    const unit = unitId === '' ? undefined : named.get(unitId)?.name
    // A mapping to a unit or role that is gone or unreadable grants nothing; above all not, for want of a unit, all of them.
    if (group === '' || !roles.has(role) || (unit === undefined && !isWide(mapping))) return []
    return [{ group, role, ...(unit === undefined ? {} : { unit }) }]
  })
  return {
    units: [...named.values()].sort((a, b) => compare(a.name, b.name)),
    mappings: mapped.sort((a, b) =>
      compare(`${a.group}\0${a.unit ?? ''}\0${a.role}`, `${b.group}\0${b.unit ?? ''}\0${b.role}`),
    ),
    roles: Object.fromEntries(
      // Stryker disable next-line ArrayDeclaration: for the type; only roles that are there are mapped.
      [...new Set(mapped.map(({ role }) => role))].sort(compare).map((role) => [role, roles.get(role) ?? []]),
    ),
  }
}

/** How many organisations are asked for at a time. */
const mostAsked = 8

/** Fetches and judges all organisations. None at all is taken for a fault: it would sign everybody out. */
export const fetchOrganisations = async (
  upstream: Upstream,
  isPublicSuffix: (domain: string) => boolean,
): Promise<readonly Organisation[]> => {
  const list = async (...call: Parameters<Upstream['list']>) => rowsOf(call[0], await upstream.list(...call))
  const listed = (await list('organizations.list')).filter((row) => isOrganisationName(text(row.name)))
  if (listed.length === 0) throw new UpstreamError('organizations.list: no organisation', false)
  const [roles, services, permissions] = await Promise.all([
    list('roles.list'),
    list('services.list'),
    list('permissions.list'),
  ])
  const granted = rolePermissions(roles, services, permissions)

  const organisations = await mapConcurrently(mostAsked, listed, async (row): Promise<Organisation> => {
    const [id, name] = [text(row.id), text(row.name)]
    const [units, mappings, subjects] = await Promise.all([
      list('units.list', id),
      list('organizations.listGroupToRoleMappings', id),
      list('subjects.list', id),
    ])
    return {
      name,
      blocked: truth(row.blocked),
      notBefore: instant(row.notBefore),
      domains: domainsOf(row.whitelistCallbackUrls, isPublicSuffix),
      directory: directoryFrom(units, mappings, granted),
      ended: endedFrom(name, subjects),
    }
  })
  return organisations.sort((a, b) => compare(a.name, b.name))
}
