import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { type EndpointName, type HttpRouteName, routes } from '../../lib/routes.ts'
import { createTables } from '../../local/database.ts'
import { root, synthesise } from '../../local/synthesis.ts'
import { browser, eventOf, navigation, publicUrl, type Request } from '../support/gateway.ts'
import { goodRequests } from '../support/good-requests.ts'
import { openServices } from '../support/services.ts'
import { type Instance, startInstance } from './runtime-api.ts'

/**
 * Every bundle of the synthesised stack under Lambda's own runtime client, with the variables in the
 * template. State and keys are those that refresh-state has written.
 */

const outdir = join(root, '.local', 'runtime-test')
const instances = new Map<string, Instance>()

const services = await openServices(
  (called, json) => definitionOf(called) && instance(called).then((one) => one.invoke(json)),
)
const { control, token, databaseUrl } = services
const platform = { ...services.platform, AWS_SESSION_TOKEN: 'local' }

const texts = {
  ...services.settings,
  PUBLIC_URL: publicUrl,
  ALLOWED_CALLBACK_ORIGINS: 'https://app.example.test',
  LOG_LEVEL: 'debug',
}
const plan = await synthesise({ outdir, texts, log: () => {} })
await createTables(databaseUrl, plan.tables)

const definitionOf = (called: string) =>
  plan.functions.find(({ name, id }) => name === called || id === called)

/** The instance of a function, by its name or its logical id. */
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

/** Sends a request to a route. Throws when the function fails. */
const call = async (name: EndpointName, request: Request = {}): Promise<Answered> => {
  const { invoke, lines } = await instance(name)
  const { failed, json } = await invoke(JSON.stringify(eventOf(name, request)))
  ok(!failed, `${json}\n${lines.join('\n')}`)
  return JSON.parse(json)
}

/** Starts a login. Resolves to the query and the cookies for its callback. */
const begun = async () => {
  const person = browser()
  const query = 'org=demo&callback=https%3A%2F%2Fapp.example.test%2F'
  const { location = '' } = person.take(await call('login', { query, headers: navigation })).headers
  const back = new URL(new URL(location).searchParams.get('callback') ?? '')
  return { query: back.searchParams, cookies: person.pairs() }
}

const session = async () => ({ cookies: [`imidToken=${await token()}`] })

describe('the bundles under the runtime client of Lambda', () => {
  it('are one for each row of the route table', () =>
    deepEqual(plan.functions.map(({ name }) => name).toSorted(), Object.keys(routes).toSorted()))

  it('store the state with refresh-state, with the credentials in the secret', async () => {
    const { invoke, lines } = await instance('refresh-state')
    deepEqual(await invoke('{}'), { failed: false, json: '{"outcome":"changed"}' }, lines.join('\n'))
    deepEqual(await invoke('{}'), { failed: false, json: '{"outcome":"unchanged"}' })
  })

  for (const [name, { status, request }] of Object.entries(goodRequests({ token, begun })))
    it(`serve a valid request: ${name}`, async () => {
      const { statusCode, body } = await call(name as HttpRouteName, await request())
      equal(statusCode, status, body)
    })

  it('accept a token with a new key, which another function fetches', async () => {
    await control({ do: 'rotate' })
    equal((await call('token-is-set', await session())).statusCode, 200)
  })

  it('contain the texts of the error pages, also for an unknown path', async () => {
    for (const [name, title] of [
      ['token-is-set', 'You are not signed in'],
      ['not-found', 'There is nothing at this address'],
    ] as const) {
      const { headers, body } = await call(name, { headers: navigation })
      equal(headers['content-type'], 'text/html; charset=utf-8')
      match(body ?? '', new RegExp(`<h1>${title}</h1>`))
    }
  })

  it('write log lines and metrics that the runtime client does not change', () => {
    deepEqual([...instances.keys()].toSorted(), Object.keys(routes).toSorted())
    for (const name of Object.keys(routes)) {
      const lines = instances.get(name)?.lines.filter((line) => line.includes('"route"')) ?? []
      ok(lines.length > 0, name)
      // With the format JSON the client would put what is written to the console under `message`.
      for (const line of lines) {
        const { level, status, message } = JSON.parse(line)
        const kind = name === 'refresh-state' ? 'undefined' : 'number'
        deepEqual([typeof level, typeof status, message], ['string', kind, undefined])
      }
    }
    for (const name of ['login', 'callback', 'refresh-state'])
      ok(
        instances.get(name)?.lines.some((line) => '_aws' in JSON.parse(line)),
        name,
      )
  })
})
