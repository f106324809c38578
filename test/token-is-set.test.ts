import { deepEqual } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { sealOf } from '../lib/session/seal.ts'
import { unverifiedToken } from '../lib/session/token.ts'
import { each } from './support/each.ts'
import { asProblem, effect, navigation, openGateway } from './support/gateway.ts'

const gateway = await openGateway()
const { call, open, token, front } = gateway

describe('GET /token-is-set', () => {
  let raw = ''
  before(async () => {
    raw = await token()
  })

  it('answers a valid session with exactly this status, these headers and this body', async () => {
    const answer = await call('token-is-set', { cookies: [`imidToken=${raw}`] })
    deepEqual(answer, {
      statusCode: 200,
      headers: {
        'cache-control': 'no-store',
        'content-type': 'application/json; charset=utf-8',
        'cross-origin-resource-policy': 'same-site',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=31536000',
        vary: 'accept, accept-language, authorization, cookie, origin, purpose, sec-fetch-dest, sec-fetch-mode, sec-fetch-site, sec-purpose, x-moz, x-purpose',
        'x-content-type-options': 'nosniff',
      },
      body: '{"msg":"ok"}',
    })
  })

  const challenge = 'Bearer realm="imsg-service"'
  const invalid = `${challenge}, error="invalid_token"`
  each('sends WWW-Authenticate with each 401, and with no other status', [
    [401, 'token-is-set', {}, challenge],
    [401, 'token-is-set', { bearer: '' }, invalid],
    [401, 'token-is-set', { cookies: ['imidToken=x'] }, invalid],
    [401, 'token-is-set', { bearer: 'x', headers: navigation }, invalid],
    [401, 'login', { headers: { 'sec-fetch-mode': 'cors' } }, challenge],
    [403, 'units', {}, undefined],
    [400, 'login', {}, undefined],
  ])(async ([status, name, request, expected]) => {
    const { statusCode, headers } = await call(name, request)
    deepEqual([statusCode, headers['www-authenticate']], [status, expected])
  })

  it('offers a login for two session cookies only if both are of one organisation', async () => {
    for (const [other, offered] of [
      [await token({ sub: 'other' }), true],
      [await token({}, { user: 'guest' }), false],
    ] as const) {
      const cookies = [`imidToken=${raw}`, `imidToken=${other}`]
      const { code, login = '' } = JSON.parse(
        (await call('token-is-set', { cookies, headers: asProblem })).body ?? '',
      )
      deepEqual([code, login.includes('/org/demo/login')], ['token_duplicate', offered])
    }
  })

  it('accepts session cookies of the sealed person if one is valid, and logs the subject', async () => {
    const other = await token({ jti: 'other' })
    const forged = [raw, other].map((good) => `${good.slice(0, good.lastIndexOf('.'))}.${'A'.repeat(342)}`)
    const seal = `__Host-imsg-seal=${sealOf(unverifiedToken(raw).unverifiedClaims)}`
    /** The status in a new instance, and the reads of a second poll there. */
    const polled = async (...values: string[]) => {
      const cookies = [...values.map((value) => `imidToken=${value}`), seal]
      const poll = await open('token-is-set')
      const { status } = effect(await poll({ cookies, headers: asProblem }))
      front.reset()
      await poll({ cookies, headers: asProblem })
      return [status, front.calls.read]
    }
    deepEqual(await polled(...forged), [401, 0])
    deepEqual(await polled(raw, other), [200, 1])
    const { org, subject } = gateway.logs.at(-1) ?? {}
    deepEqual([org, typeof subject], ['demo', 'string'])
  })
})
