import { deepEqual, equal, ok } from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it, mock } from 'node:test'
import { each } from '../support/each.ts'
import { claims, forged, now, publicJwk } from '../support/forger.ts'
import { asProblem, effect } from '../support/gateway.ts'
import { sending } from '../support/key-set-server.ts'
import {
  acceptedEverywhere,
  endsNothing,
  openForgedGateway,
  refusedAtTheCallback,
  refusedAtTheRoutes,
  refusedEverywhere,
} from '../support/present.ts'

/** One token of each class at every route that trusts one. What makes a token good: `test/token.test.ts`. */

mock.timers.enable({ apis: ['Date'], now: Date.now() })
const gateway = await openForgedGateway()
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })

describe('A token that is not good', () => {
  each('is refused at every route, as cookie, bearer and callback parameter', [
    ['token_malformed', forged({ header: { alg: 'none' }, signature: 'empty' })],
    ['token_malformed', `${forged()} `],
    ['token_signature', forged({ by: stranger.privateKey })],
    ['token_key_unknown', forged({ header: { kid: 'canary-kid\r\nlevel: error' } })],
    ['token_purpose', forged({ header: { typ: 'at+jwt' } })],
    ['token_purpose', forged({ claims: { ntt: 'refresh_token' } })],
    ['token_claims', forged({ claims: { org: ['demo'] } })],
    ['token_expired', forged({ claims: { exp: now() } })],
    ['token_from_future', forged({ claims: { iat: now() + 61 } })],
    ['token_lives_too_long', forged({ claims: { iat: now(), exp: now() + 604_801 } })],
    ['token_organisation', forged({ claims: { org: 'closed' } })],
  ])(async ([code, raw]) => {
    await refusedEverywhere(gateway, raw, code)
    ok(!gateway.lines.join().includes('canary-kid'), 'the kid is in the log')
  })

  each('ends no session', [
    forged({ header: { alg: 'none' }, signature: 'empty' }),
    forged({ by: stranger.privateKey }),
    forged({ header: { kid: 'unknown' } }),
    'a.b.c',
  ])((raw) => endsNothing(gateway, raw))

  it('is refused where it is empty', async () => {
    await refusedAtTheRoutes(gateway, '', 'token_malformed')
    await refusedAtTheCallback(gateway, '', 'bad_query', 400)
  })

  it('is refused for its parties, where the settings name some', async () => {
    const ours = { iss: 'https://identity.example.test', aud: 'gateway' }
    const strict = await openForgedGateway({ TOKEN_ISSUER: ours.iss, TOKEN_AUDIENCE: ours.aud })
    await refusedEverywhere(strict, forged({ claims: { ...ours, iss: 'https://evil.test' } }), 'token_issuer')
    await refusedEverywhere(strict, forged({ claims: { ...ours, aud: 'somebody else' } }), 'token_audience')
    await acceptedEverywhere(strict, forged({ claims: ours }))
  })

  each('names an organisation that is known, letter for letter', ['nowhere', 'Demo', 'demo ', '__proto__'])(
    async (org) => {
      const bearer = forged({ wholePayload: JSON.stringify({ ...claims(), org }) })
      const answer = await gateway.call('token-is-set', { bearer, headers: asProblem })
      deepEqual(effect(answer), { status: 401, code: 'token_organisation' })
    },
  )

  it('means the same to the check and to the use when a claim is there twice: the last', async () => {
    const text = JSON.stringify(claims()).replace('"org":"demo"', '"org":"demo","org":"second"')
    await refusedAtTheCallback(gateway, forged({ wholePayload: text }), 'login_other_organisation', 403)
  })
})

describe('A good token', () => {
  it('is counted against MAX_TOKEN_AGE where it is set', async () => {
    const poll = await gateway.open('token-is-set', gateway.instance({ MAX_TOKEN_AGE: '600' }))
    const status = async (life: number) =>
      (await poll({ bearer: forged({ claims: { iat: now(), exp: now() + life } }) })).statusCode
    deepEqual([await status(600), await status(601)], [200, 401])
  })

  it('outlives neither its time nor the memory of an instance that has seen it', async () => {
    const raw = forged({ claims: { exp: now() + 5 } })
    await acceptedEverywhere(gateway, raw)
    await gateway.later(5, () => refusedEverywhere(gateway, raw, 'token_expired'))
  })

  it('of a key that comes back under the same kid with other numbers is refused', async () => {
    const before = forged()
    gateway.keySet.answer = sending({ keys: [publicJwk('rs256', 'RS256', stranger)] })
    equal((await gateway.refresh()).outcome, 'changed')
    await gateway.later(120, async () => {
      await refusedEverywhere(gateway, before, 'token_signature')
      await acceptedEverywhere(gateway, forged({ by: stranger.privateKey }))
    })
  })
})
