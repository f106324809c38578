import { type Directories, type IndexedDirectory, oncePerToken, type Recognised } from './directory.ts'
import type { Claims } from './token.ts'

/** Permissions as `service:permission`. In a unit, those of the organisation hold too. */
export type Permissions = Readonly<{
  org: ReadonlySet<string>
  units: ReadonlyMap<string, ReadonlySet<string>>
}>

/** Permissions of an ID token: those of its groups' roles in the current directory. */
const granted = (directory: IndexedDirectory | undefined, { groups }: Claims): Permissions => {
  const org = new Set<string>()
  const units = new Map<string, Set<string>>()
  for (const { unit, role } of groups.flatMap((group) => directory?.mappings.get(group) ?? [])) {
    const held = unit === undefined ? org : (units.get(unit) ?? new Set<string>())
    if (unit !== undefined) units.set(unit, held)
    for (const permission of directory?.roles.get(role) ?? []) held.add(permission)
  }
  return { org, units }
}

/** Permissions of an access token: those in the token, independent of the directory. */
const stated = ({ permissions: { org, units } }: Claims): Permissions => ({
  org: new Set(org),
  units: new Map([...units].map(([unit, held]) => [unit, new Set(held)])),
})

/** Whether a permission is held in the organisation or, if given, in this unit. */
export const isHeld = ({ org, units }: Permissions, permission: string, unit?: string): boolean =>
  org.has(permission) || (unit !== undefined && (units.get(unit)?.has(permission) ?? false))

/** Finds the permissions of a session. */
export type PermissionsOf = (session: Recognised) => Promise<Permissions>

/** The permissions of a session, from the directory or from the token itself. */
export const permissionsIn = (directories: Directories): PermissionsOf => {
  const held = oncePerToken((directory, claims) =>
    claims.kind === 'access_token' ? stated(claims) : granted(directory, claims),
  )
  return async (session) => held(await directories.of(session), session.claims)
}
