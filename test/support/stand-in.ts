import { deepEqual, equal, ok } from 'node:assert/strict'
import { after, before, beforeEach } from 'node:test'
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose'
import { type Identity, startIdentity } from '../../local/identity/server.ts'

/** The identity stand-in, started for the file of tests that imports this and set back before each test, and how it is asked. */

export type Answer = { status: number; headers: Headers; text: string }
export type Command = Record<string, unknown>
/** The members that these tests read by name, in answers and in claims. */
export type Json = Partial<
  Record<
    | 'at'
    | 'blocked'
    | 'd'
    | 'displayName'
    | 'down'
    | 'fail'
    | 'group'
    | 'groups'
    | 'id'
    | 'kid'
    | 'kty'
    | 'malformed'
    | 'n'
    | 'name'
    | 'notBefore'
    | 'ntt'
    | 'org'
    | 'organisations'
    | 'organizationSubject'
    | 'parentRoleId'
    | 'permissions'
    | 'serviceId'
    | 'slow'
    | 'sub'
    | 'token'
    | 'whitelistCallbackUrls',
    unknown
  >
>

export const credentials = { clientId: 'gateway', clientSecret: 'a secret for tests' }
export const lines: string[] = []
export let identity: Identity

export const ask = async (path: string, init: RequestInit = {}): Promise<Answer> => {
  const response = await fetch(identity.url + path, { redirect: 'manual', ...init })
  return { status: response.status, headers: response.headers, text: await response.text() }
}
export const jsonOf = async (path: string, init: RequestInit = {}): Promise<unknown> =>
  JSON.parse((await ask(path, init)).text)
export const post = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json', ...headers },
})
export const control = async (command: Command): Promise<Json> => {
  const { status, text } = await ask('/_control', post(command))
  equal(status, 200, text)
  return JSON.parse(text)
}
export const issue = async (options: Command = {}): Promise<string> => {
  const { token } = await control({ do: 'issue', ...options })
  return String(token)
}
export const keySet = async (): Promise<JSONWebKeySet> => JSON.parse((await ask('/v1/jwks')).text)
export const kids = async (): Promise<unknown[]> => (await keySet()).keys.map(({ kid }) => kid)
export const verify = async (token: string) =>
  jwtVerify<Json>(token, createLocalJWKSet(await keySet()), { algorithms: ['RS512'] })

export const clientGrant = {
  grant_type: 'client_credentials',
  client_id: credentials.clientId,
  client_secret: credentials.clientSecret,
}
export const exchangeGrant = { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange' }

export const accessToken = async (init: RequestInit = post(clientGrant), query = ''): Promise<string> => {
  const { status, text } = await ask(`/v1/token${query}`, init)
  equal(status, 200, text)
  const { access_token, ...rest } = JSON.parse(text)
  deepEqual(rest, { token_type: 'Bearer', expires_in: 600 })
  return access_token
}
export const exchanged = async (idToken: string): Promise<Json> =>
  decodeJwt<Json>(await accessToken(post(exchangeGrant, { authorization: `Bearer ${idToken}` })))
export const admin = async (call: string, body?: Command): Promise<Answer> => {
  const authorization = { authorization: `Bearer ${await accessToken()}` }
  return ask(`/v1/${call}`, body ? post(body, authorization) : { headers: authorization })
}
export const listed = async (call: string): Promise<Json[]> => JSON.parse((await admin(call)).text)
export const organisation = async (name: string): Promise<Json> => {
  const found = (await listed('organizations.list')).find((one) => one.name === name)
  ok(found)
  return found
}
export const loginPath = (org: string, callback: string, more = ''): string =>
  `/v1/org/${org}/login?callback=${encodeURIComponent(callback)}${more}`
export const callback = 'https://gateway.example.com/callback?a=1'

before(async () => {
  identity = await startIdentity({ port: 0, ...credentials, log: (line) => lines.push(line) })
})
beforeEach(() => control({ do: 'reset' }))
after(() => identity.close())
