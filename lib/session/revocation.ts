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

/** The records of the session, subject and organisation of a token. */
export type RevocationRecords = Readonly<{
  ended: boolean
  subject: SubjectRecord
  organisation: OrganisationRecord | undefined
  /** Whether the gateway has a source of organisations, so that an absent one is unknown. */
  organisationsKnown: boolean
}>

/**
 * Throws when the session, its subject or its organisation was ended or blocked. A token issued in the second
 * of a sign-out is accepted: it belongs to the next login.
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

/** Seconds for which an ended session is kept after its last token expires, because clocks differ. */
const margin = 3600

/** Ends sessions. */
export type Sessions = Readonly<{
  /** Ends a session for every instance. It is stored when the promise resolves. */
  end(claims: Claims, now: number): Promise<void>
}>

/**
 * Stores ended sessions. An item expires when no token of its session can still be valid: after the token
 * that ended it, and after `maxTokenAge`, which is the longest that any other token may live.
 */
export const sessionsIn = (table: Table, { maxTokenAge }: Pick<Config, 'maxTokenAge'>): Sessions => ({
  end: async (claims, now) => {
    const expires = Math.max(claims.expires, now + maxTokenAge) + margin
    await table.change(sessionKey(claims), {
      set: 'SET #ended = :ended, #expires = :expires',
      values: { ended: { N: String(now) }, expires: { N: String(expires) } },
      // A delayed write must not shorten a later one.
      when: 'attribute_not_exists(#expires) OR #expires < :expires',
    })
  },
})
