import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { agent, type Page } from './support/agent.ts'
import { startEverything } from './support/started.ts'

/**
 * The whole way on the bundles, started as a person starts it: gateway, identity service, a real provider.
 */

const { gateway, identity, provider } = await startEverything()
const home = `${gateway}/whoami`
const api = (path: string) => `${gateway}/imsg-service/v1${path}`
const json = { accept: 'application/json', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }

type Agent = ReturnType<typeof agent>

const toProvider = async (person: Agent): Promise<Page> =>
  person.follow(await person.ask(api(`/login?org=demo&callback=${encodeURIComponent(home)}`)))

const signIn = async (person: Agent, login: string): Promise<Page> => {
  const page = await toProvider(person)
  match(page.url, new RegExp(`^${provider}/interaction/`))
  return person.follow(await person.ask(page.url, { form: { login } }))
}

/** Answers the provider's own question whether to sign out. */
const confirm = async (person: Agent, page: Page): Promise<Page> => {
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
  return person.follow(await person.ask(`${provider}/session/end/confirm`, { form: { xsrf, logout: 'yes' } }))
}

const poll = async (person: Agent): Promise<number> =>
  (await person.ask(api('/token-is-set'), { headers: json })).status

describe('npm start -- --provider', () => {
  it('signs somebody in at a real provider, with the units of the organisations file', async () => {
    const person = agent()
    const page = await signIn(person, 'editor')
    deepEqual([page.url, page.status], [home, 200])
    equal(await poll(person), 200)
    const { units } = JSON.parse((await person.ask(api('/units'), { headers: json })).body)
    deepEqual(
      units.map(({ name }: { name: string }) => name),
      ['north', 'south'],
    )
    const chief = agent()
    await signIn(chief, 'chief')
    const all = JSON.parse((await chief.ask(api('/units'), { headers: json })).body)
    deepEqual(
      all.units.map(({ name }: { name: string }) => name),
      ['north', 'south', 'west'],
    )
  })

  it('comes back to the gateway with the word of a provider that says no', async () => {
    const person = agent()
    const page = await toProvider(person)
    const back = await person.follow(await person.ask(page.url, { form: { cancel: 'yes' } }))
    ok(back.url.startsWith(gateway))
    ok(back.status >= 400 && back.status < 500)
    equal(await poll(person), 401)
  })

  it('signs out here and at the provider, which then asks who it is again', async () => {
    const person = agent()
    await signIn(person, 'editor')
    equal((await toProvider(person)).url, home, 'the provider still knows the person')
    const asked = await person.follow(
      await person.ask(api(`/logout?callback=${encodeURIComponent(`${gateway}/`)}`), { form: {} }),
    )
    match(asked.url, new RegExp(`^${provider}/session/end`))
    const back = await confirm(person, asked)
    deepEqual([back.url, back.status], [`${gateway}/`, 200])
    equal(await poll(person), 401)
    match((await toProvider(person)).url, new RegExp(`^${provider}/interaction/`))
  })

  it('tells a script where to send the person', async () => {
    const person = agent()
    await signIn(person, 'visitor')
    const answer = await person.ask(api('/logout'), {
      form: {},
      headers: { ...json, origin: gateway },
    })
    deepEqual(JSON.parse(answer.body), {
      msg: 'You are logged out',
      logoutUrl: `${identity}/v1/org/demo/logout`,
    })
  })

  it('ends every session of somebody who signs out at the provider, by the back channel', async () => {
    const [here, elsewhere] = [agent(), agent()]
    await signIn(here, 'chief')
    await signIn(elsewhere, 'chief')
    await pause(1100)
    deepEqual([await poll(here), await poll(elsewhere)], [200, 200])
    await confirm(here, await here.ask(`${provider}/session/end`))
    deepEqual([await poll(here), await poll(elsewhere)], [401, 401])
    await pause(1100)
    await signIn(here, 'chief')
    equal(await poll(here), 200, 'a new session is none of those')
  })
})
