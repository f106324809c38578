import { deepEqual, equal, match } from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { startStack } from '../../../local/stack.ts'
import { root } from '../../../local/synthesis.ts'
import { organisationsDocument } from '../../local/people.ts'
import { clientSecret, startIdentityStack } from '../../local/stack.ts'
import { agent, type Page } from '../support/agent.ts'
import { freePort } from '../support/started.ts'
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
  organisations: organisationsDocument(keycloak.issuer, 'imsg-demo', 'openid profile email'),
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

const home = `${gateway}/whoami`
const api = (path: string) => `${gateway}/imsg-service/v1${path}`
const json = { accept: 'application/json', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
type Agent = ReturnType<typeof agent>

const toProvider = async (person: Agent): Promise<Page> =>
  person.follow(await person.ask(api(`/login?org=demo&callback=${encodeURIComponent(home)}`)))

const signIn = async (person: Agent): Promise<Page> => {
  const page = await toProvider(person)
  const action = /<form[^>]+action="([^"]+)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const form = { username: 'editor', password: 'a password of this machine' }
  return person.follow(await person.ask(action, { form }))
}
const poll = async (person: Agent): Promise<number> =>
  (await person.ask(api('/token-is-set'), { headers: json })).status

describe('Keycloak', () => {
  it('signs somebody in, with the groups of its mapper', async () => {
    const person = agent()
    const page = await signIn(person)
    deepEqual([page.url, page.status], [home, 200], lines.slice(-3).join('\n'))
    equal(await poll(person), 200)
    const { units } = JSON.parse((await person.ask(api('/units'), { headers: json })).body)
    deepEqual(
      units.map(({ name }: { name: string }) => name),
      ['north', 'south'],
    )
    match(page.body, /Edith/)
  })

  it('signs out there without a question, and ends every other session of the person by the back channel', async () => {
    const [here, elsewhere] = [agent(), agent()]
    await signIn(here)
    await signIn(elsewhere)
    await pause(1100)
    deepEqual([await poll(here), await poll(elsewhere)], [200, 200])
    const back = await here.follow(
      await here.ask(api(`/logout?callback=${encodeURIComponent(`${gateway}/`)}`), { form: {} }),
    )
    deepEqual([back.url, back.status], [`${gateway}/`, 200], lines.slice(-3).join('\n'))
    deepEqual([await poll(here), await poll(elsewhere)], [401, 401])
    match((await toProvider(here)).url, new RegExp(`^http://127.0.0.1:${keycloakPort}/`))
  })
})
