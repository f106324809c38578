import type { JSONWebKeySet } from 'jose'
import { answer, ok } from '../../../lib/http/messages.ts'
import type { Handle } from '../../../lib/lambda/chain.ts'
import type { Items, Table } from '../../../lib/store/table.ts'
import { type Dependencies, organisationOf } from '../../lambda.ts'
import { isUnknownKey, type LogoutToken, unverifiedClaims, verifiedLogoutToken } from '../../logout-token.ts'
import { isIssuerOf, type Organisation } from '../../organisations.ts'
import { SignInProblem } from '../../problem.ts'
import { keyCooldown } from '../../provider.ts'
import { providerIn, providerKey, rememberProvider } from '../../provider-state.ts'
import { endSessions, sessionKeys, subjectIn } from '../../sessions.ts'

export type LogoutTables = Readonly<{
  table: Table
  /** Those of the gateways, in which sessions are ended. */
  gatewayTables: readonly Table[]
}>

type Deps = Pick<Dependencies, 'organisations' | 'providers' | 'now'> & LogoutTables

/** Deadline for fetching keys, milliseconds. Providers wait 2.5 seconds, and a cold start comes first. */
const patience = 1200
/** Stored keys are used without a fetch while `fresh`, and while `usable` if the fetch fails. Seconds. */
const [fresh, usable] = [600, 86_400] as const

const fetchedKeys = async (
  { providers, table }: Deps,
  organisation: Organisation,
): Promise<JSONWebKeySet> => {
  const known = await providers.withKeys(organisation, AbortSignal.timeout(patience))
  await rememberProvider(table, organisation.name, known)
  return { keys: [...known.keys.jwks.keys] }
}

/** Verifies with the stored keys, and fetches newer ones if those are old or lack the token's key. */
const verified = async (
  deps: Deps,
  organisation: Organisation,
  token: string,
  items: Items,
): Promise<LogoutToken> => {
  const now = deps.now()
  const stored = providerIn(items, organisation.name)?.keys
  const age = now - (stored?.uat ?? 0)
  const verify = (keys: JSONWebKeySet) => verifiedLogoutToken(token, keys, organisation, now)
  if (stored === undefined || age > usable) return verify(await fetchedKeys(deps, organisation))
  const kept = { keys: [...stored.jwks.keys] }
  if (age > fresh) return verify(await fetchedKeys(deps, organisation).catch(() => kept))
  return verify(kept).catch(async (error: unknown) => {
    if (!isUnknownKey(error) || age < keyCooldown) throw error
    return verify(await fetchedKeys(deps, organisation))
  })
}

/**
 * `POST /v1/org/{org}/backchannel-logout`: the provider ends the sessions of a person. 200 when it is stored.
 */
export const backchannelLogout =
  (deps: Deps): Handle =>
  async (request) => {
    const organisation = organisationOf(deps, request)
    const [token = '', second] = new URLSearchParams(String(request.body)).getAll('logout_token')
    if (token === '' || token.length > 8192 || second !== undefined)
      throw new SignInProblem('logout_token_refused', 'not one token')
    // Unverified claims choose what to read; the token is verified before anything is used.
    const keys = sessionKeys(organisation, unverifiedClaims(token, organisation))
    const items = await deps.table.read([providerKey(organisation.name), ...keys])
    const { iat } = await verified(deps, organisation, token, items)

    const subject = subjectIn(items, keys, deps.now())
    request.facts.code = subject === undefined ? 'nobody_signed_in' : 'signed_out_by_provider'
    request.facts.subject = subject
    // If the provider's clock is ahead, sessions that begin from now on are not affected.
    if (subject !== undefined)
      await endSessions(deps.gatewayTables, organisation.name, subject, Math.min(iat, deps.now()))
    return ok({})
  }

/**
 * `GET /v1/org/{org}/frontchannel-logout`: the same by `sid`, which cannot be guessed. The frame is empty.
 */
export const frontchannelLogout =
  (deps: Deps): Handle =>
  async (request) => {
    const organisation = organisationOf(deps, request)
    const sid = request.query.the('sid')
    const iss = request.query.one('iss')
    if (iss !== undefined && !isIssuerOf(organisation.provider, iss))
      throw new SignInProblem('logout_token_refused', 'iss')
    const keys = sessionKeys(organisation, { sid })
    const subject = subjectIn(await deps.table.read(keys), keys, deps.now())
    request.facts.code = subject === undefined ? 'nobody_signed_in' : 'signed_out_by_provider'
    request.facts.subject = subject
    if (subject !== undefined) await endSessions(deps.gatewayTables, organisation.name, subject, deps.now())
    const frame = answer(200, 'text/html', '<!doctype html><title>Signed out</title>')
    return { ...frame, headers: { ...frame.headers, 'content-security-policy': "default-src 'none'" } }
  }
