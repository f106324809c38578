import { canonicalJson } from './canonical-json.ts'
import { type OrganisationContent, UnusableData } from './organisation-source.ts'

/** Limits for one organisation. If it exceeds them, it keeps its last good data. */
export const limits = {
  domains: 200,
  units: 10_000,
  mappings: 250_000,
  /** Roles named by its mappings. */
  roles: 5_000,
  /** Permissions of all these roles together, including inherited ones. */
  permissions: 200_000,
  /** Parents of one role. */
  ancestors: 2_500,
  /** Names of its blocked and signed-out subjects. */
  endedSubjects: 300_000,
  /** Characters of its content as JSON. */
  characters: 64_000_000,
} as const

/** Throws `UnusableData` when the count exceeds the limit of this kind. */
export const checkLimit = (kind: keyof typeof limits, count: number): void => {
  if (count > limits[kind]) throw new UnusableData(`more than ${limits[kind]} ${kind}`)
}

/** The content as canonical JSON. Throws `UnusableData` when it exceeds a limit. */
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
