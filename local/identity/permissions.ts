import type { Directory, Mapping, Organisation, Role } from './seed.ts'

/** The `permissions` claim of an access token: in the whole organisation, and by the name of each unit. */
export type Permissions = { org: string[]; units: Record<string, string[]> }

const lineage = (
  directory: Directory,
  roleId: string | undefined,
  below: readonly Role[] = [],
): readonly Role[] => {
  const role = directory.roles.find(({ id }) => id === roleId)
  if (role === undefined || below.includes(role)) return below
  return lineage(directory, role.parentRoleId, [...below, role])
}

/** A role's own permissions and its ancestors', each as `service_name:permission_name`. */
const permissionsOfRole = (directory: Directory, roleId: string): string[] => {
  const held = lineage(directory, roleId).flatMap(({ permissions }) => permissions)
  return directory.permissions
    .filter(({ id }) => held.includes(id))
    .map(({ serviceId, name }) => `${directory.services.find(({ id }) => id === serviceId)?.name}:${name}`)
}

const permissionsOfMappings = (directory: Directory, mappings: readonly Mapping[]): string[] =>
  [...new Set(mappings.flatMap(({ roleId }) => permissionsOfRole(directory, roleId)))].sort()

/** The mappings of an organisation that name one of these groups. */
export const mappingsOf = (
  directory: Directory,
  organisation: Organisation,
  groups: readonly string[],
): Mapping[] =>
  directory.mappings.filter(
    ({ organizationId, group }) => organizationId === organisation.id && groups.includes(group),
  )

/** What these groups may do, computed from the mappings as they are now. */
export const permissionsOf = (
  directory: Directory,
  organisation: Organisation,
  groups: readonly string[],
): Permissions => {
  const mappings = mappingsOf(directory, organisation, groups)
  const units = directory.units
    .map(({ id, name }) => [name, mappings.filter(({ unitId }) => unitId === id)] as const)
    .filter(([, held]) => held.length > 0)
    .map(([name, held]) => [name, permissionsOfMappings(directory, held)] as const)
  return {
    org: permissionsOfMappings(
      directory,
      mappings.filter(({ unitId }) => unitId === undefined),
    ),
    units: Object.fromEntries(units),
  }
}
