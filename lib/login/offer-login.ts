import type { Config } from '../config.ts'
import type { Facts } from '../http/messages.ts'
import { type LoginUrl, ownLoginUrl } from '../redirect/login-url.ts'
import { isOrganisationName } from '../redirect/organisation-name.ts'
import { isUnder, returnUrlCandidate } from '../redirect/return-url.ts'
import type { Organisations } from '../state/organisation.ts'
import type { Table } from '../store/table.ts'
import { allowedFor, domainsOf } from './start-login.ts'

type OfferDeps = Readonly<{
  config: Pick<Config, 'publicUrl' | 'callbackOrigins'>
  table: Pick<Table, 'read'>
  organisations: Organisations
}>

/** Whether a return domain of the organisation allows this host. False when the table cannot be read. */
const isReturnHost = async (deps: OfferDeps, org: string, host: string, now: number): Promise<boolean> => {
  const { keys, found } = deps.organisations.lookup(org, now)
  const items = await deps.table.read(keys).catch(() => undefined)
  return items !== undefined && isUnder(domainsOf(found(items)), host)
}

/**
 * The login that a refusal may offer: undefined unless the organisation has a valid name and the return URL
 * is allowed. `ours`: after a failure of the gateway itself the table is not read again; the login checks the
 * return URL when it is followed.
 */
export const offerLogin = async (
  deps: OfferDeps,
  login: Facts['login'],
  ours: boolean,
  now: number,
): Promise<LoginUrl | undefined> => {
  if (login === undefined || !isOrganisationName(login.org)) return undefined
  const { org, callback } = login
  const candidate = returnUrlCandidate(callback, allowedFor(deps.config, undefined))
  if ('refused' in candidate) return undefined
  const { host } = candidate
  const offered = ours || host === undefined || (await isReturnHost(deps, org, host, now))
  return offered ? ownLoginUrl(deps.config, org, callback) : undefined
}
