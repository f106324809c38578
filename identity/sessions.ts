import { createHash } from 'node:crypto'
import { subjectKey } from '../lib/store/keys.ts'
import { type Items, numberIn, type Table, textIn } from '../lib/store/table.ts'
import type { Claims } from './exchange.ts'
import { issuerName, type Organisation } from './organisations.ts'

/** Which of our subjects a provider's session belongs to, so that the provider can end it. Two digests a sign-in, nothing else. */

const digest = (kind: 'sid' | 'sub', { name, provider }: Organisation, value: string): string =>
  `${kind.toUpperCase()}#${createHash('sha256')
    .update(JSON.stringify([kind, name, issuerName(provider), value]))
    .digest('base64url')}`

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** The keys of what a provider calls a session and a subject. A session is looked for first. */
export const sessionKeys = (organisation: Organisation, { sid, sub }: Claims): readonly string[] => [
  ...(text(sid) === undefined ? [] : [digest('sid', organisation, String(sid))]),
  ...(text(sub) === undefined ? [] : [digest('sub', organisation, String(sub))]),
]

/** Remembers whose a provider's session is, for as long as our token lives. */
export const rememberSession = async (
  table: Table,
  organisation: Organisation,
  claims: Claims,
  { subject, expires }: Readonly<{ subject: string; expires: number }>,
): Promise<void> => {
  const item = { subject: { S: subject }, expires: { N: String(expires) } }
  await Promise.all(sessionKeys(organisation, claims).map((key) => table.put(key, item)))
}

/** Our subject behind the first of these keys that is known and has not run out. */
export const subjectIn = (items: Items, keys: readonly string[], now: number): string | undefined =>
  keys
    .map((key) => items.get(key))
    .filter((item) => numberIn(item, 'expires') > now)
    .map((item) => textIn(item, 'subject'))
    .find((subject) => subject !== undefined)

/** Ends every session of a subject that began before `at`, at these gateways. Only ever later, never earlier. */
export const endSessions = async (
  gatewayTables: readonly Table[],
  org: string,
  subject: string,
  at: number,
): Promise<void> => {
  await Promise.all(
    gatewayTables.map((table) =>
      table.change(subjectKey(org, subject), {
        set: 'SET #notBefore = :notBefore',
        values: { notBefore: { N: String(at) } },
        when: 'attribute_not_exists(#notBefore) OR #notBefore < :notBefore',
      }),
    ),
  )
}
