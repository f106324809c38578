import { type Directories, type DirectorySession, type IndexedDirectory, oncePerToken } from './directory.ts'
import type { Claims } from './token.ts'

/** Permissions as `service:permission`. In a unit, those of the organisation hold too. */
export type Permissions = Readonly<{
  org: ReadonlySet<string>
  units: ReadonlyMap<string, ReadonlySet<string>>
}>

/** Permissions of an ID token: those of its groups' roles in the current directory. */
const granted = ({ mappings, roles }: IndexedDirectory, { groups }: Claims): Permissions => {
  const org = new Set<string>()
  const units = new Map<string, Set<string>>()
  const heldIn = (unit: string): Set<string> => {
    const held = units.get(unit) ?? new Set<string>()
    units.set(unit, held)
    return held
  }
  for (const { unit, role } of groups.flatMap((group) => mappings.get(group) ?? [])) {
    const held = unit === undefined ? org : heldIn(unit)
    for (const permission of roles.get(role) ?? []) held.add(permission)
  }
  return { org, units }
}

/** Permissions of an access token: those in the token, independent of the directory. */
const stated = ({ permissions: { org, units } }: Claims): Permissions => ({
  org: new Set(org),
  units: new Map([...units].map(([unit, held]) => [unit, new Set(held)])),
})

/** Whether a permission is held in the organisation or, if given, in this unit. */
export const isHeld = ({ org, units }: Permissions, permission: string, unit?: string): boolean => {
  const inUnit = unit === undefined ? undefined : units.get(unit)
  return org.has(permission) || inUnit?.has(permission) === true
}

/** Finds the permissions of a session. */
export type PermissionsOf = (session: DirectorySession) => Promise<Permissions>

/** The permissions of a session, from the directory or from the token itself. */
export const permissionsIn = (directories: Directories): PermissionsOf => {
  const held = oncePerToken((directory, claims) =>
    claims.kind === 'access_token' ? stated(claims) : granted(directory, claims),
  )
  return async (session) => held(await directories.of(session), session.claims)
}
