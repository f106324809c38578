import type { Config } from '../config.ts'
import type { Jar } from '../http/cookies.ts'
import type { Facts, Incoming } from '../http/messages.ts'
import { codeOf, isSignedOut, Problem } from '../problem.ts'
import type { OrganisationRecord, Organisations } from '../state/organisation.ts'
import type { State } from '../state/state.ts'
import { stateKey } from '../store/keys.ts'
import type { Items } from '../store/table.ts'
import { isUnknownKey, type KeyDeps, keySearch, readState } from './newer-keys.ts'
import { checkRevocation, isEnded, revocationKeys } from './revocation.ts'
import { readable, sessionTokens, sessionValues } from './session-cookies.ts'
import { type SubjectRecord, subjectFrom } from './subject.ts'
import {
  type Claims,
  signedClaims,
  type Token,
  tokenIn,
  type UnverifiedToken,
  unverifiedToken,
  verifiedToken,
} from './token.ts'

/** A person whose token is good at this moment, with what the check read. */
export type Session = Readonly<{
  raw: string
  claims: Token
  subject: SubjectRecord
  organisation: OrganisationRecord | undefined
  /** All that was read, what `also` asked for included. */
  items: Items
}>

export type Access = Readonly<{
  /**
   * The session of a request: bearer first, then the cookie; a bad bearer is not rescued by a good cookie.
   */
  session(request: Incoming): Promise<Session>
  /** The same for a token that came another way. Once its signature holds, the facts say whose it is. */
  sessionOf(raw: string, facts: Facts): Promise<Session>
  /** The signed claims of every token in the request, expired or not, for ending their sessions. */
  presented(request: Incoming, withCookies: boolean): Promise<readonly Claims[]>
}>

export type AccessDeps = KeyDeps &
  Readonly<{
    config: Pick<Config, 'issuer' | 'audience' | 'maxTokenAge' | 'sessionSeal'>
    jar: Jar
    organisations: Organisations
    /** What else a route needs from its one read. */
    also?: (claims: Claims) => readonly string[]
  }>

type Judged = Readonly<{ state: State; claims: Token }>

/**
 * Authenticates requests with one read of the table: session, subject, organisation and, when due, the state.
 */
export const accessTo = (deps: AccessDeps): Access => {
  const { config, jar, table, states, organisations, now, also = () => [] } = deps

  const judge = async (token: UnverifiedToken, state: State): Promise<Judged> => ({
    state,
    claims: await verifiedToken(token, state.keys, config, now()),
  })

  /** A verdict by a state that this request has read, or by the newer keys that it finds. */
  const judgeAsRead = (token: UnverifiedToken, state: State): Promise<Judged> =>
    keySearch(deps, state)(token, state, (current) => judge(token, current))

  /**
   * Judges a token before anything is read for what it claims. Nothing: the state is to be read along with
   * the rest, because the keys in memory verify the token but are due to be read again, or because this
   * instance has read none yet.
   */
  const judgedFirst = async (token: UnverifiedToken): Promise<Judged | undefined> => {
    const [copy, remembered] = [states.last(), states.remembered(now())]
    if (copy === undefined) return undefined
    try {
      const judged = await judge(token, copy)
      return remembered && judged
    } catch (error) {
      // With its key in memory, what is forged or has run out is refused before it costs a read.
      if (remembered !== undefined && !isUnknownKey(error)) throw error
    }
    const asked = now()
    const state = states.fresh(asked) ?? states.serving(await table.read([stateKey]), asked)
    return judgeAsRead(token, state)
  }

  const read = (raw: string): UnverifiedToken => tokenIn(raw, states.last()?.keys, now())

  const sessionOf = async (token: UnverifiedToken, facts: Facts): Promise<Session> => {
    const { org } = token.unverifiedClaims
    facts.claimedOrg = org
    const first = await judgedFirst(token)

    const asked = now()
    const lookup = organisations.lookup(org)
    const wanted = [
      ...revocationKeys(token.unverifiedClaims),
      ...lookup.keys,
      ...also(token.unverifiedClaims),
    ]
    const items = await table.read(first === undefined ? [stateKey, ...wanted] : wanted)
    const organisation = lookup.found(items)

    const { state, claims } = first ?? (await judgeAsRead(token, states.serving(items, asked)))
    facts.org = claims.org
    facts.subject = claims.subject
    return unrevoked({ raw: token.raw, claims, organisation, items }, state)
  }

  /** Of several tokens of one person the latest that is good. An unknown key among them asks for no keys. */
  const latestOf = async (tokens: readonly UnverifiedToken[], facts: Facts): Promise<Session> => {
    const asked = now()
    const state = states.remembered(asked) ?? states.serving(await table.read([stateKey]), asked)
    let refusal: unknown
    const refuse = (error: unknown): undefined => {
      if (!isSignedOut(error)) throw error
      refusal = error
    }
    const verified: Pick<Session, 'raw' | 'claims'>[] = []
    for (const token of tokens) {
      facts.claimedOrg = token.unverifiedClaims.org
      const claims = await verifiedToken(token, state.keys, config, now()).catch(refuse)
      if (claims !== undefined) verified.push({ raw: token.raw, claims })
    }
    verified.sort((a, b) => b.claims.issued - a.claims.issued)
    const lookups = verified.slice(0, 1).map(({ claims }) => organisations.lookup(claims.org))
    const wanted = verified.flatMap(({ claims }) => [...revocationKeys(claims), ...also(claims)])
    const items = await table.read([...wanted, ...lookups.flatMap(({ keys }) => keys)])
    const organisation = lookups[0]?.found(items)
    for (const { raw, claims } of verified)
      try {
        const found = unrevoked({ raw, claims, organisation, items }, state)
        facts.org = claims.org
        facts.subject = claims.subject
        return found
      } catch (error) {
        refuse(error)
      }
    throw refusal
  }

  const session = async (request: Incoming): Promise<Session> => {
    if (request.bearer !== undefined) return sessionOf(read(request.bearer), request.facts)
    const [first, ...others] = sessionTokens({ config, jar, read }, request)
    if (first === undefined) throw new Problem('token_missing')
    return others.length === 0 ? sessionOf(first, request.facts) : latestOf([first, ...others], request.facts)
  }

  const presented = async (request: Incoming, withCookies: boolean): Promise<readonly Claims[]> => {
    const raw = [request.bearer ?? [], withCookies ? sessionValues(request, jar) : []].flat()
    const tokens = readable([...new Set(raw)], unverifiedToken)
    if (tokens.length === 0) return []
    const remembered = states.remembered(now())
    const justRead = remembered === undefined ? await readState(deps) : undefined
    const state = remembered ?? justRead
    if (state === undefined) throw new Problem('state_missing')
    const withNewerKeys = keySearch(deps, justRead)
    const signed = await Promise.all(
      tokens.map((token) =>
        withNewerKeys(token, state, (current) => signedClaims(token, current.keys)).catch(codeOfForgery),
      ),
    )
    const sessions = signed.filter((claims) => typeof claims !== 'string')
    // A key that is still to come says nothing about the sessions beside it; alone it may be that of the
    // session to end.
    if (sessions.length === 0 && signed.includes('token_key_pending')) throw new Problem('token_key_pending')
    return sessions
  }

  return { session, sessionOf: async (raw, facts) => sessionOf(read(raw), facts), presented }
}

/** The session; throws when it, its subject or its organisation was ended or blocked. */
const unrevoked = (found: Omit<Session, 'subject'>, state: State): Session => {
  const { claims, organisation, items } = found
  const subject = subjectFrom(items, claims.org, claims.subject)
  const organisationsKnown = state.organisations !== undefined
  checkRevocation(claims, { ended: isEnded(items, claims), subject, organisation, organisationsKnown })
  return { ...found, subject }
}

/**
 * What is not signed, or not by a key that is known yet; what could not be looked up at all is another
 * matter.
 */
const codeOfForgery = (error: unknown): 'token_key_unknown' | 'token_signature' | 'token_key_pending' => {
  const code = codeOf(error)
  if (code === 'token_key_unknown' || code === 'token_signature' || code === 'token_key_pending') return code
  throw error
}
