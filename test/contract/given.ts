import { randomBytes } from 'node:crypto'
import { Problem } from '../../lib/problem.ts'
import type { Organisation } from '../../lib/refresh/fetch-organisations.ts'
import { checkRevocation, isEnded, revocationKeys } from '../../lib/session/revocation.ts'
import { subjectFrom } from '../../lib/session/subject.ts'
import type { Claims } from '../../lib/session/token.ts'
import { organisationFrom } from '../../lib/state/organisation.ts'
import { organisationKey } from '../../lib/store/keys.ts'
import type { Table } from '../../lib/store/table.ts'

/** What a database behind the gateway has to hold to. `open` gives an empty table. */
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

/** What one read says of these claims, in which also the items under `more` are. */
export const recognised = async (table: Table, whose: Claims, more: readonly string[] = []) => {
  const items = await table.read([...revocationKeys(whose), organisationKey(whose.org), ...more])
  return {
    claims: whose,
    items,
    ended: isEnded(items, whose),
    subject: subjectFrom(items, whose.org, whose.subject),
    organisation: organisationFrom(items, whose.org),
  }
}

/** Whether these claims still count: `ok`, or the code that says why not. */
export const standingOf = async (
  table: Table,
  whose: Claims,
  organisationsKnown = false,
): Promise<string> => {
  const found = await recognised(table, whose)
  return codeOf(() => checkRevocation(whose, { ...found, organisationsKnown }))
}

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

export const codeOf = (work: () => unknown): string => {
  try {
    work()
    return 'ok'
  } catch (error) {
    return error instanceof Problem ? error.code : String(error)
  }
}
