import { deepEqual } from 'node:assert/strict'
import type { HttpRouteName } from '../../lib/routes.ts'
import { goodKeys } from './forger.ts'
import {
  asProblem,
  browser,
  codeOf,
  fromOurPage,
  type Gateway,
  navigation,
  openGateway,
  type Request,
  type Settings,
  set,
} from './gateway.ts'
import { serveKeySet } from './key-set-server.ts'

/** Presents a token at every route that takes one, and says all that came of it. */

/** A gateway whose key set is the forger's, beside the stand-in's Admin API. */
export const openForgedGateway = async (settings: Settings = {}) => {
  const keys = await serveKeySet({ keys: goodKeys() })
  const gateway = await openGateway({ IMAS_URL: keys.url, ...settings })
  return { ...gateway, keySet: keys.set }
}

/** What has to stay secret of a token: the whole and each part that is long enough to be told from chance. */
const secretsOf = (raw: string): string[] => [raw, ...raw.split('.')].filter((part) => part.length >= 20)

/** `cookies`: the names of those that the answer set. `leaks`: parts of the token in the answer or the log. */
type Outcome = Readonly<{
  status: number
  code: string
  location: string | undefined
  cookies: readonly string[]
  writes: number
  leaks: number
}>

const outcome = async (
  gateway: Gateway,
  name: HttpRouteName,
  raw: string,
  request: Request,
): Promise<Outcome> => {
  gateway.front.reset()
  const before = gateway.lines.length
  const answer = await gateway.call(name, { ...request, headers: { ...asProblem, ...request.headers } })
  const said = [JSON.stringify(answer), ...gateway.lines.slice(before)].join('\n')
  return {
    status: answer.statusCode,
    code: answer.statusCode < 400 ? '' : codeOf(answer),
    location: answer.headers.location,
    cookies: set(answer).map(({ name }) => name),
    writes: gateway.front.calls.write,
    leaks: secretsOf(raw).filter((secret) => said.includes(secret)).length,
  }
}

/** On each route that trusts a token: as the session cookie, as a bearer, and as both on the one that every editor polls. */
const atTheRoutes = async (gateway: Gateway, raw: string) => {
  const cookie = { cookies: [`imidToken=${raw}`] }
  const json = { headers: { ...fromOurPage, 'content-type': 'application/json' } }
  return {
    'token-is-set by cookie': await outcome(gateway, 'token-is-set', raw, cookie),
    'token-is-set by bearer': await outcome(gateway, 'token-is-set', raw, { bearer: raw }),
    'units by bearer': await outcome(gateway, 'units', raw, { bearer: raw }),
    'unit by cookie': await outcome(gateway, 'unit', raw, { ...cookie, ...json, body: '{"unit":null}' }),
  }
}

/** At the end of a login that was begun properly in the same browser. */
const atTheCallback = async (gateway: Gateway, raw: string): Promise<Outcome> => {
  const person = browser()
  const query = `${await gateway.begin(person)}&imid_token=${encodeURIComponent(raw)}`
  return outcome(gateway, 'callback', raw, { query, cookies: person.pairs(), headers: navigation })
}

const refusal = (status: number, code: string, cookies: readonly string[] = []): Outcome => ({
  status,
  code,
  location: undefined,
  cookies,
  writes: 0,
  leaks: 0,
})

/** 401 on the session check, 403 on the units: nothing written, nothing set, nothing told. */
export const refusedAtTheRoutes = async (gateway: Gateway, raw: string, code: string): Promise<void> =>
  deepEqual(await atTheRoutes(gateway, raw), {
    'token-is-set by cookie': refusal(401, code),
    'token-is-set by bearer': refusal(401, code),
    'units by bearer': refusal(403, code),
    'unit by cookie': refusal(403, code),
  })

/** No session, no redirect. The only cookie is the count of rounds, which is how a login that goes in circles is noticed. */
export const refusedAtTheCallback = async (
  gateway: Gateway,
  raw: string,
  code: string,
  status = 401,
): Promise<void> =>
  deepEqual(
    await atTheCallback(gateway, raw),
    refusal(status, code, status === 400 ? [] : ['__Host-imsg-rounds']),
  )

/** Refused as cookie, as bearer and as callback parameter alike. */
export const refusedEverywhere = async (gateway: Gateway, raw: string, code: string): Promise<void> => {
  await refusedAtTheRoutes(gateway, raw, code)
  await refusedAtTheCallback(gateway, raw, code)
}

/** Ends nothing: the logout answers 200 to everybody, and must not take a forgery for a session to end. */
export const endsNothing = async (gateway: Gateway, raw: string): Promise<void> =>
  deepEqual(
    await outcome(gateway, 'logout', raw, { cookies: [`imidToken=${raw}`], headers: fromOurPage }),
    refusal(200, ''),
  )

/** Good everywhere: the counter-proof, without which a gateway that refuses everything would pass. */
export const acceptedEverywhere = async (gateway: Gateway, raw: string): Promise<void> => {
  for (const [where, { status }] of Object.entries(await atTheRoutes(gateway, raw)))
    deepEqual([where, status], [where, 200])
  const { status, cookies, location } = await atTheCallback(gateway, raw)
  deepEqual(
    { status, session: cookies.includes('imidToken'), location },
    { status: 302, session: true, location: 'https://app.example.test/' },
  )
}
