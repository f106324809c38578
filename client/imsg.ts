import { type BrowserApis, browserApis, type Session, type TabMessage } from './browser.ts'
import { listenersTo } from './listeners.ts'
import { type Body, type Call, callsTo, elsewhere, ImsgError } from './request.ts'
import { SessionWatch } from './session-watch.ts'

export type { BrowserApis, Session } from './browser.ts'
export { ImsgError } from './request.ts'

/** The browser client of the gateway, without dependencies. README.md explains its use and the states. */

/** A unit that this person belongs to. */
export type Unit = { name: string; displayName: string; preferred: boolean }

/** All units of this person, and the name of the preferred one. */
export type Units = { units: Unit[]; preferred: string | null }

type Subscribe<News extends unknown[]> = { subscribe(listener: (...news: News) => void): () => void }

/**
 * The gateway, as a page uses it. Every call rejects with an `ImsgError` when it is refused or not answered.
 */
export type Gateway = {
  /** Asks now, or joins the request in progress. The gateway is polled while there are subscribers. */
  session: (() => Promise<Session>) & Subscribe<[session: Session, why?: ImsgError]>
  /** Subscribers are called for each choice, in this tab or another one. */
  units: (() => Promise<Units>) & Subscribe<[preferred: string | null]>
  setUnit(name: string | null): Promise<void>
  /** Leaves this page for the login. The browser returns to `callback`, by default to this page. */
  login(organisation: string, callback?: string): void
  /**
   * Resolves to the URL at which the person can sign out at the identity service, if the gateway has one.
   * With `callback`, leaves this page for it.
   */
  logout(callback?: string): Promise<string | undefined>
  close(): void
}

const isUnits = (body: Body): body is Body & Units => Array.isArray(body.units)

const unitsFrom = async (call: Call): Promise<Units> => {
  const body = await call('GET', '/units')
  if (!isUnits(body)) throw new ImsgError(200, 'not_the_gateway')
  return body
}

/** Signs out, and navigates to the identity service's logout or the callback, if there is one. */
const signOut = async (
  call: Call,
  watch: SessionWatch,
  location: BrowserApis['location'],
  callback: { url: string; value: string } | undefined,
): Promise<string | undefined> => {
  // Redirects are not followed here: only a navigation may leave the origin, once the gateway has agreed.
  const query = callback === undefined ? '' : `?callback=${callback.value}`
  const { msg, logoutUrl } = await call('POST', `/logout${query}`, { redirect: 'manual' }).catch(
    (error: ImsgError) => {
      watch.askAgain()
      throw error
    },
  )
  watch.ended()
  const next = typeof logoutUrl === 'string' ? logoutUrl : undefined
  const target = next ?? (msg === elsewhere ? callback?.url : undefined)
  if (callback !== undefined && target !== undefined) location.assign(target)
  return next
}

/** `callback` as a query value. On the gateway's own origin, a path is enough and needs no return domain. */
const callbackValue = (callback: string, base: string, here: string): string => {
  const { href, origin } = new URL(callback, here)
  return encodeURIComponent(new URL(base, here).origin === origin ? href.slice(origin.length) : href)
}

/** Opens the gateway at `base`. A visible page with subscribers polls it every `every` milliseconds. */
export const imsg = (options: Partial<BrowserApis> & { base?: string; every?: number } = {}): Gateway => {
  const { base = '/imsg-service/v1', every = 5_000 } = options
  const browser = browserApis(options)
  const { location } = browser
  const asQuery = (url: string) => callbackValue(url, base, location.href)
  const call = callsTo(browser, base)
  const choices = listenersTo<[string | null]>()
  let closed = false
  const announce = (message: TabMessage) => closed || channel.postMessage(message)
  const poll = (control: AbortController) => call('GET', '/token-is-set', {}, control)
  const watch = new SessionWatch(browser, every, poll, announce)
  const channel = browser.channel(`imsg ${base}`, ({ session, unit }) => {
    if (session) watch.heard(session)
    if (unit !== undefined) choices.all(unit)
  })

  return {
    session: Object.assign(watch.ask, { subscribe: watch.subscribe }),
    units: Object.assign(() => unitsFrom(call), { subscribe: choices.subscribe }),
    setUnit: async (unit) => {
      const headers = { 'content-type': 'application/json' }
      await call('POST', '/unit', { body: JSON.stringify({ unit }), headers })
      choices.all(unit)
      announce({ unit })
    },
    login: (organisation, callback = location.href) => {
      location.assign(`${base}/org/${encodeURIComponent(organisation)}/login?callback=${asQuery(callback)}`)
    },
    logout: async (url) =>
      signOut(call, watch, location, url === undefined ? undefined : { url, value: asQuery(url) }),
    close: () => {
      closed = true
      watch.close()
      choices.close()
      channel.close()
    },
  }
}
