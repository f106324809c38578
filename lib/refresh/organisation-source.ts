import type { Directory } from '../session/directory.ts'

/**
 * Where organisations come from: the Admin API (`fetch-organisations.ts`) or a file
 * (`organisations-file.ts`). How they are limited, compared and written (`refresh-organisations.ts`) does not
 * depend on the source.
 */

/** An organisation as it is listed. Its block and its sign-out apply whatever becomes of its other data. */
export type ListedOrganisation = Readonly<{
  name: string
  blocked: boolean
  /** Tokens issued before this second are no longer good; 0: none were ended. */
  notBefore: number
}>

/** A subject that is blocked or was signed out, by one of the names a token may give it. */
export type EndedSubject = Readonly<{ name: string; blocked: boolean; notBefore?: number }>

/** What an organisation grants: where its people may return to, and which units they hold. */
export type OrganisationContent = Readonly<{
  /** Return domains: lower case, no wildcard, no public suffix. */
  domains: readonly string[]
  directory: Directory
}>

/**
 * Each method throws `UpstreamError` when it gets no answer, and `UnusableData` when the answer makes no
 * sense.
 */
export type OrganisationSource = Readonly<{
  /** All organisations, each name once. Never empty: an empty list is an `UpstreamError`. */
  list(): Promise<readonly ListedOrganisation[]>
  /** The ended subjects of a listed organisation, each name once, sorted by name. */
  ended(name: string): Promise<readonly EndedSubject[]>
  /** The content of a listed organisation, sorted. */
  content(name: string): Promise<OrganisationContent>
}>

/** The data of one organisation make no sense or are beyond a limit. The message quotes none of them. */
export class UnusableData extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UnusableData'
  }
}
