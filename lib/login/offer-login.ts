import type { Config } from '../config.ts'
import type { Facts } from '../http/messages.ts'
import { type LoginUrl, ownLoginUrl } from '../redirect/login-url.ts'
import { isOrganisationName, type OrganisationName } from '../redirect/organisation-name.ts'
import { isPlausible, judgeReturnUrl } from '../redirect/return-url.ts'
import type { OrganisationRecord, Organisations } from '../state/organisation.ts'
import type { Table } from '../store/table.ts'
import { allowedFor } from './start-login.ts'

type OfferDeps = Readonly<{
  config: Pick<Config, 'publicUrl' | 'callbackOrigins'>
  table: Pick<Table, 'read'>
  organisations: Organisations
}>

/**
 * Whether the organisation allows this return URL. Its domains are read only when the settings alone do not
 * allow it.
 */
const isAllowed = async (deps: OfferDeps, org: OrganisationName, callback: string): Promise<boolean> => {
  const { config, table, organisations } = deps
  const under = (organisation: OrganisationRecord | undefined): boolean =>
    'url' in judgeReturnUrl(callback, allowedFor(config, organisation))
  if (under(undefined)) return true
  const { keys, found } = organisations.lookup(org)
  return table.read(keys).then(
    (items) => under(found(items)),
    () => false,
  )
}

/**
 * The login that a refusal may offer: undefined unless the organisation has a valid name and the return URL
 * is allowed.
 * `ours`: after a failure of our own nothing more is read; the login judges the URL when it is followed.
 */
export const offerLogin = async (
  deps: OfferDeps,
  login: Facts['login'],
  ours: boolean,
): Promise<LoginUrl | undefined> => {
  if (login === undefined || !isOrganisationName(login.org)) return undefined
  const { org, callback } = login
  const { publicUrl, callbackOrigins: origins } = deps.config
  const offered = ours ? isPlausible(callback, { publicUrl, origins }) : await isAllowed(deps, org, callback)
  return offered ? ownLoginUrl(deps.config, org, callback) : undefined
}
