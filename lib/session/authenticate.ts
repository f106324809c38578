import type { Config } from '../config.ts'
import type { Jar } from '../http/cookies.ts'
import type { Facts, Incoming } from '../http/messages.ts'
import { isSignedOut } from '../problem.ts'
import type { OrganisationRecord, Organisations } from '../state/organisation.ts'
import type { State } from '../state/state.ts'
import { stateKey } from '../store/keys.ts'
import type { Items } from '../store/table.ts'
import { isUnknownKey, type KeyDeps, keySearch } from './newer-keys.ts'
import { checkRevocation, isEnded, type RevocationKeys, revocationKeys } from './revocation.ts'
import { sessionTokens } from './session-cookies.ts'
import { presentedClaims } from './signed-claims.ts'
import { type SubjectRecord, subjectFrom } from './subject.ts'
import { type Claims, type Token, tokenIn, type UnverifiedToken, verifiedToken } from './token.ts'

/** A signed-in person: a verified token that is not revoked, and the items read to check it. */
export type Session = Readonly<{
  raw: string
  claims: Token
  subject: SubjectRecord
  organisation: OrganisationRecord | undefined
  /** All items that were read, including those of `also`. */
  items: Items
}>

/** Authentication of requests. Each method throws the `Problem` that says why nobody is signed in. */
export type Access = Readonly<{
  /** The session of a request: from the bearer if there is one, even an invalid one, else from the cookie. */
  session(request: Incoming): Promise<Session>
  /** The session of a token that came in neither. Its subject is added to `request.facts` once verified. */
  sessionOf(raw: string, request: Incoming): Promise<Session>
  /** The signed claims of every token in the request, expired or not, for ending their sessions. */
  presented(request: Incoming, withCookies: boolean): Promise<readonly Claims[]>
}>

/** Dependencies of authentication. */
export type AccessDeps = KeyDeps &
  Readonly<{
    config: Pick<Config, 'issuer' | 'audience' | 'maxTokenAge' | 'sessionSeal'>
    jar: Jar
    organisations: Organisations
    /** Further keys that a route reads in the same call. */
    also: (claims: Claims) => readonly string[]
  }>

type Verified = Readonly<{ state: State; claims: Token }>

const verify = async (
  { config }: AccessDeps,
  token: UnverifiedToken,
  state: State,
  now: number,
): Promise<Verified> => ({ state, claims: await verifiedToken(token, state.keys, config, now) })

/** Verifies with a state that was just read, or with newer keys if it lacks the token's key. */
const verifyWithNewerKeys = (
  deps: AccessDeps,
  token: UnverifiedToken,
  state: State,
  now: number,
): Promise<Verified> =>
  keySearch(deps, now, state)(token, state, (current) => verify(deps, token, current, now))

/**
 * Verifies a token before anything it claims is read. Undefined when the state has to be read along with the
 * rest: this instance has none yet, or it verifies the token but is due to be read again.
 */
const verifyInMemory = async (
  deps: AccessDeps,
  token: UnverifiedToken,
  now: number,
): Promise<Verified | undefined> => {
  const { table, states } = deps
  const [copy, remembered] = [states.last(), states.remembered(now)]
  if (copy === undefined) return undefined
  try {
    const verified = await verify(deps, token, copy, now)
    return remembered && verified
  } catch (error) {
    // A forged or expired token costs no read while its key is in memory.
    if (remembered !== undefined && !isUnknownKey(error)) throw error
  }
  const state = states.fresh(now) ?? states.serving(await table.read([stateKey]), now)
  return verifyWithNewerKeys(deps, token, state, now)
}

type Found = Omit<Session, 'subject'>

/** The session of a verified token. Throws when it, its subject or its organisation is ended or blocked. */
const unrevoked = (found: Found, keys: RevocationKeys, state: State): Session => {
  const { claims, organisation, items } = found
  const subject = subjectFrom(items.get(keys.subject))
  const organisationsKnown = state.organisations !== undefined
  const ended = isEnded(items.get(keys.session))
  checkRevocation(claims, { ended, subject, organisation, organisationsKnown })
  return { ...found, subject }
}

const logPerson = (facts: Facts, { org, subject }: Claims): void => {
  facts.org = org
  facts.subject = subject
}

const sessionOf = async (
  deps: AccessDeps,
  token: UnverifiedToken,
  { facts, now }: Incoming,
): Promise<Session> => {
  const { table, states, organisations, also } = deps
  const { raw, unverifiedClaims } = token
  facts.claimedOrg = unverifiedClaims.org
  const first = await verifyInMemory(deps, token, now)

  const lookup = organisations.lookup(unverifiedClaims.org, now)
  const keys = revocationKeys(unverifiedClaims)
  const wanted = [keys.session, keys.subject, ...lookup.keys, ...also(unverifiedClaims)]
  const items = await table.read(first === undefined ? [stateKey, ...wanted] : wanted)
  const organisation = lookup.found(items)

  const { state, claims } = first ?? (await verifyWithNewerKeys(deps, token, states.serving(items, now), now))
  logPerson(facts, claims)
  return unrevoked({ raw, claims, organisation, items }, keys, state)
}

/** The session of the latest valid token among several of one person. Unknown keys are not fetched. */
const latestOf = async (
  deps: AccessDeps,
  tokens: readonly UnverifiedToken[],
  { facts, now }: Incoming,
): Promise<Session> => {
  const { config, table, states, organisations, also } = deps
  const state = states.remembered(now) ?? states.serving(await table.read([stateKey]), now)
  let refusal: unknown
  const refuse = (error: unknown): undefined => {
    if (!isSignedOut(error)) throw error
    refusal = error
  }
  const verified: (Pick<Session, 'raw' | 'claims'> & { keys: RevocationKeys })[] = []
  for (const token of tokens) {
    facts.claimedOrg = token.unverifiedClaims.org
    const claims = await verifiedToken(token, state.keys, config, now).catch(refuse)
    if (claims !== undefined) verified.push({ raw: token.raw, claims, keys: revocationKeys(claims) })
  }
  verified.sort((a, b) => b.claims.issued - a.claims.issued)
  const [latest] = verified
  if (latest === undefined) throw refusal

  const lookup = organisations.lookup(latest.claims.org, now)
  const wanted = verified.flatMap(({ claims, keys }) => [keys.session, keys.subject, ...also(claims)])
  const items = await table.read([...wanted, ...lookup.keys])
  const organisation = lookup.found(items)
  for (const { raw, claims, keys } of verified)
    try {
      const session = unrevoked({ raw, claims, organisation, items }, keys, state)
      logPerson(facts, claims)
      return session
    } catch (error) {
      refuse(error)
    }
  throw refusal
}

/**
 * Authenticates requests with one read of the table: session, subject, organisation and, when due, the state.
 */
export const accessTo = (deps: AccessDeps): Access => {
  const { config, jar, states } = deps
  const readAt = (now: number) => (raw: string) => tokenIn(raw, states.last()?.keys, now)

  return {
    session: async (request) => {
      const read = readAt(request.now)
      if (request.bearer !== undefined) return sessionOf(deps, read(request.bearer), request)
      const [first, ...others] = sessionTokens({ config, jar, read }, request)
      return others.length === 0
        ? sessionOf(deps, first, request)
        : latestOf(deps, [first, ...others], request)
    },
    sessionOf: async (raw, request) => sessionOf(deps, readAt(request.now)(raw), request),
    presented: (request, withCookies) => presentedClaims(deps, request, withCookies),
  }
}
