import { deepEqual, equal } from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { Problem } from '../../lib/problem.ts'
import { unverifiedToken } from '../../lib/session/token.ts'
import { organisationTtl } from '../../lib/state/organisation.ts'
import { organisationKey, sessionKey, stateKey, subjectKey } from '../../lib/store/keys.ts'
import { forged, now } from '../support/forger.ts'
import { asProblem, browser, cleared, codeOf, fromOurPage, openGateway, set } from '../support/gateway.ts'
import {
  acceptedEverywhere,
  openForgedGateway,
  refusedAtTheCallback,
  refusedAtTheRoutes,
  refusedEverywhere,
} from '../support/present.ts'

mock.timers.enable({ apis: ['Date'], now: Date.now() })
const gateway = await openForgedGateway()
const { table } = gateway

/** So many seconds later, and back. */
const ahead = async (seconds: number, work: () => Promise<void>): Promise<void> => {
  gateway.clock.ahead = seconds
  try {
    await work()
  } finally {
    gateway.clock.ahead = 0
    await gateway.refresh()
  }
}

const leave = (raw: string, on = gateway.call) =>
  on('logout', { cookies: [`imidToken=${raw}`], headers: { ...fromOurPage, ...asProblem } })

describe('A session after its logout', () => {
  it('is refused in every instance, in every form, also by one that has just seen it good', async () => {
    const raw = forged({ claims: { jti: 'left' } })
    const elsewhere = await gateway.open('token-is-set')
    equal((await elsewhere({ bearer: raw })).statusCode, 200)
    await acceptedEverywhere(gateway, raw)

    const answer = await leave(raw)
    deepEqual([answer.statusCode, answer.body], [200, '{"msg":"You are logged out"}'])
    await refusedEverywhere(gateway, raw, 'token_revoked')
    equal((await elsewhere({ bearer: raw })).statusCode, 401)
    equal((await (await gateway.open('units'))({ bearer: raw })).statusCode, 403)
  })

  it('is ended by session and not by text: the same jti in another token is ended too', async () => {
    await leave(forged({ claims: { jti: 'one session' } }))
    const again = forged({ claims: { jti: 'one session', groups: ['chiefs'], iat: now() - 10 } })
    await refusedEverywhere(gateway, again, 'token_revoked')
    await acceptedEverywhere(gateway, forged({ claims: { jti: 'another session' } }))
  })

  it('stays ended for as long as another token of it may live, whichever of them was logged out with', async () => {
    const [short, long] = [60, 7 * 86_400].map((life) =>
      forged({ claims: { jti: 'two lives', exp: now() + life } }),
    ) as [string, string]
    await leave(short)
    const item = (await table.read([sessionKey(unverifiedToken(short).unverifiedClaims)]))
      .values()
      .next().value
    deepEqual(item?.expires, { N: String(now() + 604_800 + 3600) })
    for (const seconds of [59, 7000, 604_799])
      await ahead(seconds, async () => {
        await gateway.refresh()
        equal(
          codeOf(await gateway.call('token-is-set', { bearer: long, headers: asProblem })),
          'token_revoked',
        )
      })
  })

  it('is ended by a token of it that has run out, too', async () => {
    const [old, good] = [now(), now() + 60].map((exp) =>
      forged({ claims: { jti: 'run out', iat: now() - 100, exp } }),
    ) as [string, string]
    equal((await gateway.call('token-is-set', { bearer: good })).statusCode, 200)
    equal((await leave(old)).statusCode, 200)
    await refusedEverywhere(gateway, good, 'token_revoked')
  })

  it('has its cookie cleared, whether it was good or not, and is written for no token that nobody signed', async () => {
    const forgeries = [
      forged({ signature: 'all zero, as long as RSA' }),
      forged({ header: { kid: 'unknown' } }),
    ]
    gateway.front.reset()
    for (const raw of ['a.b.c', '', ...forgeries]) deepEqual(cleared(await leave(raw)), ['imidToken'])
    equal(gateway.front.calls.write, 0)
  })

  it('is not answered 200 while nobody can know whether it was one', async () => {
    gateway.clock.ahead = 1
    gateway.front.fault.next = () => new Problem('table_unavailable')
    const unknown = await leave(forged({ header: { kid: 'perhaps new' } }))
    gateway.clock.ahead = 0
    delete gateway.front.fault.next
    deepEqual([unknown.statusCode, codeOf(unknown)], [503, 'table_unavailable'])

    const state = (await table.read([stateKey])).get(stateKey) ?? {}
    await table.remove(stateKey)
    const fresh = await gateway.open('logout')
    const answer = await fresh({ bearer: forged({ claims: { jti: 'no state' } }), headers: asProblem })
    deepEqual([answer.statusCode, codeOf(answer)], [503, 'state_missing'])
    await table.put(stateKey, state)
  })
})

describe('All sessions of a subject, of an organisation', () => {
  const subject = async (sub: string, values: Record<string, { N: string } | { BOOL: boolean }>) =>
    table.put(subjectKey('demo', sub), values)
  const before = (seconds: number) => ({ notBefore: { N: String(seconds) } })

  it('end before the second in which they were ended: subject', async () => {
    const at = now() - 100
    await subject('left', before(at))
    const issued = (iat: number) => forged({ claims: { sub: 'left', iat, jti: `left ${iat}` } })
    await refusedEverywhere(gateway, issued(at - 1), 'subject_signed_out')
    await acceptedEverywhere(gateway, issued(at))
    await acceptedEverywhere(gateway, issued(at + 1))
  })

  it('end before the second in which they were ended: organisation', async () => {
    const at = now() - 100
    const ended = async (notBefore: number | null) => {
      await gateway.control({ do: 'organisation', org: 'demo', set: { notBefore } })
      await gateway.refreshEverywhere()
    }
    const issued = (iat: number) => forged({ claims: { iat, jti: `all ${iat}` } })
    await ended(at)
    await refusedEverywhere(gateway, issued(at - 1), 'organisation_signed_out')
    await acceptedEverywhere(gateway, issued(at))
    await ended(null)
    await acceptedEverywhere(gateway, issued(at - 1))
  })

  it('end when the subject is blocked, whenever they were issued, and come back with it', async () => {
    const raw = forged({ claims: { sub: 'blocked', iat: now() + 30, exp: now() + 60 } })
    await subject('blocked', { blocked: { BOOL: true } })
    await refusedEverywhere(gateway, raw, 'subject_blocked')
    await subject('blocked', { blocked: { BOOL: false } })
    await acceptedEverywhere(gateway, raw)
  })

  it('of a subject elsewhere, or of another subject, are not touched', async () => {
    await subject('only here', { blocked: { BOOL: true }, ...before(now()) })
    await acceptedEverywhere(gateway, forged({ claims: { sub: 'only there' } }))
    const elsewhere = forged({ claims: { sub: 'only here', org: 'second' } })
    equal((await gateway.call('token-is-set', { bearer: elsewhere })).statusCode, 200)
  })

  it('end when the organisation is blocked, and no login begins or ends there', async () => {
    const person = browser()
    const query = await gateway.begin(person)
    const raw = forged({ claims: { jti: 'blocked organisation' } })
    await gateway.control({ do: 'organisation', org: 'demo', set: { blocked: true } })
    await gateway.refreshEverywhere()

    await refusedAtTheRoutes(gateway, raw, 'token_organisation')
    const callback = { query: `${query}&imid_token=${raw}`, cookies: person.pairs(), headers: asProblem }
    const back = await gateway.call('callback', callback)
    deepEqual(
      { status: back.statusCode, code: codeOf(back), to: back.headers.location },
      { status: 401, code: 'token_organisation', to: undefined },
    )
    deepEqual(
      set(back).map(({ name }) => name),
      ['__Host-imsg-rounds'],
    )
    for (const [name, request] of [
      ['login', { query: 'org=demo&callback=https%3A%2F%2Fapp.example.test%2F' }],
      ['org-login', { query: 'callback=https%3A%2F%2Fapp.example.test%2F', path: { org: 'demo' } }],
    ] as const) {
      const answer = await gateway.call(name, { ...request, headers: asProblem })
      deepEqual(
        { status: answer.statusCode, code: codeOf(answer), cookies: answer.cookies },
        { status: 403, code: 'organisation_blocked', cookies: undefined },
      )
    }

    await gateway.control({ do: 'organisation', org: 'demo', set: { blocked: false } })
    await gateway.refreshEverywhere()
    await acceptedEverywhere(gateway, raw)
  })

  it('are looked up on every request: what was good a moment ago is asked for again', async () => {
    const raw = forged({ claims: { sub: 'polled' } })
    equal((await gateway.call('token-is-set', { bearer: raw })).statusCode, 200)
    gateway.front.reset()
    for (let poll = 0; poll < 5; poll++) await gateway.call('token-is-set', { bearer: raw })
    equal(gateway.front.calls.read, 5)
  })

  it('are refused where the organisation is not among those that are known', async () => {
    await table.remove(organisationKey('second'))
    gateway.clock.ahead += organisationTtl
    await refusedAtTheRoutes(
      gateway,
      forged({ claims: { org: 'second', jti: 'unknown' } }),
      'token_organisation',
    )
  })
})

describe('A subject ended through the Admin API', () => {
  it('is refused by every name that its tokens may give it', async () => {
    const admin = await openGateway()
    const bearer = await admin.token()
    const { sub } = JSON.parse(Buffer.from(bearer.split('.')[1] ?? '', 'base64url').toString())
    const id = String(sub).replace(/^demo_/, '')
    for (const [set, code] of [
      [{ blocked: true }, 'subject_blocked'],
      [{ blocked: false, notBefore: now() + 1 }, 'subject_signed_out'],
    ] as const) {
      await admin.control({ do: 'subject', user: 'editor', set })
      await admin.refresh()
      for (const name of [sub, id, `demo_${id}`]) {
        const named = await admin.token({ sub: name })
        equal(codeOf(await admin.call('token-is-set', { bearer: named, headers: asProblem })), code)
      }
    }
    await admin.control({ do: 'subject', user: 'editor', set: { blocked: false, notBefore: null } })
    await admin.refresh()
    equal((await admin.call('token-is-set', { bearer })).statusCode, 200)
  })

  it('is refused at the callback with a token that the identity service made before', async () => {
    await gateway.table.put(subjectKey('demo', 'someone'), { notBefore: { N: String(now() + 1) } })
    await refusedAtTheCallback(gateway, forged({ claims: { jti: 'before' } }), 'subject_signed_out')
    await gateway.table.remove(subjectKey('demo', 'someone'))
  })
})
