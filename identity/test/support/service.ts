import { equal } from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, afterEach } from 'node:test'
import type { Answer } from '../../../lib/http/messages.ts'
import type { Endpoint } from '../../../lib/lambda/chain.ts'
import { logTo } from '../../../lib/log.ts'
import { createTables, localAws, openDynalite } from '../../../local/database.ts'
import { browser, context } from '../../../test/support/events.ts'
import { schema } from '../../../test/support/services.ts'
import { keysOf, tables } from '../../aws-clients.ts'
import { wire as wireJwks } from '../../functions/jwks.ts'
import { wire as wireLogin } from '../../functions/login.ts'
import { type CallbackDependencies, wire as wireCallback } from '../../functions/login-callback.ts'
import { wire as wireLogout } from '../../functions/logout.ts'
import { type LogoutDependencies, wire as wireProviderLogout } from '../../functions/provider-logout.ts'
import { startKms } from '../../local/kms.ts'
import { organisationsFrom } from '../../organisations.ts'
import { refuse } from '../../problem.ts'
import { providersOf } from '../../provider/provider.ts'
import { type RouteName, routes } from '../../routes.ts'
import { readSettings } from '../../settings.ts'
import { startFaultyProvider } from './faulty-provider.ts'

export { browser } from '../../../test/support/events.ts'

/** This service with a faulty provider: an event in, the whole answer out; a KMS stand-in, a real database. */

Object.assign(process.env, localAws)

export const gateway = 'https://gw.example.test'
export const identity = 'http://localhost:4000'
export const callback = `${gateway}/imsg-service/v1/callback?serviceCallback=${encodeURIComponent('https://app.example.test/')}&login=${'p'.repeat(32)}`

/** The settings of this service, with one signing key. */
export const settingsOf = (env: Record<string, string> = {}) =>
  readSettings({
    IDENTITY_URL: identity,
    PUBLIC_URL: gateway,
    ORGANISATIONS: 'organisations.json',
    SIGNING_KEYS: '2026-11-01=key-1',
    LOG_LEVEL: 'debug',
    ...env,
  })

export type Asked = Readonly<{
  method?: string
  path?: Readonly<Record<string, string>>
  query?: string
  headers?: Readonly<Record<string, string>>
  cookies?: readonly string[]
  body?: string
  /** Milliseconds until Lambda ends the function. */
  remaining?: number
}>

/** The `provider` of an organisation at this issuer. */
export const providerOf = (issuer: string, more: object = {}) => ({
  wellKnownConfigUrl: `${issuer}/.well-known/openid-configuration`,
  clientId: 'imsg-demo',
  ...more,
})

export const organisation = (name: string, provider: object, more: object = {}) => ({
  name,
  whitelistCallbackUrls: ['app.example.test'],
  mappings: ['north', 'south'].map((unit) => ({ group: `${unit}-desk`, unit, permissions: [] })),
  provider,
  ...more,
})

/** An organisation for a test: settings of its provider, and whether it is blocked. */
type Row = Readonly<{ blocked?: boolean }> & Readonly<Record<string, unknown>>
type Everything = LogoutDependencies & CallbackDependencies
type Call = (name: RouteName, asked?: Asked) => Promise<Answer>
type SignIn = {
  call?: Call
  org?: string
  person?: ReturnType<typeof browser>
  to?: string
  claims?: Record<string, unknown>
}

/** `rows`: the organisations by name, all at one provider, whose faults are removed after each test. */
export const openService = async (rows: Record<string, Row> = { demo: {} }, env = {}) => {
  const [provider, kms, database] = await Promise.all([
    startFaultyProvider('imsg-demo'),
    startKms(),
    openDynalite(undefined),
  ])
  after(() => Promise.all([provider.close(), kms.close(), database.close()]))
  await createTables(
    database.url,
    ['own', 'gateway'].map((name) => ({ name, properties: schema })),
  )
  const given = {
    TABLE_NAME: 'own',
    GATEWAY_TABLES: 'gateway',
    AWS_ENDPOINT_URL_DYNAMODB: database.url,
    AWS_ENDPOINT_URL_KMS: kms.url,
  }
  const { table, gatewayTables } = tables(given)
  const [gatewayTable = table] = gatewayTables
  const settings = settingsOf(env)
  const clock = { ahead: 0 }
  const now = () => Math.floor(Date.now() / 1000) + clock.ahead
  const lines: Record<string, unknown>[] = []
  afterEach(() => {
    provider.well()
    clock.ahead = 0
  })

  const document = Object.entries(rows).map(([name, { blocked = false, ...more }]) =>
    organisation(name, providerOf(provider.issuer, more), { blocked }),
  )
  const { organisations, problems } = organisationsFrom({ organisations: document }, true)
  equal(problems.join(), '')

  const instance = (more: Partial<Everything> = {}): Everything => ({
    settings,
    organisations,
    providers: providersOf(settings.loopback, now),
    secretOf: async (org) =>
      rows[org]?.clientAuthentication === 'none' ? refuse('provider_misconfigured') : 'client-secret',
    keys: keysOf(more.settings ?? settings, given),
    table,
    gatewayTables,
    log: logTo('debug', (line) => lines.push(JSON.parse(line))),
    metricsNamespace: 'test',
    now,
    random: (bytes) => randomBytes(bytes).toString('base64url'),
    ...more,
  })

  /** A newly started instance of every function, which remembers nothing. */
  const open = (on = instance()): Call => {
    const [login, providerLogout] = [wireLogin(on), wireProviderLogout(on)]
    const endpoints: Record<RouteName, Endpoint> = {
      login,
      'login-callback': wireCallback(on),
      jwks: wireJwks(on),
      logout: wireLogout(on),
      'backchannel-logout': providerLogout,
      'frontchannel-logout': providerLogout,
      'not-found': login,
    }
    return (name, { method, path, query = '', headers = {}, cookies = [], body, remaining = 60_000 } = {}) =>
      endpoints[name](
        {
          rawPath: routes[name].path,
          rawQueryString: query,
          headers: {
            ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
            accept: 'text/html',
            ...headers,
          },
          cookies: [...cookies],
          ...(name === 'not-found' ? { rawPath: path?.raw } : { pathParameters: { org: 'demo', ...path } }),
          requestContext: { requestId: randomUUID(), http: { method: method ?? routes[name].method } },
          isBase64Encoded: body !== undefined,
          ...(body === undefined ? {} : { body: Buffer.from(body).toString('base64') }),
        },
        { ...context, getRemainingTimeInMillis: () => remaining },
      )
  }
  const ready = open()

  /**
   * Begins a sign-in. `location`: the URL at the provider, with the parameters `asked`; `query`: the response
   * of the provider, with a code for these claims.
   */
  const begin = async ({
    call = ready,
    org = 'demo',
    person = browser(),
    to = callback,
    claims,
  }: SignIn = {}) => {
    const query = `callback=${encodeURIComponent(to)}`
    const answer = person.take(await call('login', { path: { org }, query, cookies: person.pairs() }))
    equal(answer.statusCode, 303, `${codeIn(answer)} ${JSON.stringify(lines.at(-1) ?? '')}`)
    const { location = '' } = answer.headers
    const asked = new URL(location).searchParams
    const state = asked.get('state') ?? ''
    const code = `the-code-of-it-${state}`
    provider.codes.set(code, { nonce: asked.get('nonce'), ...claims })
    return {
      person,
      location,
      asked,
      query: `code=${code}&state=${state}&iss=${encodeURIComponent(provider.issuer)}`,
    }
  }
  /** Signs in. Resolves to the redirect to the gateway, or to the error page. */
  const signIn = async (options: SignIn = {}): Promise<Answer> => {
    const { call = ready, org = 'demo' } = options
    const { person, query } = await begin(options)
    return person.take(await call('login-callback', { path: { org }, query, cookies: person.pairs() }))
  }
  return { provider, call: ready, open, instance, begin, signIn, kms, clock, now, lines, gatewayTable }
}

export type Service = Awaited<ReturnType<typeof openService>>

/** The error code on the page of a response. */
export const codeIn = ({ body = '' }: Answer): string | undefined => /<code>([a-z_]+)<\/code>/.exec(body)?.[1]

/** The token in the redirect to a gateway. */
export const tokenIn = ({ headers }: Pick<Answer, 'headers'>): string =>
  new URL(headers.location ?? 'about:blank').searchParams.get('imid_token') ?? ''

const partOf = (token: string, index: number): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString())

/** The header of a token. */
export const headerIn = (token: string) => partOf(token, 0)

/** The claims of a token. */
export const claimsIn = (token: string) => partOf(token, 1)
