import type { Jar } from '../http/cookies.ts'
import type { Incoming } from '../http/messages.ts'
import { codeOf, Problem } from '../problem.ts'
import { type KeyDeps, keySearch, readState } from './newer-keys.ts'
import { readable, sessionValues } from './session-cookies.ts'
import { type Claims, signedClaims, unverifiedToken } from './token.ts'

/** The tokens that a request presents in order to end their sessions. */

const signatureCodes = ['token_key_unknown', 'token_signature', 'token_key_pending'] as const

/** The code for a token whose signature was not verified. Throws any other error, such as a failed read. */
const signatureFailure = (error: unknown): (typeof signatureCodes)[number] => {
  const failure = signatureCodes.find((code) => code === codeOf(error))
  if (failure === undefined) throw error
  return failure
}

/**
 * The signed claims of every token in the request, expired or not. Throws `token_key_pending` when the only
 * tokens are signed with a key that is not known yet.
 */
export const presentedClaims = async (
  deps: KeyDeps & Readonly<{ jar: Pick<Jar, 'sessionName'> }>,
  request: Incoming,
  withCookies: boolean,
): Promise<readonly Claims[]> => {
  const { states, jar } = deps
  const { now } = request
  const raw = [request.bearer ?? [], withCookies ? sessionValues(request, jar) : []].flat()
  const tokens = readable([...new Set(raw)], unverifiedToken)
  if (tokens.length === 0) return []
  const remembered = states.remembered(now)
  const justRead = remembered === undefined ? await readState(deps, now) : undefined
  const state = remembered ?? justRead
  if (state === undefined) throw new Problem('state_missing')
  const withNewerKeys = keySearch(deps, now, justRead)
  const results = await Promise.all(
    tokens.map((token) =>
      withNewerKeys(token, state, ({ keys }) => signedClaims(token, keys)).catch(signatureFailure),
    ),
  )
  const signed = results.filter((result) => typeof result !== 'string')
  // With a signed token in the request, one with a pending key may be planted. Alone, it may be the session.
  if (signed.length === 0 && results.includes('token_key_pending')) throw new Problem('token_key_pending')
  return signed
}
