import { isJsonObject } from '../json-object.ts'
import { isOrganisationName } from '../redirect/organisation-name.ts'
import type { Directory, Unit } from '../session/directory.ts'
import { compare, type Row } from './admin-rows.ts'
import { returnDomains } from './fetch-organisations.ts'
import { limitedContent } from './limits.ts'
import { type OrganisationContent, type OrganisationSource, UnusableData } from './organisation-source.ts'
import { UpstreamError } from './upstream.ts'

/**
 * The organisations file as a source of organisations, instead of the Admin API. Synth and doctor refuse a
 * file with problems. At run time, a problem only affects its own organisation.
 */

type IsPublicSuffix = (domain: string) => boolean

type Parsed = Readonly<{ content: OrganisationContent; blocked: boolean; problems: readonly string[] }>

const members: Readonly<Record<'organisation' | 'unit' | 'mapping', readonly string[]>> = {
  organisation: [
    'name',
    'displayName',
    'blocked',
    'whitelistCallbackUrls',
    'units',
    'mappings',
    // Only for the identity service, which checks it: identity/organisations.ts.
    'provider',
  ],
  unit: ['name', 'displayName'],
  mapping: ['group', 'unit', 'permissions'],
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.isWellFormed()
const isPermission = (value: unknown): value is string =>
  typeof value === 'string' && /^[^:\s]+:[^:\s]+$/.test(value)

const strangeMembers = (kind: keyof typeof members, row: Row): string[] =>
  Object.keys(row)
    .filter((name) => !members[kind].includes(name))
    .map((name) => `${name} is not a member of this ${kind}`)

/** The rows of a list member. Absent means none. */
const rowsIn = (row: Row, name: string, problems: string[]): readonly Row[] => {
  const { [name]: value = [] } = row
  if (Array.isArray(value) && value.every(isJsonObject)) return value
  problems.push(`${name} has to be a list of objects`)
  return []
}

const domainsIn = (row: Row, isPublicSuffix: IsPublicSuffix, problems: string[]): readonly string[] => {
  const { whitelistCallbackUrls: value = [] } = row
  const listed: readonly unknown[] = Array.isArray(value) ? value : []
  if (listed !== value) problems.push('whitelistCallbackUrls has to be a list')
  for (const [index, domain] of listed.entries())
    if (returnDomains([domain], isPublicSuffix).length === 0)
      problems.push(`whitelistCallbackUrls: entry ${index + 1} is not a bare domain, or is a public suffix`)
  return returnDomains(listed, isPublicSuffix)
}

const unitsIn = (row: Row, problems: string[]): readonly Unit[] => {
  const units = new Map<string, Unit>()
  for (const [index, unit] of rowsIn(row, 'units', problems).entries()) {
    const { name, displayName = name } = unit
    if (!isText(name) || !isText(displayName) || units.has(name))
      problems.push(`units: entry ${index + 1} needs a name of its own`)
    else units.set(name, { name, displayName })
    problems.push(...strangeMembers('unit', unit))
  }
  return [...units.values()].sort((a, b) => compare(a.name, b.name))
}

/** Mappings in the file grant permissions directly. Each set of permissions becomes a role. */
const grantsIn = (
  row: Row,
  units: readonly Unit[],
  problems: string[],
): Pick<Directory, 'mappings' | 'roles'> => {
  const roles = new Map<string, readonly string[]>()
  const mappings: Directory['mappings'][number][] = []
  for (const [index, mapping] of rowsIn(row, 'mappings', problems).entries()) {
    const { group, unit, permissions = [] } = mapping
    problems.push(...strangeMembers('mapping', mapping))
    const isKnown = unit === undefined || units.some(({ name }) => name === unit)
    if (!isText(group) || !isKnown || !Array.isArray(permissions) || !permissions.every(isPermission)) {
      problems.push(`mappings: entry ${index + 1} needs a group, a listed unit, service:permission`)
      continue
    }
    const granted = [...new Set(permissions)].sort()
    const role = granted.join(' ') || 'none'
    roles.set(role, granted)
    mappings.push({ group, role, ...(isText(unit) ? { unit } : {}) })
  }
  const order = ({ group, unit = '', role }: (typeof mappings)[number]) => `${group}\0${unit}\0${role}`
  return {
    mappings: mappings.sort((a, b) => compare(order(a), order(b))),
    roles: Object.fromEntries(roles),
  }
}

const limitProblems = (content: OrganisationContent): string[] => {
  try {
    limitedContent(content)
    return []
  } catch (error) {
    if (error instanceof UnusableData) return [error.message]
    throw error
  }
}

const parsed = (row: Row, isPublicSuffix: IsPublicSuffix): Parsed => {
  const problems = strangeMembers('organisation', row)
  const { blocked = false, displayName = 'none' } = row
  if (typeof blocked !== 'boolean') problems.push('blocked has to be true or false')
  if (!isText(displayName)) problems.push('displayName has to be a text')
  const domains = domainsIn(row, isPublicSuffix, problems)
  const units = unitsIn(row, problems)
  const content = { domains, directory: { units, ...grantsIn(row, units, problems) } }
  // An invalid value blocks.
  return { content, blocked: blocked !== false, problems: [...problems, ...limitProblems(content)] }
}

const parseAll = (document: unknown, isPublicSuffix: IsPublicSuffix) => {
  const listed = isJsonObject(document) ? document.organisations : undefined
  if (!Array.isArray(listed) || listed.length === 0 || !listed.every(isJsonObject)) return undefined
  const organisations = new Map<string, Parsed>()
  const problems: string[] = []
  for (const [index, row] of listed.entries()) {
    const { name } = row
    if (typeof name !== 'string' || !isOrganisationName(name))
      problems.push(`organisation ${index + 1} needs a name of letters, digits, dots, hyphens, underscores`)
    else if (organisations.has(name)) problems.push(`${name} is listed twice`)
    else {
      const organisation = parsed(row, isPublicSuffix)
      organisations.set(name, organisation)
      problems.push(...organisation.problems.map((problem) => `${name}: ${problem}`))
    }
  }
  return { organisations, problems }
}

/** Every problem in the gateway's part of a file. Names and positions only, never values. */
export const organisationsFileProblems = (
  document: unknown,
  isPublicSuffix: IsPublicSuffix,
): readonly string[] =>
  parseAll(document, isPublicSuffix)?.problems ?? ['organisations has to be a list of objects']

/** A parsed file as a source. */
export const organisationsFile = (document: unknown, isPublicSuffix: IsPublicSuffix): OrganisationSource => {
  const organisations = parseAll(document, isPublicSuffix)?.organisations ?? new Map<string, Parsed>()
  return {
    list: async () => {
      if (organisations.size === 0) throw new UpstreamError('organisations file: no organisation', false)
      return [...organisations]
        .map(([name, { blocked }]) => ({ name, blocked, notBefore: 0 }))
        .sort((a, b) => compare(a.name, b.name))
    },
    ended: async () => [],
    content: async (name) => {
      const organisation = organisations.get(name)
      if (organisation === undefined || organisation.problems.length > 0)
        throw new UnusableData('organisations file: the data of this organisation are invalid')
      return organisation.content
    },
  }
}
