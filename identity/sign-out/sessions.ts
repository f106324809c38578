import { createHash } from 'node:crypto'
import { subjectKey } from '../../lib/store/keys.ts'
import { type Items, numberIn, type Table, textIn } from '../../lib/store/table.ts'
import { issuerName, type Organisation } from '../organisations.ts'
import type { Claims } from '../sign-in/exchange.ts'

/** Maps a provider's sessions and subjects to ours, as digests, so that the provider can end sessions. */

const digest = (kind: 'sid' | 'sub', { name, provider }: Organisation, value: string): string =>
  `${kind.toUpperCase()}#${createHash('sha256')
    .update(JSON.stringify([name, issuerName(provider), value]))
    .digest('base64url')}`

/** The keys of a provider's `sid` and `sub`, `sid` first. */
export const sessionKeys = (organisation: Organisation, claims: Claims): readonly string[] =>
  (['sid', 'sub'] as const).flatMap((kind) => {
    const value = claims[kind]
    return typeof value === 'string' && value !== '' ? digest(kind, organisation, value) : []
  })

/** Stores which subject of ours a provider's session belongs to, until our token expires. */
export const rememberSession = async (
  table: Table,
  organisation: Organisation,
  claims: Claims,
  subject: string,
  expires: number,
): Promise<void> => {
  const item = { subject: { S: subject }, expires: { N: String(expires) } }
  await Promise.all(sessionKeys(organisation, claims).map((key) => table.put(key, item)))
}

/** Our subject under the first of these keys that is stored and has not expired. */
export const subjectIn = (items: Items, keys: readonly string[], now: number): string | undefined =>
  keys
    .map((key) => items.get(key))
    .filter((item) => numberIn(item, 'expires') > now)
    .map((item) => textIn(item, 'subject'))
    .find((subject) => subject !== undefined)

/**
 * Ends every session of a subject that began before `at`, at these gateways. Never moves an end backwards.
 */
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
