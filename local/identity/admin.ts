import { type Asked, bearer, done, failures, json, type Reply } from './exchange.ts'
import { BadInput, bad, jsonBody, type Members, own, text } from './input.ts'
import { verified } from './keys.ts'
import type { Directory, Organisation, Subject } from './seed.ts'
import { now, type StandIn } from './stand-in.ts'

type Owned = { organizationId: string }
type Endable = { blocked: boolean; notBefore?: number }

const organisationId = (query: URLSearchParams): string => text(query.get('organizationId'), 'organizationId')

const ofOrganisation = <T extends Owned>(items: readonly T[], query: URLSearchParams): T[] => {
  const wanted = organisationId(query)
  return items.filter(({ organizationId }) => organizationId === wanted)
}

const lists: Readonly<Record<string, (standIn: StandIn, query: URLSearchParams) => unknown>> = {
  'organizations.list': ({ directory, switches }) =>
    switches.organisations === 'empty' ? [] : directory.organisations,
  'organizations.listGroupToRoleMappings': ({ directory }, query) =>
    ofOrganisation(directory.mappings, query),
  'units.list': ({ directory }, query) => ofOrganisation(directory.units, query),
  'roles.list': ({ directory }) => directory.roles,
  'services.list': ({ directory }) => directory.services,
  'permissions.list': ({ directory }) => directory.permissions,
  'subjects.list': ({ directory }, query) =>
    ofOrganisation(
      directory.users.map(({ subject }) => subject),
      query,
    ),
}

const changes: Readonly<Record<string, (target: Endable) => void>> = {
  logout: (target) => {
    target.notBefore = now()
  },
  block: (target) => {
    target.blocked = true
  },
  unblock: (target) => {
    target.blocked = false
  },
}

const targets: Readonly<Record<string, (directory: Directory, body: Members) => Organisation | Subject>> = {
  organizations: (directory, { id }) =>
    directory.organisations.find((organisation) => organisation.id === text(id, 'id')) ?? bad('unknown id'),
  subjects: (directory, { organizationId, organizationSubject }) =>
    directory.users
      .map(({ subject }) => subject)
      .find(
        (subject) =>
          subject.organizationId === text(organizationId, 'organizationId') &&
          subject.organizationSubject === text(organizationSubject, 'organizationSubject'),
      ) ?? bad('unknown subject'),
}

/** What a test has put instead of a list, if anything. */
const replacedBy = ({ answers, directory }: StandIn, { query }: Asked, name: string): Reply | undefined => {
  const home = directory.organisations.find(({ id }) => id === query.get('organizationId'))
  const answer = answers.get(`${name} ${home?.name}`) ?? answers.get(name)
  return answer && json(answer.rows, answer.status)
}

/** The call that a method and a name stand for, ready to be made. */
const callFor = (standIn: StandIn, asked: Asked, name: string): (() => Reply) | undefined => {
  const [resource = '', verb = ''] = name.split('.')
  if (asked.method === 'GET') {
    const list = own(lists, name)
    return list && (() => replacedBy(standIn, asked, name) ?? json(list(standIn, asked.query)))
  }
  const [change, target] = [own(changes, verb), own(targets, resource)]
  if (asked.method !== 'POST' || change === undefined || target === undefined) return undefined
  return () => {
    change(target(standIn.directory, jsonBody(asked.body)))
    return done
  }
}

/** `/v1/<resource>.<verb>`: what the gateway reads of the Admin API, and the calls that end sessions. */
export const adminApi = async (standIn: StandIn, asked: Asked, name: string): Promise<Reply> => {
  const call = callFor(standIn, asked, name)
  if (call === undefined) return failures.notFound
  if ((await verified(standIn.ring, bearer(asked) ?? '', 'access_token')) === undefined)
    return failures.missingToken
  try {
    return call()
  } catch (error) {
    if (error instanceof BadInput) return failures.badRequest
    throw error
  }
}
