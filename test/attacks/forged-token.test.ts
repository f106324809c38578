import { ok } from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it, mock } from 'node:test'
import { each } from '../support/each.ts'
import { forged, now } from '../support/forger.ts'
import {
  acceptedEverywhere,
  endsNothing,
  openForgedGateway,
  refusedAtTheCallback,
  refusedAtTheRoutes,
  refusedEverywhere,
} from '../support/present.ts'

/** One token of each class at every route that accepts one. The rules for tokens: `test/token.test.ts`. */

mock.timers.enable({ apis: ['Date'], now: Date.now() })
const gateway = await openForgedGateway()
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })

describe('An invalid token', () => {
  each('is refused at every route, as cookie, bearer and callback parameter', [
    ['token_malformed', forged({ header: { alg: 'none' }, signature: 'empty' })],
    ['token_signature', forged({ by: stranger.privateKey })],
    ['token_key_unknown', forged({ header: { kid: 'canary-kid\r\nlevel: error' } })],
    ['token_purpose', forged({ header: { typ: 'at+jwt' } })],
    ['token_expired', forged({ claims: { exp: now() } })],
    ['token_organisation', forged({ claims: { org: 'closed' } })],
  ])(async ([code, raw]) => {
    await refusedEverywhere(gateway, raw, code)
    ok(!gateway.lines.join().includes('canary-kid'), 'the kid is in the log')
  })

  each('ends no session at a logout', [forged({ by: stranger.privateKey }), 'a.b.c'])((raw) =>
    endsNothing(gateway, raw),
  )

  it('is refused at every route when it is empty', async () => {
    await refusedAtTheRoutes(gateway, '', 'token_malformed')
    await refusedAtTheCallback(gateway, '', 'bad_query', 400)
  })

  it('is one whose issuer, audience or lifetime does not match the settings', async () => {
    const ours = { iss: 'https://identity.example.test', aud: 'gateway' }
    const settings = { TOKEN_ISSUER: ours.iss, TOKEN_AUDIENCE: ours.aud, MAX_TOKEN_AGE: '600' }
    const strict = await openForgedGateway(settings)
    const aged = (more: object = {}, life = 600) =>
      forged({ claims: { ...ours, iat: now(), exp: now() + life, ...more } })
    await refusedEverywhere(strict, aged({ iss: 'https://evil.test' }), 'token_issuer')
    await refusedEverywhere(strict, aged({ aud: 'somebody else' }), 'token_audience')
    await refusedEverywhere(strict, aged({}, 601), 'token_lives_too_long')
    await acceptedEverywhere(strict, aged())
  })
})

it('A valid token is refused after it expires, even by an instance that has verified it before', async () => {
  const raw = forged({ claims: { exp: now() + 5 } })
  await acceptedEverywhere(gateway, raw)
  await gateway.later(5, () => refusedEverywhere(gateway, raw, 'token_expired'))
})
