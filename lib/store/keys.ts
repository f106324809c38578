/** The partition key of every kind of item: architecture, "Table". */

/** Encoded, so that two pairs of names never make the same key. */
const part = (text: string): string => encodeURIComponent(text)

export const stateKey = 'STATE'
/** The list of all organisations that were written. */
export const indexKey = 'INDEX'
export const sessionKey = ({ session }: Readonly<{ session: string }>): string => `SESSION#${session}`
export const subjectKey = (org: string, subject: string): string => `SUBJECT#${part(org)}#${part(subject)}`
export const organisationKey = (org: string): string => `ORG#${part(org)}`
export const directoryKey = (org: string): string => `DIRECTORY#${part(org)}`
/** The list of an organisation's subjects that are blocked or were signed out. */
export const endedKey = (org: string): string => `ENDED#${part(org)}`
