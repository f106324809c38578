import { deepEqual, equal } from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { inGrace, statesOf } from '../lib/state/state.ts'
import { stateKey } from '../lib/store/keys.ts'
import { openGateway } from './support/gateway.ts'

const gateway = await openGateway()
const { call, open, refresh, table, token, clock, health, stored } = gateway

beforeEach(async () => {
  clock.ahead = 0
  await refresh()
})

describe('GET /health', () => {
  it('says two things and no more', async () => {
    const answer = await call('health')
    deepEqual(
      [answer.statusCode, Object.keys(JSON.parse(answer.body ?? '')), answer.headers['cache-control']],
      [200, ['inGrace', 'stateChecksum'], 'no-store'],
    )
  })

  it('says more to who asks for it', async () => {
    const { status, type, stateAge, gracePeriod, inGrace } = await health({
      accept: 'application/health+json',
    })
    deepEqual(
      [typeof status, type, stateAge < 5, gracePeriod, inGrace],
      ['string', 'application/health+json; charset=utf-8', true, 3600, false],
    )
    for (const [on, said] of [
      [gateway.instance(), { status: 'pass', inGrace: false, gracePeriod: 3600 }],
      [
        { ...gateway.instance(), table: { ...table, read: async () => new Map() } },
        { status: 'fail', inGrace: false, stateChecksum: 'No checksum string' },
      ],
    ] as const) {
      const answer = await (await open('health', on))({ headers: { accept: 'application/health+json' } })
      const { stateAge: _, stateChecksum, ...rest } = JSON.parse(answer.body ?? '')
      deepEqual(said.status === 'fail' ? { ...rest, stateChecksum } : rest, said)
    }
    clock.ahead = 3601
    const old = await (await open('health'))({ headers: { accept: 'application/health+json' } })
    const { status: failing, stateAge: age } = JSON.parse(old.body ?? '')
    deepEqual([old.statusCode, failing, age >= 3601], [500, 'fail', true])
  })

  it('is in grace when no refresh ran for some minutes', async () => {
    clock.ahead = 0
    await table.change(stateKey, {
      set: 'SET lastSuccess = :at',
      values: { at: { N: String(gateway.now()) } },
    })
    const state = statesOf({ gracePeriod: 3600 }).from(await table.read([stateKey]), gateway.now())
    const at = Number((await stored(stateKey))?.lastSuccess?.N)
    deepEqual(state && [180, 181].map((later) => inGrace(state, at + later)), [false, true])
    clock.ahead = 181
    deepEqual(
      [(await health()).inGrace, (await health({ accept: 'application/health+json' })).status],
      [true, 'warn'],
    )
  })

  for (const [later, status, session] of [
    [180, 200, 200],
    [181, 500, 503],
  ] as const)
    it(`answers ${status}, and a session ${session}, ${later} seconds after the last refresh with a grace period of 180`, async () => {
      const { lastSuccess } = (await stored(stateKey)) ?? {}
      const on = { ...gateway.instance({ GRACE_PERIOD: '180' }), now: () => Number(lastSuccess?.N) + later }
      const bearer = await token()
      const answers = [await (await open('health', on))(), await (await open('token-is-set', on))({ bearer })]
      deepEqual(
        answers.map(({ statusCode }) => statusCode),
        [status, session],
      )
    })

  for (const [what, instance] of [
    [
      'the state is older than the grace period',
      async () => await open('health', gateway.instance({ GRACE_PERIOD: '180' })),
    ],
    [
      'there was never a state',
      async () => open('health', { ...gateway.instance(), table: { ...table, read: async () => new Map() } }),
    ],
    [
      'the table cannot be read',
      async () =>
        open('health', {
          ...gateway.instance(),
          table: { ...table, read: () => Promise.reject(new Error('down')) },
        }),
    ],
  ] as const)
    it(`answers 500 with the documented body when ${what}`, async () => {
      clock.ahead = 200
      const answer = await (await instance())()
      deepEqual(
        [answer.statusCode, answer.body],
        [500, '{"inGrace":false,"stateChecksum":"No checksum string"}'],
      )
    })

  it('is answered for HEAD as for GET, without a body', async () => {
    const fine = gateway.instance()
    const failing = { ...gateway.instance(), table: { ...table, read: async () => new Map() } }
    for (const [on, status] of [
      [fine, 200],
      [failing, 500],
    ] as const)
      for (const headers of [{}, { accept: 'application/health+json' }]) {
        const asked = await open('health', on)
        const [{ body, ...get }, head] = [await asked({ headers }), await asked({ headers, method: 'HEAD' })]
        deepEqual([get.statusCode, typeof body], [status, 'string'])
        deepEqual(head, get)
      }
  })

  it('satisfies nobody who asks for a session', async () => {
    equal(
      (
        await call('token-is-set', {
          headers: { 'user-agent': 'ELB-HealthChecker/2.0' },
          query: 'path=/health',
        })
      ).statusCode,
      401,
    )
  })
})
