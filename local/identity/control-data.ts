import type { Command } from './command.ts'
import { bad, type Members, member, members, nullable, only, optional, text, texts, whole } from './input.ts'
import { type Directory, type Mapping, type Organisation, ordinaryRole, type User } from './seed.ts'

const organisationNamed = ({ organisations }: Directory, name: string): Organisation =>
  organisations.find((organisation) => organisation.name === name) ??
  bad(`there is no organisation "${name}"`)

const userNamed = ({ users }: Directory, name: string): User =>
  users.find((user) => user.name === name) ?? bad(`there is no user "${name}"`)

/** Replaces members; null removes one. Throws for other names before anything changes. */
const change = (target: object, set: Members, ...names: readonly string[]): void => {
  only(set, ...names)
  for (const [name, value] of Object.entries(set))
    if (value === null) Reflect.deleteProperty(target, name)
    else Reflect.set(target, name, value)
}

const mappingFrom = (directory: Directory, input: Members): Mapping => {
  only(input, 'org', 'group', 'unit', 'role')
  const { id: organizationId } = organisationNamed(directory, member(input, 'org', text))
  const role = member(input, 'role', optional(text)) ?? ordinaryRole
  const { id: roleId } =
    directory.roles.find(({ name }) => name === role) ?? bad(`there is no role "${role}"`)
  const mapping = { roleId, organizationId, group: member(input, 'group', text) }

  const unitName = member(input, 'unit', nullable(text))
  if (unitName === null) return mapping
  const found = directory.units.find((one) => one.organizationId === organizationId && one.name === unitName)
  return { ...mapping, unitId: (found ?? bad(`there is no unit "${unitName}" there`)).id }
}

const same = (one: Mapping, other: Mapping): boolean =>
  one.organizationId === other.organizationId && one.group === other.group && one.unitId === other.unitId

/** The switches for organisations, people and the roles of their groups. */
export const dataCommands = {
  organisation: {
    what: 'Changes an organisation: blocked, notBefore (null removes it), whitelistCallbackUrls.',
    example: { org: 'demo', set: { blocked: true } },
    run: ({ directory }, input) => {
      only(input, 'org', 'set')
      const organisation = organisationNamed(directory, member(input, 'org', text))
      change(organisation, member(input, 'set', members), 'blocked', 'notBefore', 'whitelistCallbackUrls')
      return { organisation }
    },
  },
  subject: {
    what: 'Changes a user: blocked, notBefore (null removes it), groups.',
    example: { user: 'editor', set: { groups: ['west-desk'] } },
    run: ({ directory }, input) => {
      only(input, 'user', 'set')
      const user = userNamed(directory, member(input, 'user', text))
      const { groups = user.groups, ...set } = member(input, 'set', members)
      change(user.subject, set, 'blocked', 'notBefore')
      user.groups = texts(groups, 'groups')
      return { user }
    },
  },
  mapping: {
    what: 'Adds or removes the roles of a group in a unit, or everywhere (null). "add" accepts a "role"; "remove" removes every role.',
    example: { add: { org: 'demo', group: 'visitors', unit: 'west' } },
    run: ({ directory }, input) => {
      only(input, 'add', 'remove')
      const add = member(input, 'add', optional(members))
      const remove = member(input, 'remove', optional(members))
      if ((add === undefined) === (remove === undefined)) return bad('say either "add" or "remove"')
      if (add !== undefined) {
        directory.mappings.push(mappingFrom(directory, add))
        return { mappings: directory.mappings }
      }
      const gone = mappingFrom(directory, remove ?? {})
      if (!directory.mappings.some((mapping) => same(mapping, gone))) return bad('there is no such mapping')
      directory.mappings = directory.mappings.filter((mapping) => !same(mapping, gone))
      return { mappings: directory.mappings }
    },
  },
  answer: {
    what: 'Replaces a list of the Admin API, for one organisation or all. Without "list", restores all lists.',
    example: { list: 'units.list', org: 'demo', status: 500, rows: [] },
    run: ({ answers, directory }, input) => {
      only(input, 'list', 'org', 'status', 'rows')
      const list = member(input, 'list', optional(text))
      const org = member(input, 'org', optional(text))
      const status = member(input, 'status', optional(whole)) ?? 200
      if (list === undefined) answers.clear()
      else {
        const name = org === undefined ? list : `${list} ${organisationNamed(directory, org).name}`
        answers.set(name, { status, rows: input.rows ?? [] })
      }
      return undefined
    },
  },
} as const satisfies Record<string, Command>
