import { deepEqual, equal, match } from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { startStack } from '../../../local/stack.ts'
import { root } from '../../../local/synthesis.ts'
import { freePort } from '../../../test/support/ports.ts'
import { clientSecret, organisationsDocument } from '../../local/demo.ts'
import { startIdentityStack } from '../../local/stack.ts'
import { agent } from '../support/agent.ts'
import { journey } from '../support/journey.ts'
import { startKeycloak } from './keycloak.ts'

/**
 * The same way as with `npm start -- --provider`, with Keycloak as the provider: gateway and identity service
 * on their bundles.
 */

const [port, idpPort, keycloakPort] = [await freePort(), await freePort(), await freePort()]
const gateway = `http://localhost:${port}`
const identityUrl = `http://localhost:${idpPort}`
const keycloak = await startKeycloak(keycloakPort, { IDENTITY_URL: identityUrl, CLIENT_SECRET: clientSecret })
after(keycloak.close)

const outdir = join(root, '.local', `${port}-keycloak`)
const lines: string[] = []
const log = (line: string) => void lines.push(line)
const identity = await startIdentityStack({
  gatewayUrl: gateway,
  outdir,
  port: idpPort,
  providerPort: 0,
  log,
  organisations: organisationsDocument(keycloak.issuer, 'openid profile email'),
})
after(identity.close)
const stack = await startStack({
  port,
  log,
  refreshEvery: 0,
  env: {
    IMAS_URL: identity.url,
    IMAS_LOGOUT_PATH: '/v1/org/{org}/logout',
    ORGANISATIONS: identity.organisationsFile,
    TOKEN_ISSUER: identity.url,
    TOKEN_AUDIENCE: gateway,
    AWS_ENDPOINT_URL_DYNAMODB: identity.databaseUrl,
  },
})
after(stack.close)
after(() => rmSync(outdir, { recursive: true, force: true }))
identity.useGatewayTable(stack.tableName)

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
  it('signs somebody in, with the groups of its mapper', async () => {
    const person = await signedIn()
    equal(await poll(person), 200)
    deepEqual(await units(person), ['north', 'south'])
  })

  it('signs out there without a question, and ends every other session of the person by the back channel', async () => {
    const [here, elsewhere] = [await signedIn(), await signedIn()]
    await pause(1100)
    deepEqual([await poll(here), await poll(elsewhere)], [200, 200])
    equal((await leave(here, `${gateway}/`)).url, `${gateway}/`, lines.slice(-3).join('\n'))
    deepEqual([await poll(here), await poll(elsewhere)], [401, 401])
    match((await start(here)).url, new RegExp(`^http://127.0.0.1:${keycloakPort}/`))
  })
})
