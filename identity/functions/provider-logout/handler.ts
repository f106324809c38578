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

/** Providers wait 2.5 seconds. What is left after a cold start, for fetching keys that are not at hand, milliseconds. */
const patience = 1200
/** Keys from the table are believed for this long without asking, and for a day when the provider cannot be asked. Seconds. */
const [fresh, usable] = [600, 86_400] as const

const fetchedKeys = async (
  { providers, table }: Deps,
  organisation: Organisation,
): Promise<JSONWebKeySet> => {
  const known = await providers.withKeys(organisation, AbortSignal.timeout(patience))
  await rememberProvider(table, organisation.name, known)
  return { keys: [...known.keys.jwks.keys] }
}

/** Verifies with the keys in the table, and with newer ones where those do not do. */
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

/** `POST /v1/org/{org}/backchannel-logout`: the provider ends the sessions of a person. 200 when it is stored. */
export const backchannelLogout =
  (deps: Deps): Handle =>
  async (request) => {
    const organisation = organisationOf(deps, request)
    const [token = '', second] = new URLSearchParams(String(request.body)).getAll('logout_token')
    if (token === '' || token.length > 8192 || second !== undefined)
      throw new SignInProblem('logout_token_refused', 'not one token')
    // Read with what the token only claims; nothing is believed of it before it is verified.
    const keys = sessionKeys(organisation, unverifiedClaims(token, organisation))
    const items = await deps.table.read([providerKey(organisation.name), ...keys])
    const { iat } = await verified(deps, organisation, token, items)

    const subject = subjectIn(items, keys, deps.now())
    request.facts.code = subject === undefined ? 'nobody_signed_in' : 'signed_out_by_provider'
    request.facts.subject = subject
    // A provider whose clock is ahead ends no session that begins after this moment.
    if (subject !== undefined)
      await endSessions(deps.gatewayTables, organisation.name, subject, Math.min(iat, deps.now()))
    return ok({})
  }

/** `GET /v1/org/{org}/frontchannel-logout`: the same from a `sid`, which nobody can guess. The frame shows nothing. */
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
