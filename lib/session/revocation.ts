import type { Config } from '../config.ts'
import { Problem } from '../problem.ts'
import type { OrganisationRecord } from '../state/organisation.ts'
import { sessionKey, subjectKey } from '../store/keys.ts'
import type { Item, Table } from '../store/table.ts'
import type { SubjectRecord } from './subject.ts'
import type { Claims } from './token.ts'

/** Ended sessions, and the sign-out of everybody in an organisation or of one subject everywhere. */

/** Keys of the items that may revoke a token, apart from its organisation. They are read on every request. */
export type RevocationKeys = Readonly<{ session: string; subject: string }>

/** The keys for these claims. */
export const revocationKeys = (claims: Claims): RevocationKeys => ({
  session: sessionKey(claims),
  subject: subjectKey(claims.org, claims.subject),
})

/** Whether the item of a session says that it was ended. */
export const isEnded = (item: Item | undefined): boolean => item?.ended !== undefined

/** What was read about the session, subject and organisation of a token. */
export type RevocationRecords = Readonly<{
  ended: boolean
  subject: SubjectRecord
  organisation: OrganisationRecord | undefined
  /** Whether the gateway has a source of organisations, so that an absent one is unknown. */
  organisationsKnown: boolean
}>

/**
 * Throws when the session, its subject or its organisation was ended or blocked. A token issued in the very
 * second in which all sessions were ended is good: it belongs to the login that came after.
 */
export const checkRevocation = (claims: Claims, records: RevocationRecords): void => {
  const { ended, subject, organisation, organisationsKnown } = records
  if (ended) throw new Problem('token_revoked')
  if (organisationsKnown && organisation === undefined) throw new Problem('token_organisation')
  if (organisation?.blocked) throw new Problem('token_organisation')
  if (subject.blocked) throw new Problem('subject_blocked')
  if (claims.issued < (organisation?.notBefore ?? 0)) throw new Problem('organisation_signed_out')
  if (claims.issued < subject.notBefore) throw new Problem('subject_signed_out')
}

/** How long an ended session is remembered beyond its last token, in seconds: clocks differ. */
const margin = 3600

export type Sessions = Readonly<{
  /** Ends a session in every instance at once. When this returns, it is stored. */
  end(claims: Claims, now: number): Promise<void>
}>

/**
 * The ended sessions in the table. An item goes by TTL once no token of its session can be good any more: the
 * one it was ended with has run out, and so have all others that were issued by then, for none lives longer
 * than `maxTokenAge`.
 */
export const sessionsIn = (table: Table, { maxTokenAge }: Pick<Config, 'maxTokenAge'>): Sessions => ({
  end: async (claims, now) => {
    const expires = Math.max(claims.expires, now + maxTokenAge) + margin
    await table.change(sessionKey(claims), {
      set: 'SET #ended = :ended, #expires = :expires',
      values: { ended: { N: String(now) }, expires: { N: String(expires) } },
      // A write that was held up must not shorten what a later one said.
      when: 'attribute_not_exists(#expires) OR #expires < :expires',
    })
  },
})
