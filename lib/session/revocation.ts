import { Problem } from '../problem.ts'
import { flagIn, type Items, numberIn, type Table } from '../store/table.ts'
import type { Claims } from './token.ts'

/** What has been ended, and when: single sessions, all of a subject's, all of an organisation's. */

/** Encoded, so that no organisation and subject together spell another pair. */
const part = (text: string): string => encodeURIComponent(text)

export const sessionKey = ({ session }: Pick<Claims, 'session'>): string => `SESSION#${session}`
export const subjectKey = (org: string, subject: string): string => `SUBJECT#${part(org)}#${part(subject)}`
export const organisationKey = (org: string): string => `ORG#${part(org)}`

/** The items that say whether a token is still good: they are read on every request that trusts one. */
export const revocationKeys = (claims: Claims): string[] => [
  sessionKey(claims),
  subjectKey(claims.org, claims.subject),
  organisationKey(claims.org),
]

/**
 * Throws when the session, its subject or its organisation was ended or blocked. A token issued in the very second in which
 * all sessions were ended is good: it belongs to the login that came after.
 */
export const checkRevocation = (items: Items, claims: Claims, organisationsKnown: boolean): void => {
  const organisation = items.get(organisationKey(claims.org))
  const subject = items.get(subjectKey(claims.org, claims.subject))
  if (items.get(sessionKey(claims))?.ended !== undefined) throw new Problem('token_revoked')
  if (organisationsKnown && organisation === undefined) throw new Problem('token_organisation')
  if (flagIn(organisation, 'blocked')) throw new Problem('token_organisation')
  if (flagIn(subject, 'blocked')) throw new Problem('subject_blocked')
  if (claims.issued < numberIn(organisation, 'notBefore')) throw new Problem('organisation_signed_out')
  if (claims.issued < numberIn(subject, 'notBefore')) throw new Problem('subject_signed_out')
}

/** How long an ended session is remembered beyond its token, in seconds: clocks differ. */
const margin = 3600

export type Sessions = Readonly<{
  /** Ends a session in every instance at once. When this returns, it is stored. */
  end(claims: Claims, now: number): Promise<void>
}>

/** The ended sessions in the table. An item goes by TTL once its token has run out; until then nothing removes it. */
export const sessionsIn = (table: Table): Sessions => ({
  end: async (claims, now) => {
    await table.change(sessionKey(claims), {
      set: 'SET #ended = :ended, #expires = :expires',
      values: { ended: { N: String(now) }, expires: { N: String(claims.expires + margin) } },
      // Tokens of one session may run out at different times: the last of those it was ended with decides.
      when: 'attribute_not_exists(#expires) OR #expires < :expires',
    })
  },
})
