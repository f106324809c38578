import { deepEqual, equal, match } from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { startWithProvider } from '../../../local/provider.ts'
import { freePort } from '../../../test/support/ports.ts'
import { clientSecret, organisationsDocument } from '../../local/demo.ts'
import { agent } from '../support/agent.ts'
import { journey } from '../support/journey.ts'
import { startKeycloak } from './keycloak.ts'

/**
 * Logins and logouts as with `npm start -- --provider`, with Keycloak as the provider: gateway and identity
 * service on their bundles.
 */

const [port, idpPort, keycloakPort] = [await freePort(), await freePort(), await freePort()]
const gateway = `http://localhost:${port}`
const identityUrl = `http://localhost:${idpPort}`
const keycloak = await startKeycloak(keycloakPort, { IDENTITY_URL: identityUrl, CLIENT_SECRET: clientSecret })
after(keycloak.close)

const lines: string[] = []
const stack = await startWithProvider(
  { port, idpPort, refreshEvery: 0, log: (line) => void lines.push(line) },
  0,
  organisationsDocument(keycloak.issuer, 'openid profile email'),
)
after(stack.close)

const { home, start, poll, units, leave } = journey(gateway)

/** Somebody who has signed in. */
const signedIn = async () => {
  const person = agent()
  const { body } = await start(person)
  const action = /<form[^>]+action="([^"]+)"/.exec(body)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const form = { username: 'editor', password: 'a password of this machine' }
  const page = await person.follow(await person.ask(action, { form }))
  deepEqual([page.url, page.status], [home, 200], lines.slice(-3).join('\n'))
  match(page.body, /Edith/)
  return person
}

describe('Keycloak', () => {
  it('signs a person in, with the groups from its group mapper', async () => {
    const person = await signedIn()
    equal(await poll(person), 200)
    deepEqual(await units(person), ['north', 'south'])
  })

  it('signs out without confirmation, and ends the other sessions by back-channel logout', async () => {
    const [here, elsewhere] = [await signedIn(), await signedIn()]
    await pause(1100)
    deepEqual([await poll(here), await poll(elsewhere)], [200, 200])
    equal((await leave(here, `${gateway}/`)).url, `${gateway}/`, lines.slice(-3).join('\n'))
    deepEqual([await poll(here), await poll(elsewhere)], [401, 401])
    match((await start(here)).url, new RegExp(`^http://127.0.0.1:${keycloakPort}/`))
  })
})
