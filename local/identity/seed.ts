/**
 * The data of the stand-in at its start. Every id is a constant, so that the same people exist after a
 * restart.
 */

/**
 * An organisation as in `organizations.list`. `notBefore` is our guess: when all of its sessions were ended.
 */
export type Organisation = {
  id: string
  name: string
  displayName: string
  /** A JSON-encoded array of bare domains, as documented. */
  whitelistCallbackUrls: string
  blocked: boolean
  groupsClaim: string
  notBefore?: number
}
type Unit = { id: string; organizationId: string; name: string; displayName: string; description: string }
type Service = { id: string; name: string }
type Permission = { id: string; serviceId: string; name: string }
/** Permissions of a service. A role also has the permissions of its parent. */
export type Role = {
  id: string
  serviceId: string
  name: string
  permissions: string[]
  parentRoleId?: string
}
/** A group's role in a unit, or in the whole organisation when there is no `unitId`. */
export type Mapping = { roleId: string; unitId?: string; organizationId: string; group: string }
/** A person as in `subjects.list`. `organizationSubject` is the `sub` of tokens. */
export type Subject = {
  id: string
  organizationId: string
  organizationSubject: string
  blocked: boolean
  notBefore?: number
}
/** A person who can sign in: the subject, and the data that only the organisation's provider has. */
export type User = {
  name: string
  subject: Subject
  groups: string[]
  userinfo: { given_name: string; family_name: string; email: string; picture: string }
}
/** All data of the stand-in. */
export type Directory = {
  organisations: Organisation[]
  units: Unit[]
  services: Service[]
  permissions: Permission[]
  roles: Role[]
  mappings: Mapping[]
  users: User[]
}

/** The role of a mapping that names none. */
export const ordinaryRole = 'writer'

const kinds = {
  organisation: 'a',
  unit: 'b',
  service: 'c',
  permission: 'd',
  role: 'e',
  subject: 'f',
} as const
const id = (kind: keyof typeof kinds, number: number): string =>
  `${kinds[kind].repeat(8)}-5eed-4000-8000-${String(number).padStart(12, '0')}`

const [demo, second, closed] = [id('organisation', 1), id('organisation', 2), id('organisation', 3)]
const [north, south, west, east] = [id('unit', 1), id('unit', 2), id('unit', 3), id('unit', 4)]
const [content, planning] = [id('service', 1), id('service', 2)]
const [reader, writer, publisher, planner] = [id('role', 1), id('role', 2), id('role', 3), id('role', 4)]

const organisation = (organizationId: string, name: string, displayName: string): Organisation => ({
  id: organizationId,
  name,
  displayName,
  whitelistCallbackUrls: JSON.stringify([`${name}.example.com`]),
  blocked: false,
  groupsClaim: 'groups',
})

const unit = (unitId: string, organizationId: string, name: string, displayName: string): Unit => ({
  id: unitId,
  organizationId,
  name,
  displayName,
  description: `The ${displayName} newsroom`,
})

const user = (number: number, home: Organisation, name: string, person: string, groups: string[]): User => {
  const [given_name = name, family_name = name] = person.split(' ')
  const email = `${name}@${home.name}.example.com`
  const picture = `https://${home.name}.example.com/pictures/${name}.png`
  return {
    name,
    groups,
    userinfo: { given_name, family_name, email, picture },
    subject: {
      id: id('subject', number),
      organizationId: home.id,
      organizationSubject: `${home.name}_${id('subject', number)}`,
      blocked: false,
    },
  }
}

/** A new copy of the data, which may be changed. */
export const freshDirectory = (): Directory => {
  const demoOrganisation = organisation(demo, 'demo', 'Demo News')
  const secondOrganisation = organisation(second, 'second', 'Second Press')
  const closedOrganisation = { ...organisation(closed, 'closed', 'Closed Gazette'), blocked: true }
  return {
    organisations: [demoOrganisation, secondOrganisation, closedOrganisation],
    units: [
      unit(north, demo, 'north', 'North'),
      unit(south, demo, 'south', 'South'),
      unit(west, demo, 'west', 'West'),
      unit(east, second, 'east', 'East'),
    ],
    services: [
      { id: content, name: 'content' },
      { id: planning, name: 'planning' },
    ],
    permissions: [
      { id: id('permission', 1), serviceId: content, name: 'read' },
      { id: id('permission', 2), serviceId: content, name: 'write' },
      { id: id('permission', 3), serviceId: content, name: 'publish' },
      { id: id('permission', 4), serviceId: planning, name: 'read' },
    ],
    roles: [
      { id: reader, serviceId: content, name: 'reader', permissions: [id('permission', 1)] },
      {
        id: writer,
        serviceId: content,
        name: ordinaryRole,
        permissions: [id('permission', 2)],
        parentRoleId: reader,
      },
      {
        id: publisher,
        serviceId: content,
        name: 'publisher',
        permissions: [id('permission', 3)],
        parentRoleId: writer,
      },
      { id: planner, serviceId: planning, name: 'planner', permissions: [id('permission', 4)] },
    ],
    mappings: [
      { roleId: writer, unitId: north, organizationId: demo, group: 'north-desk' },
      { roleId: planner, unitId: north, organizationId: demo, group: 'north-desk' },
      { roleId: reader, unitId: south, organizationId: demo, group: 'south-desk' },
      { roleId: writer, unitId: west, organizationId: demo, group: 'west-desk' },
      { roleId: publisher, organizationId: demo, group: 'chiefs' },
      { roleId: writer, unitId: east, organizationId: second, group: 'east-desk' },
    ],
    users: [
      user(1, demoOrganisation, 'editor', 'Edith Reyes', ['staff', 'north-desk', 'south-desk']),
      user(2, demoOrganisation, 'chief', 'Chiara Lund', ['staff', 'chiefs']),
      user(3, demoOrganisation, 'visitor', 'Viktor Amsel', ['visitors']),
      user(4, secondOrganisation, 'guest', 'Gita Olsen', ['east-desk']),
      user(5, closedOrganisation, 'nobody', 'Nora Beaulieu', ['staff']),
    ],
  }
}
