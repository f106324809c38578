import type { Config } from '../config.ts'
import type { Jar } from '../http/cookies.ts'
import { type Answer, type Incoming, redirect } from '../http/messages.ts'
import { Problem } from '../problem.ts'
import { identityLoginUrl, publicLoginUrl, redirectedMark } from '../redirect/login-url.ts'
import { organisationName } from '../redirect/organisation-name.ts'
import { type Allowed, allowedReturnUrl, plausibleReturnUrl } from '../redirect/return-url.ts'
import type { OrganisationRecord, Organisations } from '../state/organisation.ts'
import type { States } from '../state/state.ts'
import { stateKey } from '../store/keys.ts'
import type { Table } from '../store/table.ts'
import { loginBindingIn } from './login-binding.ts'
import { loginLoopIn } from './login-loop.ts'

/** Starts a login for `/login` and `/org/{org}/login`: docs/login.md. */

/** Dependencies. `random` returns the given number of bytes from a CSPRNG as base64url. */
export type LoginDeps = Readonly<{
  config: Pick<Config, 'publicUrl' | 'callbackOrigins' | 'imasUrl' | 'imasLoginPath' | 'loginBinding'>
  table: Table
  states: States
  organisations: Organisations
  jar: Jar
  random: (bytes: number) => string
}>

/** The return domains of an organisation. An unknown one has none. */
export const domainsOf = (organisation: OrganisationRecord | undefined): readonly string[] =>
  organisation?.domains ?? []

/** The return URLs that the settings and this organisation allow. */
export const allowedFor = (
  config: Pick<Config, 'publicUrl' | 'callbackOrigins'>,
  organisation: OrganisationRecord | undefined,
): Allowed => ({
  publicUrl: config.publicUrl,
  origins: config.callbackOrigins,
  domains: domainsOf(organisation),
})

/**
 * Throws `organisation_unknown` or `organisation_blocked`. Without a source of organisations, every name is
 * accepted.
 */
export const checkOrganisation = (
  organisation: OrganisationRecord | undefined,
  organisationsKnown: boolean,
): void => {
  if (organisationsKnown && organisation === undefined) throw new Problem('organisation_unknown')
  if (organisation?.blocked) throw new Problem('organisation_blocked')
}

/**
 * Whether the request arrived at another host than that of PUBLIC_URL. Its login cookie would be missing when
 * the browser returns to PUBLIC_URL. Behind a CDN the two always differ, so a login is redirected only once.
 */
const isElsewhere = ({ domainName, query }: Incoming, { publicUrl }: Pick<Config, 'publicUrl'>): boolean =>
  domainName !== undefined &&
  domainName !== '' &&
  domainName.toLowerCase() !== new URL(publicUrl).hostname &&
  query.one(redirectedMark) === undefined

/** Starts the login of a request at the organisation of this name. */
export type StartLogin = (request: Incoming, org: string) => Promise<Answer>

/**
 * Checks organisation and return URL, binds the login to the browser and redirects to the identity service.
 */
export const startLogin = (deps: LoginDeps): StartLogin => {
  const { config, table, states, organisations, jar, random } = deps
  const bindings = loginBindingIn(jar, random)
  const loop = loginLoopIn(jar)
  return async (request, name) => {
    const org = organisationName(name)
    const callback = request.query.the('callback')
    const { now } = request
    request.facts.org = org
    request.facts.login = { org, callback }
    const candidate = plausibleReturnUrl(callback, allowedFor(config, undefined))
    if (isElsewhere(request, config)) {
      request.facts.code = 'login_elsewhere'
      return redirect(302, publicLoginUrl(config, org, callback))
    }

    const remembered = states.remembered(now)
    const lookup = organisations.lookup(org, now)
    const items = await table.read([...(remembered === undefined ? [stateKey] : []), ...lookup.keys])
    const organisation = lookup.found(items)
    const state = remembered ?? states.serving(items, now)
    checkOrganisation(organisation, state.organisations !== undefined)
    const to = allowedReturnUrl(candidate, domainsOf(organisation))
    if (loop.tooMany(request, to)) throw new Problem('login_loop')

    const login = config.loginBinding ? bindings.begin(request, org, to) : undefined
    if (login !== undefined) request.facts.cookies.push(...login.cookies)
    return redirect(302, identityLoginUrl(config, org, to, login?.proof))
  }
}
