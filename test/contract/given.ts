import { randomBytes } from 'node:crypto'
import { Problem } from '../../lib/problem.ts'
import type {
  EndedSubject,
  ListedOrganisation,
  OrganisationContent,
  OrganisationSource,
} from '../../lib/refresh/organisation-source.ts'
import type { OrganisationsDeps } from '../../lib/refresh/organisations-run.ts'
import { refreshOrganisations } from '../../lib/refresh/refresh-organisations.ts'
import { checkRevocation, isEnded, revocationKeys } from '../../lib/session/revocation.ts'
import { subjectFrom } from '../../lib/session/subject.ts'
import type { Claims } from '../../lib/session/token.ts'
import { organisationFrom } from '../../lib/state/organisation.ts'
import { organisationKey } from '../../lib/store/keys.ts'
import type { Table } from '../../lib/store/table.ts'

/** Requirements for a database of the gateway. `open` creates an empty table. */
export type Contract = (database: string, open: () => Promise<Table>) => void

export const claims = (more: Partial<Claims> = {}): Claims => ({
  org: 'demo',
  subject: 'somebody',
  issued: 1000,
  expires: 2000,
  notBefore: undefined,
  kind: 'id_token',
  groups: ['desk'],
  permissions: { org: [], units: new Map() },
  name: '',
  email: '',
  issuer: undefined,
  audience: undefined,
  session: randomBytes(8).toString('hex'),
  ...more,
})

/** The session of these claims, as one read finds it. `more`: keys of further items to read. */
export const sessionOf = async (table: Table, whose: Claims, more: readonly string[] = []) => {
  const keys = revocationKeys(whose)
  const org = organisationKey(whose.org)
  const items = await table.read([keys.session, keys.subject, org, ...more])
  return {
    claims: whose,
    items,
    ended: isEnded(items.get(keys.session)),
    subject: subjectFrom(items.get(keys.subject)),
    organisation: organisationFrom(items.get(org)),
  }
}

/** `ok`, or the code with which these claims are refused. */
export const revocationCode = async (
  table: Table,
  whose: Claims,
  organisationsKnown = false,
): Promise<string> => {
  const found = await sessionOf(table, whose)
  return codeOf(() => checkRevocation(whose, { ...found, organisationsKnown }))
}

export type Organisation = ListedOrganisation &
  OrganisationContent &
  Readonly<{ ended: readonly EndedSubject[] }>

export const organisation = (more: Partial<Organisation> = {}): Organisation => ({
  name: 'demo',
  blocked: false,
  notBefore: 0,
  domains: ['app.example.test'],
  directory: {
    units: [
      { name: 'north', displayName: 'North' },
      { name: 'south', displayName: 'South' },
    ],
    mappings: [{ group: 'desk', unit: 'north', role: 'r' }],
    roles: { r: ['svc:read'] },
  },
  ended: [],
  ...more,
})

/** A source of these organisations. */
export const sourceOf = (organisations: readonly Organisation[]): OrganisationSource => {
  const named = (name: string): Organisation => {
    const found = organisations.find((one) => one.name === name)
    if (found === undefined) throw new TypeError(`${name} is not listed`)
    return found
  }
  return {
    list: async () => organisations.map(({ name, blocked, notBefore }) => ({ name, blocked, notBefore })),
    ended: async (name) => named(name).ended,
    content: async (name) => ({ domains: named(name).domains, directory: named(name).directory }),
  }
}

/** Writes these organisations to a table, as a refresh does. */
export const writeOrganisations = (
  table: Table,
  organisations: readonly Organisation[],
  version: number,
  more: Partial<OrganisationsDeps> = {},
) =>
  refreshOrganisations({
    table,
    source: sourceOf(organisations),
    version,
    now: 0,
    signal: new AbortController().signal,
    ...more,
  })

export const codeOf = (work: () => unknown): string => {
  try {
    work()
    return 'ok'
  } catch (error) {
    return error instanceof Problem ? error.code : String(error)
  }
}
