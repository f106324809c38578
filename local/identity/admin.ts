import { type BufferedRequest, bearer, failures, json, type Reply } from './exchange.ts'
import { BadInput, own, text } from './input.ts'
import type { StandIn } from './stand-in.ts'

type Owned = { organizationId: string }

const organisationId = (query: URLSearchParams): string => text(query.get('organizationId'), 'organizationId')

const ofOrganisation = <T extends Owned>(items: readonly T[], query: URLSearchParams): T[] => {
  const wanted = organisationId(query)
  return items.filter(({ organizationId }) => organizationId === wanted)
}

const lists: Readonly<Record<string, (standIn: StandIn, query: URLSearchParams) => unknown>> = {
  'organizations.list': ({ directory }) => directory.organisations,
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

/** The response that a test has put in place of a list. */
const replacedBy = (
  { answers, directory }: StandIn,
  { query }: BufferedRequest,
  name: string,
): Reply | undefined => {
  const home = directory.organisations.find(({ id }) => id === query.get('organizationId'))
  const answer = answers.get(`${name} ${home?.name}`) ?? answers.get(name)
  return answer && json(answer.rows, answer.status)
}

/** `/v1/<resource>.list`: the lists of the Admin API that the gateway reads. */
export const adminApi = (standIn: StandIn, asked: BufferedRequest, name: string): Reply => {
  const list = own(lists, name)
  if (asked.method !== 'GET' || list === undefined) return failures.notFound
  if (!standIn.accessTokens.has(bearer(asked) ?? '')) return failures.missingToken
  try {
    return replacedBy(standIn, asked, name) ?? json(list(standIn, asked.query))
  } catch (error) {
    if (error instanceof BadInput) return failures.badRequest
    throw error
  }
}
