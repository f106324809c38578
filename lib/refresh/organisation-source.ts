import type { Directory } from '../session/directory.ts'

/**
 * Where organisations come from: the Admin API (`fetch-organisations.ts`) or a file
 * (`organisations-file.ts`).
 */

/** An organisation in the list. Its block and sign-out apply even when its content cannot be read. */
export type ListedOrganisation = Readonly<{
  name: string
  blocked: boolean
  /** Tokens issued before this second are refused; 0 when there was no sign-out. */
  notBefore: number
}>

/** A subject that is blocked or was signed out, under one of the names a token may use for it. */
export type EndedSubject = Readonly<{ name: string; blocked: boolean; notBefore?: number }>

/** The content of an organisation: return domains, units and permissions. */
export type OrganisationContent = Readonly<{
  /** Return domains: lower case, no wildcard, no public suffix. */
  domains: readonly string[]
  directory: Directory
}>

/** Each method throws `UpstreamError` when it gets no answer and `UnusableData` for invalid data. */
export type OrganisationSource = Readonly<{
  /** All organisations, each name once. Never empty: an empty list is an `UpstreamError`. */
  list(): Promise<readonly ListedOrganisation[]>
  /** The ended subjects of a listed organisation, each name once, sorted by name. */
  ended(name: string): Promise<readonly EndedSubject[]>
  /** The content of a listed organisation, sorted. */
  content(name: string): Promise<OrganisationContent>
}>

/** Thrown when the data of an organisation are invalid or exceed a limit. The message quotes no values. */
export class UnusableData extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UnusableData'
  }
}
