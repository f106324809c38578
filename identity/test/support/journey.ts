import type { agent, Page } from './agent.ts'

/** Requests of a person to the gateway, for suites with a real provider. */

type Agent = ReturnType<typeof agent>

const json = { accept: 'application/json', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }

/** `home`: the callback of the login. */
export const journey = (gateway: string, home = `${gateway}/whoami`) => {
  const api = (path: string) => `${gateway}/imsg-service/v1${path}`
  const login = api(`/login?org=demo&callback=${encodeURIComponent(home)}`)
  return {
    home,
    /** Starts a login and follows it to the provider, or home if the provider knows the person. */
    start: async (person: Agent): Promise<Page> => person.follow(await person.ask(login), home),
    /** The status of a poll. */
    poll: async (person: Agent): Promise<number> =>
      (await person.ask(api('/token-is-set'), { headers: json })).status,
    units: async (person: Agent): Promise<readonly string[]> => {
      const { body } = await person.ask(api('/units'), { headers: json })
      return JSON.parse(body).units.map(({ name }: { name: string }) => name)
    },
    /** Signs out by a form of a page, and follows to the provider or to `to`. */
    leave: async (person: Agent, to: string): Promise<Page> => {
      const logout = await person.ask(api(`/logout?callback=${encodeURIComponent(to)}`), { form: {} })
      return person.follow(logout, to)
    },
  }
}

/** Signs in on the page of our own provider. */
export const signInAt = async (person: Agent, page: Page, login: string, until: string): Promise<Page> =>
  person.follow(await person.ask(page.url, { form: { login } }), until)

/** Says yes where `oidc-provider` asks whether to sign out. */
export const confirmSignOut = async (person: Agent, page: Page, until?: string): Promise<Page> => {
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
  const at = new URL('/session/end/confirm', page.url).href
  return person.follow(await person.ask(at, { form: { xsrf, logout: 'yes' } }), until)
}
