import type { Config } from '../config.ts'
import { type Answer, type Incoming, redirect } from '../http/messages.ts'
import { Problem } from '../problem.ts'
import { identityLoginUrl, ownLoginUrl } from '../redirect/login-url.ts'
import { organisationName } from '../redirect/organisation-name.ts'
import { type Allowed, checkPlausible, returnUrl } from '../redirect/return-url.ts'
import { organisationKey } from '../session/revocation.ts'
import { type States, stateKey } from '../state/state.ts'
import { flagIn, type Items, type Table } from '../store/table.ts'
import type { Bindings } from './login-binding.ts'
import type { LoginLoop } from './login-loop.ts'

/** The start of a login: one behaviour behind two doors, `/login` and `/org/{org}/login`. Contract, section 3. */

export type LoginDeps = Readonly<{
  config: Pick<Config, 'publicUrl' | 'callbackOrigins' | 'imasUrl' | 'imasLoginPath' | 'loginBinding'>
  table: Table
  states: States
  bindings: Bindings
  rounds: LoginLoop
  now: () => number
}>

/** What an organisation allows as return URLs, beside what the settings allow for all of them. */
export const allowedFor = (
  config: Pick<Config, 'publicUrl' | 'callbackOrigins'>,
  org: string | undefined,
  items: Items,
): Allowed => {
  // Stryker disable next-line OptionalChaining,ArrayDeclaration: for the types; an organisation is written with its domains.
  const domains = (org && items.get(organisationKey(org))?.domains?.L) || []
  return {
    publicUrl: config.publicUrl,
    origins: config.callbackOrigins,
    // Stryker disable next-line ArrayDeclaration: for the type; a domain is written as text.
    domains: domains.flatMap((domain) => domain.S ?? []),
  }
}

/** Refuses an organisation that is not known, or blocked, where the organisations are known at all. */
export const checkOrganisation = (org: string, items: Items, organisationsKnown: boolean): void => {
  const item = items.get(organisationKey(org))
  if (organisationsKnown && item === undefined) throw new Problem('organisation_unknown')
  if (flagIn(item, 'blocked')) throw new Problem('organisation_blocked')
}

export type StartLogin = (request: Incoming, org: string) => Promise<Answer>

/** Checks where this person wants to sign in and return to, ties the login to the browser and sends them to the identity service. */
export const startLogin =
  ({ config, table, states, bindings, rounds, now }: LoginDeps): StartLogin =>
  async (request, name) => {
    const org = organisationName(name)
    const callback = request.query.the('callback')
    request.facts.org = org
    request.facts.again = ownLoginUrl(config, org, callback)
    checkPlausible(callback, { publicUrl: config.publicUrl, origins: config.callbackOrigins })

    const remembered = states.remembered(now())
    const items = await table.read([...(remembered === undefined ? [stateKey] : []), organisationKey(org)])
    const state = remembered ?? states.serving(items, now())
    checkOrganisation(org, items, state.organisations !== undefined)
    const to = returnUrl(callback, allowedFor(config, org, items))
    if (rounds.tooMany(request, to)) throw new Problem('login_loop')

    const login = config.loginBinding ? bindings.begin(request, org, to) : undefined
    return redirect(302, identityLoginUrl(config, org, to, login?.proof), login?.cookies)
  }
