import { isDomainName } from '../domain-name.ts'
import { isOrganisationName } from '../redirect/organisation-name.ts'
import { directoryFrom, type RolePermissions, rolePermissions } from './admin-directory.ts'
import { compare, instant, isAbsent, type Row, rowsOf, text, truth } from './admin-rows.ts'
import {
  type EndedSubject,
  type ListedOrganisation,
  type OrganisationSource,
  UnusableData,
} from './organisation-source.ts'
import { type AdminList, type Upstream, UpstreamError } from './upstream.ts'

/** The Admin API as a source of organisations. */

type IsPublicSuffix = (domain: string) => boolean

/** The valid return domains of a list. Leaves out public suffixes, IP addresses and invalid names. */
export const returnDomains = (listed: readonly unknown[], isPublicSuffix: IsPublicSuffix): string[] =>
  [...new Set(listed.map((domain) => text(domain).toLowerCase()))]
    .filter((domain) => isDomainName(domain) && !isPublicSuffix(domain))
    .sort()

const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/** Parses `whitelistCallbackUrls`, a JSON text with a list of bare domains. Absent means none. */
const domainsOf = (value: unknown, isPublicSuffix: IsPublicSuffix): string[] => {
  if (isAbsent(value)) return []
  const listed = parsed(text(value))
  if (!Array.isArray(listed)) throw new UnusableData('whitelistCallbackUrls: not a list in JSON')
  return returnDomains(listed, isPublicSuffix)
}

/** Every form that a token's `sub` may have: the id, `<org>_<id>`, or `organizationSubject`. */
const subjectNames = (org: string, subject: Row): string[] => {
  const id = text(subject.id)
  return [...new Set([id, id && `${org}_${id}`, text(subject.organizationSubject)])].filter(
    (name) => name !== '' && encodeURIComponent(name).length <= 900,
  )
}

type Revocation = Readonly<{ blocked: boolean; notBefore: number }>

const revocationIn = (row: Row): Revocation => ({
  blocked: truth(row.blocked),
  notBefore: instant(row.notBefore),
})

/** Combines two rows with the same name. The stricter values count. */
const stricter = (a: Revocation, b: Revocation): Revocation => ({
  blocked: a.blocked || b.blocked,
  notBefore: Math.max(a.notBefore, b.notBefore),
})

const endedFrom = (org: string, subjects: readonly Row[]): readonly EndedSubject[] => {
  const ended = new Map<string, Revocation>()
  for (const subject of subjects)
    for (const name of subjectNames(org, subject)) {
      const known = ended.get(name)
      ended.set(name, known === undefined ? revocationIn(subject) : stricter(known, revocationIn(subject)))
    }
  return [...ended]
    .filter(([, { blocked, notBefore }]) => blocked || notBefore > 0)
    .map(([name, { blocked, notBefore }]) => ({ name, blocked, ...(notBefore > 0 ? { notBefore } : {}) }))
    .sort((a, b) => compare(a.name, b.name))
}

const listedFrom = (name: string, rows: readonly Row[]): ListedOrganisation => ({
  name,
  ...rows.map(revocationIn).reduce(stricter),
})

/** The row of an organisation. Throws `UnusableData` when its rows differ or have no id. */
const describing = (rows: readonly Row[]): Row => {
  const [row = {}] = rows
  const isSame = (other: Row) =>
    text(other.id) === text(row.id) && text(other.whitelistCallbackUrls) === text(row.whitelistCallbackUrls)
  if (!rows.every(isSame)) throw new UnusableData('listed twice, in different ways')
  if (text(row.id) === '') throw new UnusableData('listed without an id')
  return row
}

type List = (name: AdminList, id?: string) => Promise<readonly Row[]>

const fetchRoles = async (list: List): Promise<RolePermissions> => {
  const [roles, services, permissions] = await Promise.all([
    list('roles.list'),
    list('services.list'),
    list('permissions.list'),
  ])
  return rolePermissions(roles, services, permissions)
}

/** The Admin API as a source for one run. Lists that are not of one organisation are fetched once. */
export const adminApi = (
  upstream: Upstream,
  isPublicSuffix: IsPublicSuffix,
  signal?: AbortSignal,
): OrganisationSource => {
  const list: List = async (name, id) => rowsOf(name, await upstream.list(name, id, signal))

  const listed = new Map<string, Row[]>()
  const rowsNamed = (name: string): readonly Row[] => listed.get(name) ?? []
  let roles: Promise<RolePermissions> | undefined

  return {
    list: async () => {
      for (const row of await list('organizations.list')) {
        const name = text(row.name)
        if (isOrganisationName(name)) listed.set(name, [...rowsNamed(name), row])
      }
      if (listed.size === 0) throw new UpstreamError('organizations.list: no organisation', false)
      return [...listed].map(([name, rows]) => listedFrom(name, rows)).sort((a, b) => compare(a.name, b.name))
    },
    ended: async (name) => {
      const ids = [...new Set(rowsNamed(name).map((row) => text(row.id)))].filter((id) => id !== '')
      if (ids.length === 0) throw new UnusableData('listed without an id')
      const subjects = await Promise.all(ids.map((id) => list('subjects.list', id)))
      return endedFrom(name, subjects.flat())
    },
    content: async (name) => {
      const row = describing(rowsNamed(name))
      const domains = domainsOf(row.whitelistCallbackUrls, isPublicSuffix)
      roles ??= fetchRoles(list)
      const allRoles = await roles
      const [units, mappings] = await Promise.all([
        list('units.list', text(row.id)),
        list('organizations.listGroupToRoleMappings', text(row.id)),
      ])
      return { domains, directory: directoryFrom(units, mappings, allRoles) }
    },
  }
}
