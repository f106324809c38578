import { deepEqual } from 'node:assert/strict'
import type { Answer } from '../../lib/http/messages.ts'
import type { HttpRouteName } from '../../lib/routes.ts'
import { goodKeys, uselessKeys } from './forger.ts'
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

/** Shows a token at every door it could come in by, and says all that came of it. */

/** A gateway whose key set is the forger's, beside the stand-in's Admin API. */
export const openForgedGateway = async (settings: Settings = {}) => {
  const keys = await serveKeySet({ keys: [...goodKeys(), ...uselessKeys()] })
  const gateway = await openGateway({ IMAS_URL: keys.url, ...settings })
  return { ...gateway, keySet: keys.set }
}

/** What has to stay secret of a token: the whole and each part that is long enough to be told from chance. */
const secretsOf = (raw: string): string[] => [raw, ...raw.split('.')].filter((part) => part.length >= 20)

export type Answers = Readonly<{
  status: number
  code: string
  location: string | undefined
  /** Names of the cookies that the answer set and did not take away. */
  cookies: readonly string[]
  writes: number
  leaks: number
}>

const outcome = async (
  gateway: Gateway,
  name: HttpRouteName,
  raw: string,
  request: Request,
  ask: (name: HttpRouteName, request: Request) => Promise<Answer> = gateway.call,
): Promise<Answers> => {
  gateway.front.reset()
  const before = gateway.lines.length
  const answer = await ask(name, { ...request, headers: { ...asProblem, ...request.headers } })
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

/** As the session cookie and as a bearer, on each route that trusts a token. */
export const atTheRoutes = async (gateway: Gateway, raw: string): Promise<Record<string, Answers>> => {
  const ways: Record<string, Request> = {
    cookie: { cookies: [`imidToken=${raw}`], headers: fromOurPage },
    bearer: { bearer: raw, headers: fromOurPage },
  }
  const seen: Record<string, Answers> = {}
  for (const [way, request] of Object.entries(ways)) {
    seen[`token-is-set by ${way}`] = await outcome(gateway, 'token-is-set', raw, request)
    seen[`units by ${way}`] = await outcome(gateway, 'units', raw, request)
    const choice = {
      ...request,
      headers: { ...request.headers, 'content-type': 'application/json' },
      body: '{"unit":null}',
    }
    seen[`unit by ${way}`] = await outcome(gateway, 'unit', raw, choice)
  }
  return seen
}

/** At the end of a login that was begun properly in the same browser. */
export const atTheCallback = async (
  gateway: Gateway,
  raw: string,
  parameter = encodeURIComponent(raw),
): Promise<Answers> => {
  const person = browser()
  const query = await gateway.begin(person)
  return outcome(gateway, 'callback', raw, {
    query: `${query}&imid_token=${parameter}`,
    cookies: person.pairs(),
    headers: navigation,
  })
}

/** At the logout, which answers 200 to everybody and must not take a forgery for a session to end. */
export const atTheLogout = (gateway: Gateway, raw: string): Promise<Answers> =>
  outcome(gateway, 'logout', raw, { cookies: [`imidToken=${raw}`], headers: fromOurPage })

const refusal = (status: number, code: string, cookies: readonly string[] = []): Answers => ({
  status,
  code,
  location: undefined,
  cookies,
  writes: 0,
  leaks: 0,
})

/** 401 on the session check, 403 on the units: nothing written, nothing set, nothing told. */
export const refusedAtTheRoutes = async (gateway: Gateway, raw: string, code: string): Promise<void> => {
  const wanted: Record<string, Answers> = {}
  for (const way of ['cookie', 'bearer']) {
    wanted[`token-is-set by ${way}`] = refusal(401, code)
    wanted[`units by ${way}`] = refusal(403, code)
    wanted[`unit by ${way}`] = refusal(403, code)
  }
  deepEqual(await atTheRoutes(gateway, raw), wanted)
}

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

/** Ends nothing: the answer of a logout without a session, and no write. */
export const endsNothing = async (gateway: Gateway, raw: string): Promise<void> =>
  deepEqual(await atTheLogout(gateway, raw), refusal(200, ''))

/** Good everywhere: the counter-proof, without which a gateway that refuses everything would pass. */
export const acceptedEverywhere = async (gateway: Gateway, raw: string): Promise<void> => {
  const seen = await atTheRoutes(gateway, raw)
  deepEqual(
    Object.values(seen).map(({ status }) => status),
    [200, 200, 200, 200, 200, 200],
  )
  const { status, cookies, location } = await atTheCallback(gateway, raw)
  deepEqual(
    { status, session: cookies.includes('imidToken'), location },
    { status: 302, session: true, location: 'https://app.example.test/' },
  )
}
