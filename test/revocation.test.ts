import { deepEqual, equal } from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { codeOf as codeOfError } from '../lib/problem.ts'
import { checkRevocation, type RevocationRecords } from '../lib/session/revocation.ts'
import { unverifiedToken } from '../lib/session/token.ts'
import { organisationTtl } from '../lib/state/organisation.ts'
import { organisationKey, subjectKey } from '../lib/store/keys.ts'
import { each } from './support/each.ts'
import { forged, now } from './support/forger.ts'
import { asProblem, effect, fromOurPage, type Request } from './support/gateway.ts'
import {
  acceptedEverywhere,
  openForgedGateway,
  refusedAtTheRoutes,
  refusedEverywhere,
} from './support/present.ts'

mock.timers.enable({ apis: ['Date'], now: Date.now() })

describe('A token that was issued at 1,000', () => {
  const { unverifiedClaims } = unverifiedToken(forged({ claims: { iat: 1000, exp: 2000 } }))
  type Part<Name extends keyof RevocationRecords> = Partial<NonNullable<RevocationRecords[Name]>>
  const organisation = (more: Part<'organisation'> = {}) => ({
    organisation: { blocked: false, notBefore: 0, domains: [], version: 1, directory: 0, ...more },
  })
  const subject = (more: Part<'subject'>) => ({
    subject: { blocked: false, notBefore: 0, unit: undefined, chosen: 0, ...more },
  })
  each('is refused when its session, subject or organisation was ended or blocked', [
    ['good', {}],
    ['token_revoked', { ended: true }],
    ['token_organisation', { organisation: undefined }],
    ['good', { organisation: undefined, organisationsKnown: false }],
    ['token_organisation', organisation({ blocked: true })],
    ['subject_blocked', subject({ blocked: true })],
    ['organisation_signed_out', organisation({ notBefore: 1001 })],
    ['subject_signed_out', subject({ notBefore: 1001 })],
    // A token issued in the second of a sign-out belongs to the next login.
    ['good', { ...organisation({ notBefore: 1000 }), ...subject({ notBefore: 1000 }) }],
  ])(([code, more]) => {
    const records: RevocationRecords = {
      ended: false,
      organisationsKnown: true,
      ...organisation(),
      ...subject({}),
      ...more,
    }
    let verdict = 'good'
    try {
      checkRevocation(unverifiedClaims, records)
    } catch (error) {
      verdict = codeOfError(error)
    }
    equal(verdict, code)
  })
})

describe('A revocation', async () => {
  const gateway = await openForgedGateway()
  const { call, table, later } = gateway
  const poll = async (bearer: string, on = (request: Request) => call('token-is-set', request)) =>
    effect(await on({ bearer, headers: asProblem }))
  const leave = async (raw: string) =>
    equal((await call('logout', { cookies: [`imidToken=${raw}`], headers: fromOurPage })).statusCode, 200)

  it('of a session takes effect at once at every route, even if the token is cached', async () => {
    const raw = forged({ claims: { jti: 'left' } })
    const elsewhere = await gateway.open('token-is-set')
    deepEqual(await poll(raw, elsewhere), { status: 200 })
    await acceptedEverywhere(gateway, raw)
    await leave(raw)
    await refusedEverywhere(gateway, raw, 'token_revoked')
    deepEqual(await poll(raw, elsewhere), { status: 401, code: 'token_revoked' })
  })

  it('of a session by one token, even expired, ends all tokens of that session and of no other', async () => {
    const jti = 'several tokens'
    const expired = forged({ claims: { jti, iat: now() - 100, exp: now() } })
    const others = [
      forged({ claims: { jti, groups: ['chiefs'] } }),
      forged({ header: { alg: 'ES256', kid: 'es256' }, claims: { jti } }),
      forged({ claims: { jti: 'another session' } }),
    ]
    const statuses = async () => Promise.all(others.map(async (raw) => (await poll(raw)).status))
    deepEqual(await statuses(), [200, 200, 200])
    await leave(expired)
    deepEqual(await statuses(), [401, 401, 200])
  })

  it('of a subject takes effect at every route, and for no other subject', async () => {
    const key = subjectKey('demo', 'someone')
    await table.put(key, { blocked: { BOOL: true } })
    await refusedEverywhere(gateway, forged(), 'subject_blocked')
    await table.put(key, { notBefore: { N: String(now() + 1) } })
    await refusedEverywhere(gateway, forged(), 'subject_signed_out')
    for (const claims of [{ sub: 'another' }, { org: 'second' }])
      deepEqual(await poll(forged({ claims })), { status: 200 })
    await table.remove(key)
    await acceptedEverywhere(gateway, forged())
  })

  it('of an organisation takes effect at every route', async () => {
    for (const [code, set] of [
      ['organisation_signed_out', { notBefore: now() + 1 }],
      ['token_organisation', { notBefore: null, blocked: true }],
    ] as const) {
      await gateway.control({ do: 'organisation', org: 'demo', set })
      await gateway.refreshEverywhere()
      await refusedAtTheRoutes(gateway, forged(), code)
    }
    await table.remove(organisationKey('second'))
    await later(organisationTtl, () =>
      refusedAtTheRoutes(gateway, forged({ claims: { org: 'second' } }), 'token_organisation'),
    )
  })
})
