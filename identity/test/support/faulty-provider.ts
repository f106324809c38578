import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * A provider that says whatever a test wants: tokens that no honest one makes, and answers that no healthy
 * one gives.
 */

type Json = Record<string, unknown>

export type Wrong = {
  /** Claims of the ID token instead of the usual ones; `undefined` leaves one out. */
  claims: Json
  header: Json
  signature: 'good' | 'forged' | 'none' | 'HS256' | 'RS512'
  metadata: Json
  userinfo: Json
  /** Instead of the answer to a request for this path. */
  answers: Record<string, (response: ServerResponse) => void | Promise<void>>
  /** Milliseconds before each answer. */
  delay: number
  /** The keys that are published, by `kid`. */
  keys: Map<string, KeyObject>
  /** The `kid` of the key that signs: the last one if it is not said. */
  signs: string | undefined
}

const newKey = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const stranger = newKey()
const encoded = (part: Json): string => Buffer.from(JSON.stringify(part)).toString('base64url')
const firstKey = newKey()

const well = (): Wrong => ({
  claims: {},
  header: {},
  signature: 'good',
  metadata: {},
  userinfo: {},
  answers: {},
  delay: 0,
  keys: new Map([['k1', firstKey]]),
  signs: undefined,
})

export const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

export const startFaultyProvider = async (clientId: string) => {
  const wrong = well()
  const requests: string[] = []
  /** The claims that belong to each code, so that sign-ins of several people may overlap. */
  const codes = new Map<string, Json>()
  const asked = { nonce: '', body: '', authorization: '' as string | undefined }
  let issuer = ''

  const jwk = ([kid, key]: readonly [string, KeyObject]) => {
    const { n, e } = key.export({ format: 'jwk' })
    return { kty: 'RSA', use: 'sig', kid, n, e }
  }

  /** A JWT with the faults of the moment. */
  const token = (claims: Json, header: Json = {}): string => {
    const kid = wrong.signs ?? [...wrong.keys.keys()].at(-1) ?? ''
    const key = wrong.keys.get(kid) ?? stranger
    const algorithm = { none: 'none', HS256: 'HS256', good: 'RS256', forged: 'RS256', RS512: 'RS512' }[
      wrong.signature
    ]
    const input = `${encoded({ alg: algorithm, kid, ...header, ...wrong.header })}.${encoded({ ...claims, ...wrong.claims })}`
    if (wrong.signature === 'none') return `${input}.`
    const { n = '' } = key.export({ format: 'jwk' })
    const bytes =
      wrong.signature === 'HS256'
        ? createHmac('sha256', n).update(input).digest()
        : sign(
            algorithm === 'RS512' ? 'sha512' : 'sha256',
            Buffer.from(input),
            wrong.signature === 'forged' ? stranger : key,
          )
    return `${input}.${bytes.toString('base64url')}`
  }

  const now = () => Math.floor(Date.now() / 1000)
  const routes: Record<string, (response: ServerResponse, body: string) => void> = {
    '/.well-known/openid-configuration': (response) =>
      json(response, 200, {
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        userinfo_endpoint: `${issuer}/userinfo`,
        end_session_endpoint: `${issuer}/logout`,
        jwks_uri: `${issuer}/jwks`,
        id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
        authorization_response_iss_parameter_supported: true,
        ...wrong.metadata,
      }),
    '/jwks': (response) => json(response, 200, { keys: [...wrong.keys].map(jwk) }),
    '/token': (response, body) =>
      json(response, 200, {
        access_token: 'access',
        token_type: 'Bearer',
        id_token: token({
          iss: issuer,
          aud: clientId,
          sub: 'person-1',
          nonce: asked.nonce,
          iat: now(),
          exp: now() + 300,
          sid: 'session-1',
          given_name: 'Edith',
          groups: ['north-desk', 'unmapped'],
          ...codes.get(new URLSearchParams(body).get('code') ?? ''),
        }),
      }),
    '/userinfo': (response) =>
      json(response, 200, { sub: 'person-1', family_name: 'Reyes', ...wrong.userinfo }),
  }

  const server = createServer(async (request, response) => {
    const path = (request.url ?? '').replace(/\?.*/, '')
    requests.push(path)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    if (path === '/token') {
      asked.body = body
      asked.authorization = request.headers.authorization
    }
    await pause(wrong.delay)
    const answer = wrong.answers[path] ?? routes[path]
    if (answer) await answer(response, body)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  issuer = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  return {
    issuer,
    wrong,
    asked,
    codes,
    requests,
    token,
    newKey,
    well: () => {
      Object.assign(wrong, well())
      requests.length = 0
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
