import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { agent } from './support/agent.ts'
import { confirmSignOut, journey, signInAt } from './support/journey.ts'
import { claimsIn } from './support/service.ts'
import { startEverything } from './support/started.ts'

/**
 * Logins and logouts end to end, started by `npm start`: gateway and identity service on their bundles, with
 * a real provider.
 */

const { gateway, identity, provider } = await startEverything()
const { home, start, poll, units, leave } = journey(gateway)
const signInPage = new RegExp(`^${provider}/interaction/`)

/** Somebody who has signed in. */
const signedIn = async (login: string) => {
  const person = agent()
  const page = await start(person)
  match(page.url, signInPage)
  const back = await signInAt(person, page, login, home)
  equal(back.url, home, back.body)
  return person
}

describe('npm start -- --provider', () => {
  it('signs a person in at a real provider, with the units of the organisations file', async () => {
    const person = await signedIn('editor')
    equal((await person.ask(home)).status, 200)
    equal(await poll(person), 200)
    deepEqual(await units(person), ['north', 'south'])
    deepEqual(await units(await signedIn('chief')), ['north', 'south', 'west'])
  })

  it('returns to the gateway with an error when the person cancels at the provider', async () => {
    const person = agent()
    const page = await start(person)
    const back = await person.follow(await person.ask(page.url, { form: { cancel: 'yes' } }))
    ok(back.url.startsWith(gateway))
    ok(back.status >= 400 && back.status < 500)
    equal(await poll(person), 401)
  })

  it('signs out at the gateway and at the provider, so that the next login asks for the person', async () => {
    const person = await signedIn('editor')
    equal((await start(person)).url, home, 'the provider still knows the person')
    const asked = await leave(person, `${gateway}/`)
    match(asked.url, new RegExp(`^${provider}/session/end`))
    equal((await confirmSignOut(person, asked, `${gateway}/`)).url, `${gateway}/`)
    equal(await poll(person), 401)
    match((await start(person)).url, signInPage)
  })

  it('shows SITE_NAME in the title of the pages of both services, including a 404 page', async () => {
    for (const page of [
      `${gateway}/imsg-service/v1/login`,
      `${identity}/v1/org/nobody/login`,
      `${identity}/x`,
    ])
      match((await agent().ask(page)).body, / · Example News<\/title>/)
  })

  it('ends the session that a front-channel logout request names', async () => {
    const person = await signedIn('editor')
    const { sid } = claimsIn(person.cookie('localhost', 'imsg-hint'))
    await pause(1100)
    equal(await poll(person), 200)
    const frame = `${identity}/v1/org/demo/frontchannel-logout?sid=${sid}&iss=${encodeURIComponent(provider)}`
    equal((await agent().ask(frame)).status, 200)
    equal(await poll(person), 401)
  })

  it('ends every session of a person who signs out at the provider, by back-channel logout', async () => {
    const [here, elsewhere] = [await signedIn('chief'), await signedIn('chief')]
    await pause(1100)
    deepEqual([await poll(here), await poll(elsewhere)], [200, 200])
    await confirmSignOut(here, await here.ask(`${provider}/session/end`))
    deepEqual([await poll(here), await poll(elsewhere)], [401, 401])
    await pause(1100)
    equal(await poll(await signedIn('chief')), 200, 'a new session is not affected')
  })
})
