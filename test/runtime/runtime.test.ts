import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { type EndpointName, methodAndPath, type Route, routes } from '../../lib/routes.ts'
import { createTables } from '../../local/database.ts'
import { root, synthesise } from '../../local/synthesis.ts'
import { crumb, eventOf, navigation, publicUrl, type Request } from '../support/gateway.ts'
import { openServices } from '../support/services.ts'
import { type Instance, startInstance } from './runtime-api.ts'

/**
 * Every bundle of the synthesised stack under the real runtime client of Lambda: what is zipped is what is run here, with the
 * variables that the template gives it. State and keys are there because refresh-state, under the same client, put them there.
 */

const outdir = join(root, '.local', 'runtime-test')
const instances = new Map<string, Instance>()

const services = await openServices(
  (called, json) => definitionOf(called) && instance(called).then((one) => one.invoke(json)),
)
const { control, token: tokenOf, databaseUrl, identityUrl } = services
const platform = { ...services.platform, AWS_SESSION_TOKEN: 'local' }

const texts = { ...services.settings, PUBLIC_URL: publicUrl }
const plan = await synthesise({ outdir, texts, log: () => {} })
await createTables(databaseUrl, plan.tables)

const definitionOf = (called: string) =>
  plan.functions.find(({ name, id }) => name === called || id === called)

/** The one instance of a function, by its name or its logical id. */
const instance = async (called: string): Promise<Instance> => {
  const deployed = definitionOf(called)
  if (deployed === undefined) throw new TypeError(`there is no function ${called}`)
  const made = instances.get(deployed.name) ?? (await startInstance(deployed, platform))
  instances.set(deployed.name, made)
  return made
}

after(async () => {
  for (const { stop } of instances.values()) stop()
  await Promise.all([services.close(), rm(outdir, { recursive: true, force: true })])
})

type Answered = { statusCode: number; headers: Record<string, string>; cookies?: string[]; body?: string }

/** Sends a request to a route, and fails when the function does. */
const call = async (name: EndpointName, request: Request = {}): Promise<Answered> => {
  const { invoke, lines } = await instance(name)
  const { failed, json } = await invoke(JSON.stringify(eventOf(name, request)))
  ok(!failed, `${json}\n${lines.join('\n')}`)
  return JSON.parse(json)
}

const session = async () => ({ cookies: [`imidToken=${await tokenOf()}`] })
const fromOurPage = { origin: publicUrl, 'content-type': 'application/json' }
const plain = ({ statusCode, body }: Answered) => [statusCode, JSON.parse(body ?? 'null')]

describe('under the runtime client of Lambda', () => {
  it('every function of the route table is in the template', () => {
    deepEqual(plan.functions.map(({ name }) => name).toSorted(), Object.keys(routes).toSorted())
  })

  it('refresh-state loads the state, with the credentials of the secret', async () => {
    const { invoke, lines } = await instance('refresh-state')
    deepEqual(await invoke('{}'), { failed: false, json: '{"outcome":"changed"}' }, lines.join('\n'))
    deepEqual(await invoke('{}'), { failed: false, json: '{"outcome":"unchanged"}' })
  })

  it('health says so', async () => {
    const { statusCode, body } = await call('health')
    equal(statusCode, 200)
    match(body ?? '', /^\{"inGrace":false,"stateChecksum":"[0-9a-f]{64}"\}$/)
  })

  it('login and callback sign somebody in', async () => {
    const {
      statusCode,
      headers,
      cookies = [],
    } = await call('login', { query: 'org=demo&callback=/', headers: navigation })
    equal(statusCode, 302)
    const back = new URL(new URL(headers.location ?? '').searchParams.get('callback') ?? '')
    const query = `${back.search.slice(1)}&imid_token=${await tokenOf()}`
    const pairs = cookies.map(crumb).map(({ name, value }) => `${name}=${value}`)
    const arrived = await call('callback', { query, cookies: pairs })
    deepEqual([arrived.statusCode, arrived.headers.location], [302, `${publicUrl}/`])
    ok(arrived.cookies?.some((cookie) => cookie.startsWith('imidToken=ey')))
  })

  it('org-login sends the browser to the identity service', async () => {
    const { statusCode, headers } = await call('org-login', { path: { org: 'demo' }, query: 'callback=/' })
    deepEqual([statusCode, new URL(headers.location ?? '').origin], [302, identityUrl])
  })

  it('token-is-set trusts a session, and one whose key has to be fetched first', async () => {
    deepEqual(plain(await call('token-is-set', await session())), [200, { msg: 'ok' }])
    await control({ do: 'rotate' })
    deepEqual(plain(await call('token-is-set', await session())), [200, { msg: 'ok' }])
  })

  it('authorize says who it is, and what they may do', async () => {
    const { statusCode, headers } = await call('authorize', {
      ...(await session()),
      query: 'org=demo&unit=north',
    })
    deepEqual([statusCode, headers['x-imid-org'], headers['x-imid-unit']], [200, 'demo', ''])
    match(headers['x-imid-permissions'] ?? '', /^content%3Aread,/)
    equal((await call('authorize', { query: 'org=demo' })).statusCode, 401)
  })

  it('a refused callback and an unknown address have their pages', async () => {
    const failed = await call('login-failed', {
      query: 'code=token_expired&id=12345678&org=demo&callback=/',
      headers: navigation,
    })
    equal(failed.statusCode, 401)
    match(failed.body ?? '', /class="action"/)
    equal((await call('not-found')).statusCode, 404)
  })

  it('a refusal that a person reads brings its words along', async () => {
    const { statusCode, headers, body } = await call('token-is-set', { headers: navigation })
    deepEqual([statusCode, headers['content-type']], [401, 'text/html; charset=utf-8'])
    match(body ?? '', /<h1>You are not signed in<\/h1>/)
  })

  it('units and unit list, and keep a choice', async () => {
    const cookies = await session()
    const [, { units }] = plain(await call('units', cookies)) as [number, { units: { name: string }[] }]
    const [{ name }] = units as [{ name: string }]
    const body = JSON.stringify({ unit: name })
    deepEqual(plain(await call('unit', { ...cookies, body, headers: fromOurPage })), [
      200,
      { msg: 'Unit set' },
    ])
    const [, { preferred }] = plain(await call('units', cookies)) as [number, { preferred: string }]
    equal(preferred, name)
  })

  it('logout ends the session for every other function', async () => {
    const cookies = await session()
    const answer = await call('logout', { ...cookies, headers: fromOurPage })
    deepEqual(plain(answer), [200, { msg: 'You are logged out' }])
    deepEqual(plain(await call('token-is-set', cookies)), [401, 'errors.auth.MissingToken'])
  })

  it('every one of them was asked, and its lines come through as they were written, with metrics on top', () => {
    deepEqual([...instances.keys()].toSorted(), Object.keys(routes).toSorted())
    for (const [name, row] of Object.entries<Route>(routes)) {
      const lines = instances.get(name)?.lines.filter((line) => line.includes('"route"')) ?? []
      // 404 is logged at debug: scanners would fill the log.
      equal(lines.length > 0, name !== 'not-found', name)
      // With the format JSON the client would put what is written to the console under `message`.
      for (const line of lines) {
        const { level, status, message } = JSON.parse(line)
        deepEqual(
          [typeof level, typeof status, message],
          ['string', methodAndPath(row) ? 'number' : 'undefined', undefined],
        )
      }
    }
    for (const name of ['login', 'callback', 'refresh-state'])
      ok(
        instances.get(name)?.lines.some((line) => '_aws' in JSON.parse(line)),
        name,
      )
  })
})
