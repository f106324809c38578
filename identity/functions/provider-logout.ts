import type { JSONWebKeySet } from 'jose'
import { answer, type Incoming, ok } from '../../lib/http/messages.ts'
import type { Endpoint, Handle } from '../../lib/lambda/chain.ts'
import type { Items, Table } from '../../lib/store/table.ts'
import { tables } from '../aws-clients.ts'
import { type Dependencies, endpoint, organisationOf, served } from '../lambda.ts'
import { isIssuerOf, type Organisation } from '../organisations.ts'
import { refuse } from '../problem.ts'
import { keyCooldown, providerIn, providerKey, rememberProvider } from '../provider/provider.ts'
import { routes } from '../routes.ts'
import {
  isUnknownKey,
  type LogoutToken,
  unverifiedClaims,
  verifiedLogoutToken,
} from '../sign-out/logout-token.ts'
import { endSessions, sessionKeys, subjectIn } from '../sign-out/sessions.ts'

export type LogoutDependencies = Dependencies &
  Readonly<{
    table: Table
    /** The tables of the gateways, in which sessions are ended. */
    gatewayTables: readonly Table[]
  }>

/** Deadline for fetching keys, milliseconds. Providers wait 2.5 seconds, and a cold start comes first. */
const keyTimeout = 1200
/** Stored keys younger than this are used without a fetch. Seconds. */
const freshFor = 600
/** Stored keys younger than this are used if the fetch fails. Seconds. */
const usableFor = 86_400

const fetchedKeys = async (
  { providers, table }: LogoutDependencies,
  organisation: Organisation,
): Promise<JSONWebKeySet> => {
  const data = await providers.withKeys(organisation, AbortSignal.timeout(keyTimeout))
  await rememberProvider(table, organisation.name, data)
  return { keys: [...data.keys.jwks.keys] }
}

/** Verifies with the stored keys. Fetches newer ones if those are old or lack the token's key. */
const verified = async (
  on: LogoutDependencies,
  organisation: Organisation,
  token: string,
  items: Items,
): Promise<LogoutToken> => {
  const now = on.now()
  const stored = providerIn(items, organisation.name)?.keys
  const age = now - (stored?.uat ?? 0)
  const verify = (keys: JSONWebKeySet) => verifiedLogoutToken(token, keys, organisation, now)
  if (stored === undefined || age > usableFor) return verify(await fetchedKeys(on, organisation))
  const kept = { keys: [...stored.jwks.keys] }
  if (age > freshFor) return verify(await fetchedKeys(on, organisation).catch(() => kept))
  return verify(kept).catch(async (error: unknown) => {
    if (!isUnknownKey(error) || age < keyCooldown) throw error
    return verify(await fetchedKeys(on, organisation))
  })
}

/** Ends the sessions of a subject. `undefined`: nobody is signed in. */
const endSessionsOf = async (
  on: LogoutDependencies,
  { name }: Organisation,
  { facts }: Incoming,
  subject: string | undefined,
  at: number,
): Promise<void> => {
  facts.subject = subject
  facts.code = subject === undefined ? 'nobody_signed_in' : 'signed_out_by_provider'
  if (subject !== undefined) await endSessions(on.gatewayTables, name, subject, at)
}

/**
 * `POST /v1/org/{org}/backchannel-logout`: the provider ends the sessions of a person. 200 when it is stored.
 */
const backchannelLogout =
  (on: LogoutDependencies): Handle =>
  async (request) => {
    const organisation = organisationOf(on, request)
    const [token = '', second] = new URLSearchParams(String(request.body)).getAll('logout_token')
    if (token === '' || token.length > 8192 || second !== undefined)
      refuse('logout_token_refused', 'not one token')
    // Unverified claims choose what to read; the token is verified before anything is used.
    const keys = sessionKeys(organisation, unverifiedClaims(token, organisation))
    const items = await on.table.read([providerKey(organisation.name), ...keys])
    const { iat } = await verified(on, organisation, token, items)
    // A provider's clock that is ahead must not end sessions that begin from now on.
    await endSessionsOf(on, organisation, request, subjectIn(items, keys, on.now()), Math.min(iat, on.now()))
    return ok({})
  }

/**
 * `GET /v1/org/{org}/frontchannel-logout`: the same by `sid`, which cannot be guessed. Answers an empty page.
 */
const frontchannelLogout =
  (on: LogoutDependencies): Handle =>
  async (request) => {
    const organisation = organisationOf(on, request)
    const sid = request.query.the('sid')
    const iss = request.query.one('iss')
    if (iss !== undefined && !isIssuerOf(organisation.provider, iss)) refuse('logout_token_refused', 'iss')
    const keys = sessionKeys(organisation, { sid })
    await endSessionsOf(
      on,
      organisation,
      request,
      subjectIn(await on.table.read(keys), keys, on.now()),
      on.now(),
    )
    const frame = answer(200, 'text/html', '<!doctype html><title>Signed out</title>')
    return { ...frame, headers: { ...frame.headers, 'content-security-policy': "default-src 'none'" } }
  }

/** Two routes with the same grants share one function; the method tells them apart. */
export const wire = (on: LogoutDependencies): Endpoint => {
  const back = endpoint('backchannel-logout', backchannelLogout(on), on)
  const front = endpoint('frontchannel-logout', frontchannelLogout(on), on)
  const { method } = routes['backchannel-logout']
  return (event, context) => (event.requestContext.http?.method === method ? back : front)(event, context)
}

export const handler = served((on, env) => wire({ ...on, ...tables(env) }), import.meta.dirname)
