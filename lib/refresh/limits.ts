import { canonicalJson } from './canonical-json.ts'
import { type OrganisationContent, UnusableData } from './organisation-source.ts'

/**
 * The most that one organisation may hold. Beyond it the organisation keeps its last good data: contract,
 * section 8.
 */
export const limits = {
  domains: 200,
  units: 10_000,
  mappings: 250_000,
  /** Roles that its mappings name. */
  roles: 5_000,
  /** Permissions of all those roles together, inherited ones included. */
  permissions: 200_000,
  /** Parents of one role. */
  ancestors: 2_500,
  /** Names of its blocked and signed-out subjects. */
  endedSubjects: 300_000,
  /** Characters of its content as JSON. */
  characters: 64_000_000,
} as const

/** Throws `UnusableData` when there are more of this kind than the limit allows. */
export const checkLimit = (kind: keyof typeof limits, count: number): void => {
  if (count > limits[kind]) throw new UnusableData(`more than ${limits[kind]} ${kind}`)
}

/** The content as canonical JSON, within all limits, whatever its source. Throws `UnusableData` otherwise. */
export const limitedContent = (content: OrganisationContent): string => {
  const { domains, directory } = content
  checkLimit('domains', domains.length)
  checkLimit('units', directory.units.length)
  checkLimit('mappings', directory.mappings.length)
  const roles = Object.values(directory.roles)
  checkLimit('roles', roles.length)
  checkLimit(
    'permissions',
    roles.reduce((sum, permissions) => sum + permissions.length, 0),
  )
  const text = canonicalJson(content)
  checkLimit('characters', text.length)
  return text
}
