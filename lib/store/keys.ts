/** The partition keys of all items. */

/** Encodes a part, so that different pairs of names never result in the same key. */
const part = (text: string): string => encodeURIComponent(text)

/** The state. There is only one. */
export const stateKey = 'STATE'
/** The list of all stored organisations. */
export const indexKey = 'INDEX'
/** An ended session. */
export const sessionKey = ({ session }: Readonly<{ session: string }>): string => `SESSION#${session}`
/** A subject: its blocks, sign-outs and preferred unit. */
export const subjectKey = (org: string, subject: string): string => `SUBJECT#${part(org)}#${part(subject)}`
/** The small item of an organisation. */
export const organisationKey = (org: string): string => `ORG#${part(org)}`
/** The directory of an organisation, a large item. */
export const directoryKey = (org: string): string => `DIRECTORY#${part(org)}`
/** The list of an organisation's blocked and signed-out subjects, a large item. */
export const endedKey = (org: string): string => `ENDED#${part(org)}`
