import type { Config } from '../config.ts'
import type { Jar } from '../http/cookies.ts'
import type { Facts, Incoming } from '../http/messages.ts'
import { codeOf, Problem } from '../problem.ts'
import { type State, type States, stateKey } from '../state/state.ts'
import type { Items, Table } from '../store/table.ts'
import { checkRevocation, revocationKeys } from './revocation.ts'
import {
  type Claims,
  signedClaims,
  type Token,
  tokenIn,
  type UnverifiedToken,
  unverifiedToken,
  verifiedToken,
} from './token.ts'

/** A person whose token is good at this moment, with the items that the check read anyway. */
export type Session = Readonly<{ raw: string; claims: Token; items: Items; state: State }>

export type Access = Readonly<{
  /** The session of a request: bearer first, then the cookie; a bad bearer is not rescued by a good cookie. */
  session(request: Incoming): Promise<Session>
  /** The same for a token that came another way. Once its signature holds, the facts say whose it is. */
  sessionOf(raw: string, facts: Facts): Promise<Session>
  /** The signed claims of every token a request presents, good or run out, for ending them: a bearer, and cookies where those count. */
  presented(request: Incoming, withCookies: boolean): Promise<readonly Claims[]>
}>

export type AccessDeps = Readonly<{
  config: Pick<Config, 'issuer' | 'audience' | 'maxTokenAge'>
  jar: Jar
  table: Table
  states: States
  /** Seconds since the epoch. */
  now: () => number
  /** Asks refresh-state for keys that are newer than the state; ends when it has tried. */
  askForKeys: () => Promise<void>
  /** What else a route needs from its one read. */
  also?: (claims: Claims) => readonly string[]
}>

const isUnknownKey = (error: unknown): boolean => codeOf(error) === 'token_key_unknown'

/** Recognises people. One read of the table answers everything: is the session ended, the subject blocked, the key withdrawn. */
export const accessTo = (deps: AccessDeps): Access => {
  const { config, table, states, now, also = () => [] } = deps

  const readState = async (): Promise<State | undefined> => {
    // The time before the read: an answer that comes late is not younger for it.
    const asked = now()
    return states.from(await table.read([stateKey]), asked)
  }

  /** The state with newer keys: asked for and read once, however many tokens of one request want it. */
  const newerOnce = (): (() => Promise<State | undefined>) => {
    let newer: Promise<State | undefined> | undefined
    return () => {
      newer ??= deps.askForKeys().then(readState)
      return newer
    }
  }

  /** Tries with this state; a key it does not hold is looked for once: contract, section 6. */
  const withNewerKeys = async <T>(
    state: State,
    attempt: (state: State) => Promise<T>,
    newer = newerOnce(),
  ): Promise<T> => {
    try {
      return await attempt(state)
    } catch (error) {
      if (!isUnknownKey(error)) throw error
      return attempt((await newer()) ?? state)
    }
  }

  const sessionOf = async (raw: string, facts: Facts): Promise<Session> => {
    const token = tokenIn(raw, states.remembered(now())?.keys, now())
    const claims = token.unverifiedClaims
    const verified = (state: State) => verifiedToken(token, state.keys, config, now())

    // With the key in memory, what is forged or has run out is refused before it costs a read.
    const remembered = states.remembered(now(), token.kid)
    if (remembered !== undefined) await verified(remembered)

    const wanted = [...revocationKeys(claims), ...also(claims)]
    const items = await table.read(remembered === undefined ? [stateKey, ...wanted] : wanted)
    const state = remembered ?? states.serving(items, now())
    const trusted = await withNewerKeys(state, verified)
    facts.org = trusted.org
    facts.subject = trusted.subject
    checkRevocation(items, trusted, state.organisations !== undefined)
    return { raw, claims: trusted, items, state }
  }

  const session = async (request: Incoming): Promise<Session> => {
    const [raw, second] = request.bearer === undefined ? sessionCookies(request) : [request.bearer]
    if (raw === undefined) throw new Problem('token_missing')
    if (second !== undefined) {
      // Either may have been planted by a sibling host, so both are taken away.
      request.facts.cookies = deps.jar.noSession()
      throw new Problem('token_duplicate')
    }
    return sessionOf(raw, request.facts)
  }

  const sessionCookies = (request: Incoming): readonly string[] =>
    request.cookies.values(deps.jar.sessionName)

  const presented = async (request: Incoming, withCookies: boolean): Promise<readonly Claims[]> => {
    // Stryker disable next-line ArrayDeclaration: what is no token was never a session.
    const raw = [request.bearer ?? [], withCookies ? sessionCookies(request) : []].flat()
    const tokens = [...new Set(raw)].flatMap(readable)
    // Stryker disable next-line ArrayDeclaration: claims without a time have run out, and say nothing of an organisation.
    if (tokens.length === 0) return []
    const state = states.remembered(now()) ?? (await readState())
    if (state === undefined) throw new Problem('state_missing')
    const newer = newerOnce()
    const signed = tokens.map((token) =>
      withNewerKeys(state, (current) => signedClaims(token, current.keys), newer).catch(unlessUnavailable),
    )
    return (await Promise.all(signed)).filter((claims) => claims !== undefined)
  }

  return { session, sessionOf, presented }
}

/** A token that cannot even be taken apart was never a session. */
const readable = (raw: string): UnverifiedToken[] => {
  try {
    return [unverifiedToken(raw)]
  } catch {
    return []
  }
}

/** What is not signed is no session either; what could not be looked up is another matter. */
const unlessUnavailable = (error: unknown): undefined => {
  if (isUnknownKey(error) || codeOf(error) === 'token_signature') return undefined
  throw error
}
