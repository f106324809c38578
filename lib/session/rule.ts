import type { Query } from '../http/query.ts'
import { Problem } from '../problem.ts'
import { isOrganisationName, type OrganisationName } from '../redirect/organisation-name.ts'
import type { Unit } from './directory.ts'
import { isHeld, type Permissions } from './permissions.ts'
import type { Claims } from './token.ts'

/** The requirements of a service. All given parts must hold. */
export type Rule = Readonly<{
  /** Undefined for any organisation, written `*` in the query. */
  org: OrganisationName | undefined
  unit: string | undefined
  permission: string | undefined
  sub: string | undefined
  /** Whether a navigation is redirected to the login instead of 401. */
  redirect: boolean
}>

const names = ['org', 'unit', 'permission', 'sub', 'redirect']

const misconfigured = (why: string): never => {
  throw new Problem('bad_rule', why)
}

/** Parses the rule in a query. Throws `bad_rule` for an unknown, empty or repeated parameter. */
export const ruleIn = (query: Query): Rule => {
  const values = new Map<string, string>()
  for (const [name, value] of query.all()) {
    if (!names.includes(name)) return misconfigured('unknown parameter')
    if (value === '') return misconfigured('empty parameter')
    if (values.has(name)) return misconfigured('repeated parameter')
    values.set(name, value)
  }
  const [org, permission, redirect] = [values.get('org'), values.get('permission'), values.get('redirect')]
  if (org === undefined) return misconfigured('no organisation')
  if (org !== '*' && !isOrganisationName(org)) return misconfigured('not the name of an organisation')
  if (permission !== undefined && !/^[^:]+:[^:]+$/.test(permission))
    return misconfigured('not service:permission')
  if (redirect !== undefined && redirect !== '1') return misconfigured('redirect is not 1')
  return {
    org: org === '*' ? undefined : org,
    unit: values.get('unit'),
    permission,
    sub: values.get('sub'),
    redirect: redirect !== undefined,
  }
}

/** The name of a part of the rule that does not hold, or undefined when all of it holds. */
export const unmetPart = (
  rule: Rule,
  { claims, units, permissions }: { claims: Claims; units: readonly Unit[]; permissions: Permissions },
): keyof Rule | undefined => {
  if (rule.org !== undefined && rule.org !== claims.org) return 'org'
  if (rule.sub !== undefined && rule.sub !== claims.subject) return 'sub'
  if (rule.unit !== undefined && !units.some(({ name }) => name === rule.unit)) return 'unit'
  if (rule.permission !== undefined && !isHeld(permissions, rule.permission, rule.unit)) return 'permission'
  return undefined
}
