import type { Directory, Unit } from '../session/directory.ts'
import { byId, compare, isAbsent, type Row, text } from './admin-rows.ts'
import { checkLimit } from './limits.ts'

/**
 * Builds an organisation's directory from the Admin API's units, mappings, roles, services and permissions.
 */

/** The roles of the Admin API, by id. */
export type RolePermissions = Readonly<{
  /** Whether this role exists. */
  has(roleId: string): boolean
  /** Its own and inherited permissions, sorted. Throws `UnusableData` when they exceed a limit. */
  of(roleId: string): readonly string[]
}>

type Role = Readonly<{ permissions: readonly string[]; parent: string }>

/**
 * The permissions of a role and its parents, as `service:permission`. Stops where the parents form a cycle.
 */
const effectivePermissions = (
  id: string,
  roles: ReadonlyMap<string, Role>,
  names: ReadonlyMap<string, string>,
): readonly string[] => {
  const found = new Set<string>()
  const seen = new Set<string>()
  for (let at = id, role = roles.get(at); role && !seen.has(at); at = role.parent, role = roles.get(at)) {
    seen.add(at)
    checkLimit('ancestors', seen.size - 1)
    for (const permission of role.permissions) {
      const name = names.get(permission)
      if (name !== undefined) found.add(name)
    }
  }
  return [...found].sort()
}

/** Parses roles, services and permissions. Permissions are named `service:permission`. */
export const rolePermissions = (
  roles: readonly Row[],
  services: readonly Row[],
  permissions: readonly Row[],
): RolePermissions => {
  const serviceNames = byId(services, (service) => text(service.name))
  const names = byId(
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

  return {
    has: (id) => known.has(id),
    of: (id) => {
      const permissionsOf = effective.get(id) ?? effectivePermissions(id, known, names)
      effective.set(id, permissionsOf)
      return permissionsOf
    },
  }
}

/** Units with a name, each once. Of two with the same name, the display name that sorts first is kept. */
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

/** Drops mappings to a missing or unreadable unit or role, which must not apply to every unit. */
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

/** The permissions of the mapped roles. Counted in the loop, because inheritance can multiply them. */
const rolesOf = (mappings: readonly Mapping[], allRoles: RolePermissions): Directory['roles'] => {
  const mapped = [...new Set(mappings.map(({ role }) => role))].sort()
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

/** The directory of one organisation. Throws `UnusableData` when it exceeds a limit. */
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
