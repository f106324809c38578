import { equal } from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after } from 'node:test'
import type { Answer } from '../../../lib/http/messages.ts'
import type { Endpoint } from '../../../lib/lambda/chain.ts'
import { logTo } from '../../../lib/log.ts'
import { createTables, localAws, openDynalite } from '../../../local/database.ts'
import { context } from '../../../test/support/events.ts'
import { keysOf, tables } from '../../aws-clients.ts'
import { wire as wireJwks } from '../../functions/jwks.ts'
import { wire as wireLogin } from '../../functions/login.ts'
import { type CallbackDependencies, wire as wireCallback } from '../../functions/login-callback.ts'
import { wire as wireLogout } from '../../functions/logout.ts'
import { type LogoutDependencies, wire as wireProviderLogout } from '../../functions/provider-logout.ts'
import { startKms } from '../../local/kms.ts'
import { organisationsFrom } from '../../organisations.ts'
import { providersOf } from '../../provider/provider.ts'
import { type RouteName, routes } from '../../routes.ts'
import { readSettings } from '../../settings.ts'

export { browser } from '../../../test/support/events.ts'

/**
 * This service for tests: an event in, the whole answer out, with the real handlers and chain, a KMS stand-in
 * and a real database.
 */

Object.assign(process.env, localAws)

export const gateway = 'https://gw.example.test'
export const identity = 'http://localhost:4000'
export const callback = `${gateway}/imsg-service/v1/callback?serviceCallback=${encodeURIComponent('https://app.example.test/')}&login=${'p'.repeat(32)}`

const schema = {
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' as const }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' as const }],
  BillingMode: 'PAY_PER_REQUEST' as const,
}

export type Asked = Readonly<{
  path?: Readonly<Record<string, string>>
  query?: string
  headers?: Readonly<Record<string, string>>
  cookies?: readonly string[]
  body?: string
}>

/** The members of an organisation's provider, with what a test says in their place. */
export const providerOf = (issuer: string, more: Record<string, unknown> = {}) => ({
  wellKnownConfigUrl: `${issuer}/.well-known/openid-configuration`,
  clientId: 'imsg-demo',
  ...more,
})

export const organisation = (name: string, provider: Record<string, unknown>, more: object = {}) => ({
  name,
  displayName: name,
  blocked: false,
  whitelistCallbackUrls: ['app.example.test'],
  units: [],
  mappings: [
    { group: 'north-desk', unit: 'north', permissions: [] },
    { group: 'south-desk', unit: 'south', permissions: [] },
  ],
  provider,
  ...more,
})

type Everything = LogoutDependencies & CallbackDependencies

export const openService = async (document: readonly object[], env: Record<string, string> = {}) => {
  const [kms, database] = await Promise.all([startKms(), openDynalite(undefined)])
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
  const settings = readSettings({
    IDENTITY_URL: identity,
    PUBLIC_URL: gateway,
    ORGANISATIONS: 'organisations.json',
    SIGNING_KEYS: '2026-11-01=key-1',
    LOG_LEVEL: 'debug',
    ...env,
  })
  const clock = { ahead: 0 }
  const now = () => Math.floor(Date.now() / 1000) + clock.ahead
  const lines: Record<string, unknown>[] = []
  const secrets: Record<string, string> = { demo: 'client-secret', other: 'client-secret' }

  const instance = (more: Partial<Everything> = {}): Everything => {
    const { organisations, problems } = organisationsFrom({ organisations: document }, true)
    equal(problems.join(), '')
    return {
      settings,
      organisations,
      providers: providersOf(settings.loopback, now),
      secretOf: async (org) => secrets[org] ?? '',
      keys: keysOf(more.settings ?? settings, given),
      table,
      gatewayTables,
      log: logTo('debug', (line) => lines.push(JSON.parse(line))),
      metricsNamespace: 'test',
      now,
      random: (bytes) => randomBytes(bytes).toString('base64url'),
      ...more,
    }
  }

  /** The routes of one instance of each function. */
  const open = (on = instance()) => {
    const providerLogout = wireProviderLogout(on)
    const login = wireLogin(on)
    const endpoints: Record<RouteName, Endpoint> = {
      login,
      'not-found': login,
      'login-callback': wireCallback(on),
      jwks: wireJwks(on),
      logout: wireLogout(on),
      'backchannel-logout': providerLogout,
      'frontchannel-logout': providerLogout,
    }
    return (name: RouteName, { path, query = '', headers = {}, cookies = [], body }: Asked = {}) =>
      endpoints[name](
        {
          rawQueryString: query,
          headers: {
            ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
            accept: 'text/html',
            ...headers,
          },
          cookies: [...cookies],
          pathParameters: { org: 'demo', ...path },
          requestContext: { requestId: randomUUID(), http: { method: routes[name].method } },
          isBase64Encoded: body !== undefined,
          ...(body === undefined ? {} : { body: Buffer.from(body).toString('base64') }),
        },
        context,
      )
  }
  const call = open()

  after(() => Promise.all([kms.close(), database.close()]))
  return { call, open, instance, kms, clock, now, lines, secrets, gatewayTable }
}

export type Service = Awaited<ReturnType<typeof openService>>

/** The code that an answer gives a person, from its page. */
export const codeIn = ({ body = '' }: Answer): string | undefined => /<code>([a-z_]+)<\/code>/.exec(body)?.[1]

/** The claims of a token. */
export const claimsIn = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
