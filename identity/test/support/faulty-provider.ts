import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { listening } from '../../../test/support/ports.ts'

/** An OpenID provider whose responses a test can make wrong. */

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
  /** The `kid` of the key that signs: the last one by default. */
  signs: string | undefined
}

const newKey = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const stranger = newKey()
const firstKey = newKey()
const encoded = (part: Json): string => Buffer.from(JSON.stringify(part)).toString('base64url')

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

const jwk = ([kid, key]: readonly [string, KeyObject]) => {
  const { n, e } = key.export({ format: 'jwk' })
  return { kty: 'RSA', use: 'sig', kid, n, e }
}

const signed = (signature: Wrong['signature'], key: KeyObject, input: string): Buffer => {
  if (signature === 'none') return Buffer.alloc(0)
  if (signature === 'HS256')
    return createHmac('sha256', key.export({ format: 'jwk' }).n ?? '')
      .update(input)
      .digest()
  const hash = signature === 'RS512' ? 'sha512' : 'sha256'
  return sign(hash, Buffer.from(input), signature === 'forged' ? stranger : key)
}

export const startFaultyProvider = async (clientId: string) => {
  const wrong = well()
  const requests: string[] = []
  /** The claims that belong to each code, so that sign-ins of several people may overlap. */
  const codes = new Map<string, Json>()
  /** The last request for a token. */
  const asked = { body: '', authorization: '' as string | undefined }
  let issuer = ''

  /** A JWT with the faults that are set in `wrong`. */
  const token = (claims: Json, header: Json = {}): string => {
    const kid = wrong.signs ?? [...wrong.keys.keys()].at(-1) ?? ''
    const alg = { none: 'none', HS256: 'HS256', good: 'RS256', forged: 'RS256', RS512: 'RS512' }
    const input = [
      { alg: alg[wrong.signature], kid, ...header, ...wrong.header },
      { ...claims, ...wrong.claims },
    ]
      .map(encoded)
      .join('.')
    return `${input}.${signed(wrong.signature, wrong.keys.get(kid) ?? stranger, input).toString('base64url')}`
  }

  const metadata = () => ({
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    end_session_endpoint: `${issuer}/logout`,
    jwks_uri: `${issuer}/jwks`,
    id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
    authorization_response_iss_parameter_supported: true,
    ...wrong.metadata,
  })
  const tokens = (body: string) => {
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: issuer,
      aud: clientId,
      sub: 'person-1',
      iat: now,
      exp: now + 300,
      sid: 'session-1',
      given_name: 'Edith',
      groups: ['north-desk', 'unmapped'],
      ...codes.get(new URLSearchParams(body).get('code') ?? ''),
    }
    return { access_token: 'access', token_type: 'Bearer', id_token: token(claims) }
  }
  const routes: Record<string, (body: string) => Json> = {
    '/.well-known/openid-configuration': metadata,
    '/jwks': () => ({ keys: [...wrong.keys].map(jwk) }),
    '/token': tokens,
    '/userinfo': () => ({ sub: 'person-1', family_name: 'Reyes', ...wrong.userinfo }),
  }

  const server = createServer(async (request, response) => {
    const path = (request.url ?? '').replace(/\?.*/, '')
    requests.push(path)
    const body = await text(request)
    if (path === '/token') Object.assign(asked, { body, authorization: request.headers.authorization })
    await pause(wrong.delay)
    const fault = wrong.answers[path]
    if (fault) await fault(response)
    else json(response, routes[path] ? 200 : 404, routes[path]?.(body))
  })
  const { port, close } = await listening(server)
  issuer = `http://127.0.0.1:${port}`
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
    close,
  }
}
