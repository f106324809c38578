import { dependencies } from '../lib/lambda/dependencies.ts'
import type { EndpointName, HttpRouteName } from '../lib/routes.ts'
import { sealOf } from '../lib/session/seal.ts'
import { unverifiedToken } from '../lib/session/token.ts'
import { createTables } from '../local/database.ts'
import { eventOf as plainEventOf, publicUrl, type Request } from '../test/support/events.ts'
import { goodRequests } from '../test/support/good-requests.ts'
import { contextFor, openServices, schema } from '../test/support/services.ts'
import type { World } from './world.ts'

/** The services that functions need while they are measured, in a separate process, with a loaded state. */

const tableName = 'bench'

/** An event with the headers of a browser. */
const eventOf = (name: EndpointName, request: Request) => {
  const headers = {
    accept: '*/*',
    'accept-encoding': 'gzip, deflate, br, zstd',
    'accept-language': 'en-GB,en;q=0.9',
    'content-type': 'application/json',
    host: 'gw.example.test',
    origin: publicUrl,
    'sec-fetch-site': 'same-origin',
    'user-agent':
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    'x-forwarded-for': '192.0.2.1',
    'x-forwarded-port': '443',
    'x-forwarded-proto': 'https',
  }
  return plainEventOf(name, { cookies: [], ...request, headers })
}

const context = contextFor(60_000)

const open = async (): Promise<World> => {
  const { control, token: issue, platform, settings, identityUrl, databaseUrl } = await openServices()
  await createTables(databaseUrl, [{ name: tableName, properties: schema }])
  const environment = {
    ...settings,
    ...platform,
    PUBLIC_URL: publicUrl,
    LOG_LEVEL: 'info',
    TABLE_NAME: tableName,
    CREDENTIALS_SECRET: 'bench',
    REFRESH_FUNCTION: 'refresh-state',
  }

  // The unbundled SDK reads its credentials and region here.
  Object.assign(process.env, environment)

  await control({ do: 'organisation', org: 'demo', set: { whitelistCallbackUrls: '["app.example.test"]' } })
  const refresh = await import('../functions/refresh-state/index.ts')
  const login = await import('../functions/login/index.ts')
  const { outcome } = await refresh.wire({ ...dependencies(environment), log: () => {} }, environment)(
    {},
    context,
  )
  if (outcome !== 'changed') throw new Error(`the state was not loaded: ${outcome}`)

  const token = await issue()
  const good = goodRequests({
    // The same token for all, except for the session that logout ends.
    token: async (claims = {}) => (Object.keys(claims).length === 0 ? token : issue(claims)),
    begun: async () => {
      const { headers, cookies = [] } = await login.wire({ ...dependencies(environment), log: () => {} })(
        eventOf('login', await good.login.request()) as never,
        context,
      )
      const there = new URL(headers.location ?? 'about:blank')
      const back = new URL(there.searchParams.get('callback') ?? 'about:blank')
      return { query: back.searchParams, cookies: cookies.map((cookie) => cookie.split(';')[0] ?? '') }
    },
  })
  const seal = sealOf(unverifiedToken(token).unverifiedClaims)
  const besideSession = [`__Host-imsg-seal=${seal}`, '_ga=GA1.2.1234567890.1234567890', 'lang=en']
  const events = await Promise.all(
    Object.entries(good).map(async ([name, { request }]) => {
      const { cookies = [], ...rest } = await request()
      const others = name === 'callback' ? [] : besideSession
      const pairs = cookies.length === 0 ? [] : [...cookies, ...others]
      return [name, eventOf(name as HttpRouteName, { ...rest, cookies: pairs })]
    }),
  )

  return {
    environment,
    token,
    events: { ...Object.fromEntries(events), 'not-found': eventOf('not-found', {}), 'refresh-state': {} },
    jwks: await (await fetch(`${identityUrl}/v1/jwks`)).json(),
  }
}

process.once('disconnect', () => process.exit())
process.send?.(await open())
