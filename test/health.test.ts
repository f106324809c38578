import { deepEqual, equal, ok } from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { inGrace, statesOf } from '../lib/state/state.ts'
import { stateKey } from '../lib/store/keys.ts'
import type { Table } from '../lib/store/table.ts'
import { each } from './support/each.ts'
import { openGateway, type Request, type Settings } from './support/gateway.ts'

const gateway = await openGateway()
const { call, open, refresh, table, token, clock, health, stored } = gateway

beforeEach(async () => {
  clock.ahead = 0
  await refresh()
})

const wholeReport = { headers: { accept: 'application/health+json' } }
/** A table without a state, and one that is down. */
const empty: Table['read'] = async () => new Map()
const down: Table['read'] = () => Promise.reject(new Error('down'))

/** Asks a fresh instance. */
const ask = async (request: Request, read = table.read, settings: Settings = {}) =>
  (await open('health', { ...gateway.instance(settings), table: { ...table, read } }))(request)

describe('GET /health', () => {
  it('says two things and no more', async () => {
    const { statusCode, body = '', headers } = await call('health')
    deepEqual([statusCode, headers['cache-control']], [200, 'no-store'])
    deepEqual(Object.keys(JSON.parse(body)), ['inGrace', 'stateChecksum'])
    equal(gateway.logs.at(-1)?.code, 'ok')
  })

  it('says more to who asks for it', async () => {
    const { stateAge, stateChecksum: _, ...well } = await health(wholeReport.headers)
    const type = 'application/health+json; charset=utf-8'
    deepEqual(well, { status: 'pass', type, gracePeriod: 3600, inGrace: false })
    ok(stateAge < 5)

    const missing = await ask(wholeReport, empty)
    const nothing = { status: 'fail', inGrace: false, stateChecksum: 'No checksum string' }
    deepEqual([missing.statusCode, JSON.parse(missing.body ?? '')], [500, nothing])
    clock.ahead = 3601
    const old = await ask(wholeReport)
    const { status, stateAge: age } = JSON.parse(old.body ?? '')
    deepEqual([old.statusCode, status, age >= 3601], [500, 'fail', true])
  })

  it('is in grace when no refresh ran for some minutes', async () => {
    const now = gateway.now()
    const values = { at: { N: String(now) } }
    await table.change(stateKey, { set: 'SET lastSuccess = :at', values })
    const state = statesOf({ gracePeriod: 3600 }).from(await table.read([stateKey]), now)
    deepEqual(state && [180, 181].map((later) => inGrace(state, now + later)), [false, true])
    clock.ahead = 181
    const { inGrace: shown, status } = await health(wholeReport.headers)
    deepEqual([shown, status], [true, 'warn'])
  })

  each('and a session are answered until the grace period is over', [
    [180, 200, 200],
    [181, 500, 503],
  ])(async ([later, status, session]) => {
    const { lastSuccess } = (await stored(stateKey)) ?? {}
    const on = { ...gateway.instance({ GRACE_PERIOD: '180' }), now: () => Number(lastSuccess?.N) + later }
    equal((await (await open('health', on))()).statusCode, status)
    const bearer = await token()
    equal((await (await open('token-is-set', on))({ bearer })).statusCode, session)
  })

  each<readonly [Table['read'], Settings]>('answers 500 with the documented body without a state to serve', [
    [table.read, { GRACE_PERIOD: '180' }],
    [empty, {}],
    [down, {}],
  ])(async ([read, settings]) => {
    clock.ahead = 200
    const { statusCode, body } = await ask({}, read, settings)
    deepEqual([statusCode, body], [500, '{"inGrace":false,"stateChecksum":"No checksum string"}'])
    equal(gateway.logs.at(-1)?.code, 'unhealthy')
    clock.ahead = 0
  })

  each('is answered for HEAD as for GET, without a body', [
    [200, table.read, {}],
    [500, empty, {}],
    [200, table.read, wholeReport],
    [500, empty, wholeReport],
  ])(async ([status, read, request]) => {
    const { body, ...get } = await ask(request, read)
    deepEqual([get.statusCode, typeof body], [status, 'string'])
    deepEqual(await ask({ ...request, method: 'HEAD' }, read), get)
  })

  it('satisfies nobody who asks for a session', async () => {
    const headers = { 'user-agent': 'ELB-HealthChecker/2.0' }
    equal((await call('token-is-set', { headers, query: 'path=/health' })).statusCode, 401)
  })
})
