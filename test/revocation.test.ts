import { deepEqual, equal } from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { codeOf as codeOfError } from '../lib/problem.ts'
import { checkRevocation, type RevocationRecords } from '../lib/session/revocation.ts'
import { unverifiedToken } from '../lib/session/token.ts'
import { organisationTtl } from '../lib/state/organisation.ts'
import { organisationKey, sessionKey, subjectKey } from '../lib/store/keys.ts'
import { each } from './support/each.ts'
import { claims, forged, now } from './support/forger.ts'
import { asProblem, effect, fromOurPage, openGateway, type Request } from './support/gateway.ts'
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
    // The second in which all sessions were ended belongs to the login that came after.
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
  const leave = (raw: string) => call('logout', { cookies: [`imidToken=${raw}`], headers: fromOurPage })
  const poll = async (bearer: string, on = (request: Request) => call('token-is-set', request)) =>
    effect(await on({ bearer, headers: asProblem }))
  const refused = (code: string) => ({ status: 401, code })

  it('of a session is known everywhere, in every instance, to one that has just seen it good too', async () => {
    const raw = forged({ claims: { jti: 'left' } })
    const elsewhere = await gateway.open('token-is-set')
    deepEqual(await poll(raw, elsewhere), { status: 200 })
    await acceptedEverywhere(gateway, raw)
    equal((await leave(raw)).statusCode, 200)
    await refusedEverywhere(gateway, raw, 'token_revoked')
    deepEqual(await poll(raw, elsewhere), refused('token_revoked'))
  })

  it('of a session ends every token of it, of which one may have run out, and no other session', async () => {
    const [old, good, other] = [
      { jti: 'run out', iat: now() - 100, exp: now() },
      { jti: 'run out', groups: ['chiefs'] },
      { jti: 'another session' },
    ].map((more) => forged({ claims: more })) as [string, string, string]
    deepEqual(await poll(good), { status: 200 })
    await leave(old)
    deepEqual([await poll(good), await poll(other)], [refused('token_revoked'), { status: 200 }])
  })

  it('of a session lasts as long as another token of it may live, whichever was logged out with', async () => {
    const [short, long] = [60, 7 * 86_400].map((life) =>
      forged({ claims: { jti: 'two lives', exp: now() + life } }),
    ) as [string, string]
    await leave(short)
    const key = sessionKey(unverifiedToken(short).unverifiedClaims)
    deepEqual((await gateway.stored(key))?.expires, { N: String(now() + 604_800 + 3600) })
    await later(604_799, async () => {
      await gateway.refresh()
      deepEqual(await poll(long), refused('token_revoked'))
    })
    await gateway.refresh()
  })

  it('of a subject counts at every route, and for nobody else', async () => {
    const key = subjectKey('demo', 'someone')
    await table.put(key, { blocked: { BOOL: true } })
    await refusedEverywhere(gateway, forged(), 'subject_blocked')
    await table.put(key, { notBefore: { N: String(now() + 1) } })
    await refusedEverywhere(gateway, forged(), 'subject_signed_out')
    deepEqual(await poll(forged({ claims: { sub: 'another' } })), { status: 200 })
    deepEqual(await poll(forged({ claims: { org: 'second' } })), { status: 200 })
    await table.remove(key)
    await acceptedEverywhere(gateway, forged())
  })

  it('of an organisation counts at every route, and its block at both logins', async () => {
    const change = async (set: object) => {
      await gateway.control({ do: 'organisation', org: 'demo', set })
      await gateway.refreshEverywhere()
    }
    await change({ notBefore: now() + 1 })
    await refusedEverywhere(gateway, forged(), 'organisation_signed_out')
    await change({ notBefore: null, blocked: true })
    await refusedAtTheRoutes(gateway, forged(), 'token_organisation')
    const callback = 'callback=https%3A%2F%2Fapp.example.test%2F'
    for (const answer of [
      await call('login', { query: `org=demo&${callback}`, headers: asProblem }),
      await call('org-login', { query: callback, path: { org: 'demo' }, headers: asProblem }),
    ])
      deepEqual(effect(answer), { status: 403, code: 'organisation_blocked' })
    await change({ blocked: false })
    await acceptedEverywhere(gateway, forged())
    await table.remove(organisationKey('second'))
    await later(organisationTtl, () =>
      refusedAtTheRoutes(gateway, forged({ claims: { org: 'second' } }), 'token_organisation'),
    )
  })

  it('is looked up on every request', async () => {
    const bearer = forged({ claims: { ...claims(), sub: 'polled' } })
    await poll(bearer)
    gateway.front.reset()
    for (let time = 0; time < 5; time++) await poll(bearer)
    equal(gateway.front.calls.read, 5)
  })
})

describe('A subject ended through the Admin API', () => {
  it('is refused by every name that its tokens may give it, and no more when it is free again', async () => {
    const { token, control, refresh, call } = await openGateway()
    const { subject } = unverifiedToken(await token()).unverifiedClaims
    const id = subject.replace(/^demo_/, '')
    for (const [set, expected] of [
      [{ blocked: true }, { status: 401, code: 'subject_blocked' }],
      [
        { blocked: false, notBefore: now() + 1 },
        { status: 401, code: 'subject_signed_out' },
      ],
      [{ blocked: false, notBefore: null }, { status: 200 }],
    ] as const) {
      await control({ do: 'subject', user: 'editor', set })
      await refresh()
      for (const sub of [subject, id, `demo_${id}`]) {
        const bearer = await token({ sub })
        deepEqual(effect(await call('token-is-set', { bearer, headers: asProblem })), expected)
      }
    }
  })
})
