import type { Directory, Unit } from '../session/directory.ts'
import { byId, compare, isAbsent, type Row, text } from './admin-rows.ts'
import { checkLimit } from './limits.ts'

/**
 * An organisation's directory, made from the Admin API's units, mappings, roles, services and permissions.
 */

export type RolePermissions = Readonly<{
  /** Whether there is such a role. */
  has(roleId: string): boolean
  /** Its effective permissions, sorted. Throws `UnusableData` when they are beyond a limit. */
  of(roleId: string): readonly string[]
}>

type Role = Readonly<{ permissions: readonly string[]; parent: string }>

/**
 * A role's own permissions and those it inherits, as `service:permission`. A circle of parents ends where
 * it began.
 */
export const rolePermissions = (
  roles: readonly Row[],
  services: readonly Row[],
  permissions: readonly Row[],
): RolePermissions => {
  const serviceNames = byId(services, (service) => text(service.name))
  const spelled = byId(
    permissions,
    ({ serviceId, name }) => `${serviceNames.get(text(serviceId)) ?? ''}:${text(name)}`,
  )
  const known = byId(
    roles,
    (role): Role => ({
      permissions: Array.isArray(role.permissions) ? role.permissions.map(text) : [],
      parent: text(role.parentRoleId),
    }),
  )
  const effective = new Map<string, readonly string[]>()

  const inherited = (id: string): readonly string[] => {
    const found = new Set<string>()
    const seen = new Set<string>()
    for (let at = id, role = known.get(at); role && !seen.has(at); at = role.parent, role = known.get(at)) {
      seen.add(at)
      checkLimit('ancestors', seen.size - 1)
      for (const permission of role.permissions) {
        const name = spelled.get(permission)
        if (name !== undefined) found.add(name)
      }
      checkLimit('permissions', found.size)
    }
    return [...found].sort(compare)
  }

  return {
    has: (id) => known.has(id),
    of: (id) => {
      const permissionsOf = effective.get(id) ?? inherited(id)
      effective.set(id, permissionsOf)
      return permissionsOf
    },
  }
}

/**
 * Units with a name, each name once. Of two with one name the first in the alphabet is shown, whatever
 * their order.
 */
const unitsFrom = (rows: readonly Row[]): Unit[] => {
  const named = new Map<string, Unit>()
  for (const row of rows) {
    const name = text(row.name)
    const displayName = text(row.displayName) || name
    const other = named.get(name)?.displayName
    if (name !== '' && (other === undefined || displayName < other)) named.set(name, { name, displayName })
  }
  return [...named.values()].sort((a, b) => compare(a.name, b.name))
}

type Mapping = Directory['mappings'][number]

const orderOf = ({ group, unit = '', role }: Mapping): string => `${group}\0${unit}\0${role}`

/**
 * A mapping to a unit or role that is gone or unreadable grants nothing, and least of all, for want of a
 * unit, every unit.
 */
const mappingsFrom = (
  rows: readonly Row[],
  unitNames: ReadonlyMap<string, string>,
  allRoles: RolePermissions,
): Mapping[] =>
  rows
    .flatMap((row): Mapping[] => {
      const [group, role] = [text(row.group), text(row.roleId)]
      const unit = unitNames.get(text(row.unitId))
      const isForAllUnits = isAbsent(row.unitId)
      if (group === '' || !allRoles.has(role) || !(unit || isForAllUnits)) return []
      return [{ group, role, ...(unit ? { unit } : {}) }]
    })
    .sort((a, b) => compare(orderOf(a), orderOf(b)))

/**
 * The permissions of the roles that are mapped, counted as they come: together they may be far more than
 * what was listed.
 */
const rolesOf = (mappings: readonly Mapping[], allRoles: RolePermissions): Directory['roles'] => {
  const mapped = [...new Set(mappings.map(({ role }) => role))].sort(compare)
  checkLimit('roles', mapped.length)
  let count = 0
  const rows = mapped.map((role) => {
    const permissions = allRoles.of(role)
    count += permissions.length
    checkLimit('permissions', count)
    return [role, permissions] as const
  })
  return Object.fromEntries(rows)
}

/** The directory of one organisation. Throws `UnusableData` when it is beyond a limit. */
export const directoryFrom = (
  units: readonly Row[],
  mappings: readonly Row[],
  allRoles: RolePermissions,
): Directory => {
  checkLimit('units', units.length)
  checkLimit('mappings', mappings.length)
  const unitNames = byId(units, (unit) => text(unit.name))
  const granted = mappingsFrom(mappings, unitNames, allRoles)
  return { units: unitsFrom(units), mappings: granted, roles: rolesOf(granted, allRoles) }
}
