import { deepEqual, equal } from 'node:assert/strict'
import type { HttpRouteName } from '../../lib/routes.ts'
import { goodKeys } from './forger.ts'
import {
  asProblem,
  browser,
  effect,
  fromOurPage,
  type Gateway,
  navigation,
  openGateway,
  type Request,
  type Settings,
} from './gateway.ts'
import { serveKeySet } from './key-set-server.ts'

/** Presents a token at every route that takes one. */

/** A gateway whose key set is the forger's, beside the stand-in's Admin API. */
export const openForgedGateway = async (settings: Settings = {}) => {
  const keys = await serveKeySet({ keys: goodKeys() })
  const gateway = await openGateway({ IMAS_URL: keys.url, ...settings })
  return { ...gateway, keySet: keys.set }
}

/** What a request with this token does, and whether a part of the token is in the answer or the log. */
const presented = async (gateway: Gateway, name: HttpRouteName, raw: string, request: Request) => {
  gateway.front.reset()
  gateway.lines.length = 0
  const answer = await gateway.call(name, { ...request, headers: { ...asProblem, ...request.headers } })
  const said = JSON.stringify(answer) + gateway.lines.join()
  const leaks = raw.split('.').some((part) => part.length >= 20 && said.includes(part))
  return { effect: effect(answer), writes: gateway.front.calls.write, leaks }
}

/** On each route that trusts a token, as the session cookie or as a bearer. */
const atTheRoutes = async (gateway: Gateway, raw: string) => {
  const cookies = [`imidToken=${raw}`]
  const choice = { body: '{"unit":null}', headers: { ...fromOurPage, 'content-type': 'application/json' } }
  return {
    poll: await presented(gateway, 'token-is-set', raw, { cookies }),
    pollByBearer: await presented(gateway, 'token-is-set', raw, { bearer: raw }),
    units: await presented(gateway, 'units', raw, { bearer: raw }),
    unit: await presented(gateway, 'unit', raw, { ...choice, cookies }),
  }
}

/** At the end of a login that was begun properly in the same browser. */
const atTheCallback = async (gateway: Gateway, raw: string) => {
  const person = browser()
  const query = `${await gateway.begin(person)}&imid_token=${encodeURIComponent(raw)}`
  return presented(gateway, 'callback', raw, { query, cookies: person.pairs(), headers: navigation })
}

const nothingBut = (effect: object) => ({ effect, writes: 0, leaks: false })

/** 401 on the session check, 403 on the units: nothing written, nothing set, nothing told. */
export const refusedAtTheRoutes = async (gateway: Gateway, raw: string, code: string): Promise<void> => {
  const [unauthorized, forbidden] = [401, 403].map((status) => nothingBut({ status, code }))
  const expected = { poll: unauthorized, pollByBearer: unauthorized, units: forbidden, unit: forbidden }
  deepEqual(await atTheRoutes(gateway, raw), expected)
}

/** No session, no redirect. The only cookie counts the login towards a loop. */
export const refusedAtTheCallback = async (
  gateway: Gateway,
  raw: string,
  code: string,
  status = 401,
): Promise<void> => {
  const sets = status === 400 ? {} : { sets: 'rounds' }
  deepEqual(await atTheCallback(gateway, raw), nothingBut({ status, code, ...sets }))
}

/** Refused as cookie, as bearer and as callback parameter alike. */
export const refusedEverywhere = async (gateway: Gateway, raw: string, code: string): Promise<void> => {
  await refusedAtTheRoutes(gateway, raw, code)
  await refusedAtTheCallback(gateway, raw, code)
}

/** A logout answers 200 to everybody, and must not take a forgery for a session to end. */
export const endsNothing = async (gateway: Gateway, raw: string): Promise<void> => {
  const request = { cookies: [`imidToken=${raw}`], headers: fromOurPage }
  const expected = nothingBut({ status: 200, clears: 'imidToken' })
  deepEqual(await presented(gateway, 'logout', raw, request), expected)
}

/** Good everywhere: without this, a gateway that refuses everything would pass. */
export const acceptedEverywhere = async (gateway: Gateway, raw: string): Promise<void> => {
  for (const { effect } of Object.values(await atTheRoutes(gateway, raw))) equal(effect.status, 200)
  const { effect: login } = await atTheCallback(gateway, raw)
  const to = 'https://app.example.test/'
  deepEqual(login, { status: 302, to, sets: 'imidToken seal rounds', clears: 'login' })
}
